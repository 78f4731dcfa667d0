/** Clients of node-redis for the three ways in which a Redis is reached, as one port. */
import type { RedisConfig, RedisPlace } from './config.ts';

export type RedisArgument = string | Buffer;

/** A client, whichever way it is reached. One that was destroyed is of no use any more. */
export interface RedisClient {
	/** Rejects when it cannot be reached; a single one is tried again and again. */
	connect(): Promise<void>;
	/** What is sent now is sent at once. */
	readonly ready: boolean;
	/** One command; `key` says at which node of a cluster. `buffers`: texts of the answer are Buffers. */
	send(key: string, command: readonly RedisArgument[], buffers: boolean): Promise<unknown>;
	destroy(): void;
}

/** A TCP connection, its TLS included, must be there by then, ms. */
const CONNECT_MS = 3000;
const RETRY_LEAST_MS = 50;
const RETRY_MOST_MS = 5000;
/** Commands that wait for an answer. */
const QUEUE_MOST = 10_000;
/** How often Sentinels are asked where the primary is, in case their word was missed, ms. */
const SCAN_MS = 5000;
/** How often a command that met no primary is tried at another one. */
const REDISCOVERIES_MOST = 3;

/** Wait before try number `retries` (from 0), ms: doubled each time, and a part of it by chance, so that nodes do not come all at once. */
export function retryMs(retries: number, random: number = Math.random()): number {
	return Math.min(RETRY_MOST_MS, RETRY_LEAST_MS * 2 ** Math.min(retries, 10)) * (0.5 + random / 2);
}

type Module = typeof import('@redis/client');

/** Loads node-redis, which takes a start without Redis nothing. `onFault`: of a connection; others may follow. */
export async function redisClient(config: RedisConfig, onFault: OnFault): Promise<RedisClient> {
	const module = await import('@redis/client');
	const { place } = config;
	if (place.kind === 'single') return single(module, { ...config, place }, onFault);
	if (place.kind === 'sentinel') return sentinel(module, { ...config, place }, onFault);
	return cluster(module, { ...config, place }, onFault);
}

type At<Kind extends RedisPlace['kind']> = RedisConfig & { place: Extract<RedisPlace, { kind: Kind }> };

/** `connectionOptions`, as node-redis takes them: for a client of somebody who needs one of their own. */
export interface ConnectionOptions {
	readonly RESP: 2;
	readonly disableOfflineQueue: boolean;
	readonly commandsQueueMaxLength: number;
	readonly disableClientInfo: boolean;
	readonly maintNotifications: 'disabled';
	readonly username?: string;
	readonly password?: string;
	readonly database?: number;
	readonly socket: {
		readonly connectTimeout: number;
		readonly reconnectStrategy: (retries: number) => number;
		readonly tls?: true;
		readonly ca?: string;
		readonly servername?: string;
	};
}

/** What all connections to a node have. RESP 2 needs no greeting, and is spoken by each server that there is. */
export function connectionOptions(config: RedisConfig): ConnectionOptions {
	const { login, database, tls } = config;
	return {
		RESP: 2,
		disableOfflineQueue: true,
		commandsQueueMaxLength: QUEUE_MOST,
		disableClientInfo: true,
		maintNotifications: 'disabled',
		...(login.username === null ? {} : { username: login.username }),
		...(login.password === null ? {} : { password: login.password }),
		...(database === 0 ? {} : { database }),
		socket: {
			connectTimeout: CONNECT_MS,
			reconnectStrategy: (retries: number) => retryMs(retries),
			...(tls === null
				? {}
				: {
						tls: true,
						...(tls.ca === null ? {} : { ca: tls.ca }),
						...(tls.name === null ? {} : { servername: tls.name }),
					}),
		},
	};
}

/** What the three have in common. */
interface Driver {
	readonly isReady: boolean;
	connect(): Promise<unknown>;
	on(event: 'error', then: (error: unknown) => void): unknown;
}

type OnFault = (error: unknown) => void;

function asPort(client: Driver, onFault: OnFault, ways: Pick<RedisClient, 'send' | 'destroy'>): RedisClient {
	client.on('error', onFault);
	return {
		connect: async () => void (await client.connect()),
		get ready() {
			return client.isReady;
		},
		...ways,
	};
}

/** How texts of an answer are given. */
function textsAs({ RESP_TYPES }: Module) {
	const asBuffers = { typeMapping: { [RESP_TYPES.BLOB_STRING]: Buffer } };
	return (buffers: boolean) => (buffers ? asBuffers : {});
}

function single(module: Module, config: At<'single'>, onFault: OnFault): RedisClient {
	const options = connectionOptions(config);
	const client = module.createClient({ ...options, socket: { ...options.socket, ...config.place.node } });
	const texts = textsAs(module);
	return asPort(client, onFault, {
		send: (_, command, buffers) => client.sendCommand([...command], texts(buffers)),
		destroy: () => client.isOpen && client.destroy(),
	});
}

function sentinel(module: Module, config: At<'sentinel'>, onFault: OnFault): RedisClient {
	const { login, name, nodes } = config.place;
	const client = module.createSentinel({
		name,
		sentinelRootNodes: nodes.map(({ host, port }) => ({ host, port })),
		RESP: 2,
		// Without it each command waits for the one before.
		reserveClient: true,
		maxCommandRediscovers: REDISCOVERIES_MOST,
		scanInterval: SCAN_MS,
		passthroughClientErrorEvents: true,
		nodeClientOptions: connectionOptions(config),
		sentinelClientOptions: connectionOptions({ ...config, login, database: 0 }),
	});
	const texts = textsAs(module);
	return asPort(client, onFault, {
		send: (_, command, buffers) => client.sendCommand(false, [...command], texts(buffers)),
		destroy: () => void client.destroy().catch(() => undefined),
	});
}

function cluster(module: Module, config: At<'cluster'>, onFault: OnFault): RedisClient {
	const client = module.createCluster({
		rootNodes: config.place.nodes.map(({ host, port }) => ({ socket: { host, port } })),
		RESP: 2,
		defaults: connectionOptions({ ...config, database: 0 }),
	});
	const texts = textsAs(module);
	return asPort(client, onFault, {
		send: (key, command, buffers) => client.sendCommand(key, false, [...command], texts(buffers)),
		destroy: () => client.isOpen && client.destroy(),
	});
}
