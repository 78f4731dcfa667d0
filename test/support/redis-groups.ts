/** Redis as several processes: a primary with its Sentinels, and a Cluster. Nothing is kept on disk but their own state. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePorts } from './free-ports.ts';
import { RedisServer } from './redis.ts';
import { eventually } from './suite.ts';

const START_MS = 20_000;

/** What the Sentinels call the primary. */
export const PRIMARY = 'main';

/** A primary, a replica, and three Sentinels that make the replica a primary once the primary is silent for a second. */
export class RedisSentinels {
	readonly servers: RedisServer[];
	readonly sentinels: RedisServer[];
	readonly #folder: string;

	private constructor(folder: string, servers: RedisServer[], sentinels: RedisServer[]) {
		this.#folder = folder;
		this.servers = servers;
		this.sentinels = sentinels;
	}

	static async start(): Promise<RedisSentinels> {
		const folder = mkdtempSync(join(tmpdir(), 'ballast-redis-'));
		const primary = await RedisServer.start();
		const replica = await RedisServer.start(['--replicaof', '127.0.0.1', `${primary.port}`]);
		await eventually(
			() => replica.ask('INFO', 'replication'),
			(info) => info.includes('master_link_status:up'),
			START_MS,
		);
		const sentinels = await Promise.all([1, 2, 3].map((at) => startSentinel(join(folder, `${at}.conf`), primary.port)));
		const group = new RedisSentinels(folder, [primary, replica], sentinels);
		for (const sentinel of sentinels)
			await eventually(
				() => sentinel.ask('SENTINEL', 'MASTERS'),
				(said) => /num-other-sentinels\r\n\$1\r\n2\r\n/.test(said) && /num-slaves\r\n\$1\r\n1\r\n/.test(said),
				START_MS,
			);
		return group;
	}

	get addresses(): string[] {
		return this.sentinels.map(({ port }) => `127.0.0.1:${port}`);
	}

	async end(): Promise<void> {
		await Promise.all([...this.sentinels, ...this.servers].map((one) => one.end()));
		rmSync(this.#folder, { recursive: true, force: true });
	}
}

async function startSentinel(file: string, port: number): Promise<RedisServer> {
	const lines = [
		`sentinel monitor ${PRIMARY} 127.0.0.1 ${port} 2`,
		`sentinel down-after-milliseconds ${PRIMARY} 1000`,
		`sentinel failover-timeout ${PRIMARY} 5000`,
	];
	writeFileSync(file, `${lines.join('\n')}\n`);
	return RedisServer.sentinel(file);
}

/** Three primaries that have a third of the slots each. */
export class RedisCluster {
	readonly servers: RedisServer[];
	readonly #folders: string[];

	private constructor(servers: RedisServer[], folders: string[]) {
		this.servers = servers;
		this.#folders = folders;
	}

	static async start(): Promise<RedisCluster> {
		const folders = [1, 2, 3].map(() => mkdtempSync(join(tmpdir(), 'ballast-redis-')));
		const buses = await freePorts(3);
		const servers = await Promise.all(
			folders.map((folder, at) =>
				RedisServer.start([
					...['--cluster-enabled', 'yes', '--cluster-port', `${buses[at]}`, '--dir', folder],
					...['--cluster-announce-ip', '127.0.0.1', '--cluster-require-full-coverage', 'no'],
				]),
			),
		);
		const bounds = [0, 5461, 10_923, 16_384];
		for (const [at, server] of servers.entries()) {
			await server.ask('CLUSTER', 'ADDSLOTSRANGE', `${bounds[at]}`, `${(bounds[at + 1] as number) - 1}`);
			const [first] = servers as [RedisServer];
			if (at > 0) await server.ask('CLUSTER', 'MEET', '127.0.0.1', `${first.port}`, `${buses[0]}`);
		}
		for (const server of servers)
			await eventually(
				() => server.ask('CLUSTER', 'INFO'),
				(info) => /cluster_state:ok/.test(info) && /cluster_known_nodes:3/.test(info) && /cluster_size:3/.test(info),
				START_MS,
			);
		return new RedisCluster(servers, folders);
	}

	get addresses(): string[] {
		return this.servers.map(({ port }) => `127.0.0.1:${port}`);
	}

	async end(): Promise<void> {
		await Promise.all(this.servers.map((one) => one.end()));
		for (const folder of this.#folders) rmSync(folder, { recursive: true, force: true });
	}
}
