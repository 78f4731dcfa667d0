/** A Redis primary that logs to disk, two replicas, and three Sentinels that know them all. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { RedisServer } from './redis.ts';
import { eventually } from './suite.ts';

const START_MS = 30_000;
const NAME = 'jobs';

export class RedisFailover {
	/** The first is the primary at the beginning. */
	readonly servers: RedisServer[] = [];
	readonly #sentinels: RedisServer[] = [];
	readonly #folder = mkdtempSync(join(tmpdir(), 'ballast-failover-'));

	/** `more`: arguments of each server. `before`: where all others reach the primary, given its port; there. */
	static async start(more: readonly string[] = [], before?: (port: number) => Promise<number>): Promise<RedisFailover> {
		const group = new RedisFailover();
		try {
			await group.#start(more, before);
			return group;
		} catch (error) {
			await group.end();
			throw error;
		}
	}

	async #start(more: readonly string[], before?: (port: number) => Promise<number>): Promise<void> {
		const options = ['--appendonly', 'yes', '--dir', this.#folder, ...more];
		const named = (at: number) => ['--appenddirname', `log-${at}`, '--dbfilename', `${at}.rdb`];
		// The partial copy would be waited for, 5 s.
		const quick = ['--repl-diskless-sync-delay', '0'];
		const primary = await RedisServer.start([...options, ...named(0), ...quick]);
		this.servers.push(primary);
		const port = (await before?.(primary.port)) ?? primary.port;
		for (const at of [1, 2]) {
			const of = ['--replicaof', '127.0.0.1', `${port}`];
			this.servers.push(await RedisServer.start([...options, ...named(at), ...quick, ...of]));
		}
		await eventually(
			() => primary.ask('INFO', 'replication'),
			(info) => (info.match(/state=online/g) ?? []).length === 2,
			START_MS,
		);
		for (const at of [1, 2, 3]) this.#sentinels.push(await this.#sentinel(at, port));
		for (const sentinel of this.#sentinels) {
			await eventually(
				() => sentinel.ask('SENTINEL', 'MASTERS'),
				(said) => /num-other-sentinels\r\n\$1\r\n2\r\n/.test(said) && /num-slaves\r\n\$1\r\n2\r\n/.test(said),
				START_MS,
			);
		}
	}

	#sentinel(at: number, port: number): Promise<RedisServer> {
		const file = join(this.#folder, `sentinel-${at}.conf`);
		const lines = [
			`sentinel monitor ${NAME} 127.0.0.1 ${port} 2`,
			// On a busy machine the new primary must not seem to be dead, too: with two of them there is none for 10 s.
			`sentinel down-after-milliseconds ${NAME} 2000`,
			`sentinel failover-timeout ${NAME} 5000`,
			`sentinel parallel-syncs ${NAME} 2`,
		];
		writeFileSync(file, `${lines.join('\n')}\n`);
		return RedisServer.sentinel(file);
	}

	/** As `state.redis` says it. */
	get place(): { kind: 'sentinel'; name: string; nodes: { host: string; port: number }[]; login: typeof NOBODY } {
		const nodes = this.#sentinels.map(({ port }) => ({ host: '127.0.0.1', port }));
		return { kind: 'sentinel', name: NAME, nodes, login: NOBODY };
	}

	async end(): Promise<void> {
		await Promise.all([...this.#sentinels, ...this.servers].map((one) => one.end()));
		rmSync(this.#folder, { recursive: true, force: true });
	}
}

const NOBODY = { username: null, password: null } as const;
