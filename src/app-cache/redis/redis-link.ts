/** Two connections to Redis, one for commands and one that listens; neither makes a caller wait for long or fail. */
import type { RedisClient } from '../options.ts';
import { loadPeer } from '../peer.ts';
import type { RedisConnection } from './redis-connection.ts';
import { listenOn, type Subscriptions } from './subscriptions.ts';

type Bento = typeof import('bentocache/drivers/redis');

export interface RedisLink {
	/** BentoCache's second level and its bus. */
	driver: ReturnType<Bento['redisDriver']>;
	bus: ReturnType<Bento['redisBusDriver']>;
	subscriptions: Subscriptions;
	/** Runs a script; throws when Redis does not answer within 500 ms. */
	run(script: string, key: string, args: readonly string[]): Promise<unknown>;
	close(): void;
}

/** Most time for a command; a Redis that is slower counts as gone. */
const COMMAND_MS = 500;
const CONNECT_MS = 1000;
interface Settings {
	connectTimeout: number;
	maxRetriesPerRequest: number | null;
	retryStrategy(attempt: number): number;
	commandTimeout?: number;
	enableOfflineQueue?: boolean;
}

const SETTINGS = {
	connectTimeout: CONNECT_MS,
	maxRetriesPerRequest: 0,
	retryStrategy: (attempt: number) => Math.min(2000, 50 * 2 ** Math.min(attempt, 6)),
};
/** Nothing waits in a queue for a Redis to come back. */
const COMMANDS = { ...SETTINGS, commandTimeout: COMMAND_MS, enableOfflineQueue: false };
const LISTENING = { ...SETTINGS, maxRetriesPerRequest: null };

export interface RedisOptions {
	redis: string | RedisClient;
	/** Of all keys. */
	prefix: string;
	/** Called at each fault of a connection. */
	onError(): void;
}

/** Waits for the connection for a second at most; without one the cache begins with memory alone. */
export async function openRedis({ redis, prefix, onError }: RedisOptions): Promise<RedisLink> {
	const commands = await connect(redis, COMMANDS);
	const listening = await connect(redis, LISTENING);
	// Without a listener ioredis writes each fault to the console.
	for (const connection of [commands, listening]) connection.on('error', onError);
	await untilReady(commands);
	const subscriptions = listenOn(listening, commands);
	const { redisDriver } = await loadPeer('bentocache', () => import('bentocache/drivers/redis'));
	return {
		driver: redisDriver({ connection: commands as never }),
		bus: {
			options: { retryQueue: { enabled: true, maxSize: 10_000 } },
			factory: () => subscriptions.bus(prefix) as never,
		},
		subscriptions,
		run: (script, key, args) => commands.eval(script, 1, key, ...args),
		close() {
			commands.disconnect();
			listening.disconnect();
		},
	};
}

async function connect(redis: string | RedisClient, settings: Settings): Promise<RedisConnection> {
	const { Redis, Cluster } = await loadPeer('ioredis', () => import('ioredis'));
	if (typeof redis === 'string') return new Redis(redis, settings) as unknown as RedisConnection;
	if (redis instanceof Cluster) {
		return redis.duplicate([], clusterSettings(settings)) as unknown as RedisConnection;
	}
	if (redis instanceof Redis) return redis.duplicate(settings) as unknown as RedisConnection;
	throw new TypeError('redis: this client is of another copy of ioredis than ballast/cache loads');
}

/** Of a cluster the queue is its own, and its nodes, which it connects to as it needs them, must have one. */
function clusterSettings({ enableOfflineQueue, commandTimeout, retryStrategy }: Settings): object {
	return {
		...(enableOfflineQueue === undefined ? {} : { enableOfflineQueue }),
		maxRedirections: 3,
		clusterRetryStrategy: retryStrategy,
		redisOptions: { connectTimeout: CONNECT_MS, ...(commandTimeout === undefined ? {} : { commandTimeout }) },
	};
}

function untilReady(connection: RedisConnection): Promise<void> {
	if (connection.status === 'ready') return Promise.resolve();
	return new Promise((resolve) => {
		const done = () => {
			clearTimeout(timer);
			connection.off('ready', done);
			resolve();
		};
		const timer = setTimeout(done, CONNECT_MS);
		connection.once('ready', done);
	});
}
