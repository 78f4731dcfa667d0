/** A real PgBouncer, from the system's packages, before a PostgreSQL: each transaction gets whichever connection is free. */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { chownSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePorts } from './free-ports.ts';
import { answersSql, userOf } from './postgres.ts';
import { eventually } from './suite.ts';

const COMMAND = ['pgbouncer', '/usr/sbin/pgbouncer'].find((one) => spawnSync(one, ['--version']).error === undefined);

/** Why tests with it are skipped; false: it is there. */
export const NO_PGBOUNCER: string | false =
	COMMAND === undefined ? 'PgBouncer is not installed: apt-get install pgbouncer' : false;

export class PgBouncer {
	readonly #folder: string;
	readonly #process: ChildProcess;
	readonly #ended: Promise<void>;
	readonly url: string;

	private constructor(folder: string, port: number) {
		this.#folder = folder;
		this.url = `postgres://postgres@127.0.0.1:${port}/postgres`;
		this.#process = spawn(COMMAND as string, [join(folder, 'pgbouncer.ini')], { stdio: 'ignore', ...userOf(folder) });
		this.#ended = new Promise((resolve) => this.#process.once('close', () => resolve()));
	}

	/** In transaction mode, with so many connections to the database. Resolves when it answers. */
	static async start(database: string, connections: number): Promise<PgBouncer> {
		const folder = mkdtempSync(join(tmpdir(), 'ballast-pgbouncer-'));
		const [port] = (await freePorts(1)) as [number];
		const { hostname, port: at } = new URL(database);
		const lines = [
			...['[databases]', `* = host=${hostname} port=${at}`, '[pgbouncer]', 'listen_addr = 127.0.0.1'],
			...[`listen_port = ${port}`, 'unix_socket_dir =', 'auth_type = trust', `auth_file = ${join(folder, 'users')}`],
			...['pool_mode = transaction', `default_pool_size = ${connections}`, 'max_client_conn = 100'],
		];
		for (const [name, text] of [
			['pgbouncer.ini', `${lines.join('\n')}\n`],
			['users', '"postgres" ""\n'],
		] as const)
			writeFileSync(join(folder, name), text, { mode: 0o644 });
		const { uid, gid } = userOf(folder);
		if (uid !== undefined && gid !== undefined) chownSync(folder, uid, gid);
		const bouncer = new PgBouncer(folder, port);
		try {
			await eventually(() => answersSql(bouncer.url), Boolean, 20_000);
			return bouncer;
		} catch (error) {
			await bouncer.stop();
			throw error;
		}
	}

	async stop(): Promise<void> {
		this.#process.kill('SIGTERM');
		await this.#ended;
		rmSync(this.#folder, { recursive: true, force: true });
	}
}
