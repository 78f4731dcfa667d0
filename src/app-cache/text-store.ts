/** Texts in two levels on BentoCache: its tags, grace and levels, with one load for all who ask at a time. */
import { AsyncLocalStorage } from 'node:async_hooks';
import type { BentoCache, BentoStore } from 'bentocache';
import type { GetSetFactory } from 'bentocache/types';
import type { LifetimeMs } from './options.ts';
import { loadPeer } from './peer.ts';
import type { RedisLink } from './redis/redis-link.ts';
import { deserializeEntry, type StoredText, serializeEntry } from './value-text.ts';

/** `joined`: the load of another caller was waited for. */
export interface Found {
	text: string;
	from: 'cache' | 'load' | 'stale';
	joined: boolean;
}

export interface Wanted extends LifetimeMs {
	key: string;
	/** Other instances need not hear of it: the key itself says which state of the data it is of. */
	quiet?: boolean;
}

export interface TextStore {
	/** The text of a key, or what `load` gives. Throws what `load` throws, unless there is a stale one. */
	find(wanted: Wanted, load: () => Promise<string>): Promise<Found>;
	/** What is there, and fresh; for who must not wait for another's load. */
	peek(key: string): Promise<string | undefined>;
	/** Keeps a text; `beganAt`: when what brought it began (ms since 1970). */
	keep(wanted: Wanted, text: string, beganAt: number): Promise<void>;
	/** Here at once, elsewhere as soon as the bus has told. */
	invalidateTags(tags: readonly string[]): Promise<void>;
	delete(key: string): Promise<void>;
	close(): Promise<void>;
}

interface Flight {
	found: Promise<Found> | undefined;
	/** Its key was deleted meanwhile: what it brings is for those alone who waited already. */
	outdated: boolean;
}

interface Loading {
	load: () => Promise<string>;
	flight: Flight;
}

type Bento = BentoCache<{ texts: BentoStore }>;

export interface StoreOptions {
	/** Of all keys. */
	prefix: string;
	memoryBytes: number;
	redis: RedisLink | undefined;
	/** Called when Redis failed a command, or was too slow with it. */
	onError(): void;
}

/** The loads within which this runs. */
const within = new AsyncLocalStorage<ReadonlySet<Flight>>();

/** A failed Redis is left alone for so long. */
const REST_MS = 1000;

export async function openTextStore(options: StoreOptions): Promise<TextStore> {
	const bento = await openBento(options);
	const flights = new Map<string, Flight>();

	async function find(wanted: Wanted, load: () => Promise<string>): Promise<Found> {
		const other = flights.get(wanted.key);
		if (other !== undefined) {
			if (within.getStore()?.has(other)) throw new Error('a load asks for the value that it is to bring');
			return { ...((await other.found) as Found), joined: true };
		}
		const flight: Flight = { outdated: false, found: undefined };
		flights.set(wanted.key, flight);
		flight.found = findAlone(bento, wanted, { load, flight });
		try {
			return await flight.found;
		} finally {
			if (flights.get(wanted.key) === flight) flights.delete(wanted.key);
		}
	}

	async function remove(key: string): Promise<void> {
		const flight = flights.get(key);
		// Who asks from now on must not get what a load from before brings, nor may it stay.
		if (flight !== undefined) flight.outdated = true;
		flights.delete(key);
		await bento.delete({ key });
	}

	return {
		find,
		peek: async (key) => ((await bento.get({ key })) as StoredText | undefined)?.text,
		async keep(wanted, text, beganAt) {
			await bento.set({ key: wanted.key, value: { text, beganAt }, ...bentoOptions(wanted) });
		},
		delete: remove,
		async invalidateTags(tags) {
			flights.clear();
			await bento.deleteByTag({ tags: [...tags] });
		},
		close: () => bento.disconnectAll(),
	};
}

async function openBento({ prefix, memoryBytes, redis, onError }: StoreOptions): Promise<Bento> {
	const { BentoCache: Bentos, bentostore } = await loadPeer('bentocache', () => import('bentocache'));
	const { memoryDriver } = await loadPeer('bentocache', () => import('bentocache/drivers/memory'));
	const memory = { maxSize: memoryBytes, maxEntrySize: memoryBytes >> 3, maxItems: Math.ceil(memoryBytes / 1024) };
	const store = bentostore().useL1Layer(memoryDriver(memory));
	if (redis !== undefined) store.useL2Layer(redis.driver).useBus(redis.bus);
	return new Bentos({
		default: 'texts',
		stores: { texts: store },
		prefix,
		logger: silentLogger(onError) as never,
		serializer: { serialize: serializeEntry, deserialize: deserializeEntry },
		l2CircuitBreakerDuration: REST_MS,
	});
}

async function findAlone(bento: Bento, wanted: Wanted, { load, flight }: Loading): Promise<Found> {
	let state: 'idle' | 'loading' | 'loaded' = 'idle';
	let failed: unknown;
	let loaded: StoredText | undefined;
	const factory: GetSetFactory<StoredText> = async ({ skip }) => {
		state = 'loading';
		const beganAt = Date.now();
		try {
			const flights = new Set([...(within.getStore() ?? []), flight]);
			loaded = { text: await within.run(flights, load), beganAt };
			state = 'loaded';
			return flight.outdated ? (skip() as never) : loaded;
		} catch (error) {
			failed = error;
			throw error;
		}
	};
	try {
		const found: StoredText | undefined = await bento.getOrSet({ key: wanted.key, factory, ...bentoOptions(wanted) });
		const { text } = found ?? (loaded as unknown as StoredText);
		const now = state as 'idle' | 'loading' | 'loaded';
		return { text, from: now === 'idle' ? 'cache' : now === 'loaded' ? 'load' : 'stale', joined: false };
	} catch (error) {
		throw failed ?? error;
	}
}

/** BentoCache counts grace from the value's beginning, and prolongs it with each failure unless told not to. */
function bentoOptions({ ttlMs, graceMs, timeoutMs, tags, quiet }: Wanted) {
	return {
		ttl: ttlMs,
		...(graceMs > 0 ? { grace: ttlMs + graceMs, graceBackoff: 0, timeout: timeoutMs } : {}),
		...(tags.length > 0 ? { tags: [...tags] } : {}),
		...(quiet ? { skipBusNotify: true } : {}),
	};
}

/** BentoCache says only here that a command failed; nothing of it is written: a key or a value may be a secret. */
function silentLogger(onError: () => void): object {
	const nothing = () => undefined;
	const logger = { trace: nothing, debug: nothing, info: nothing, warn: nothing, fatal: onError, error: onError };
	return { ...logger, child: () => silentLogger(onError), level: 'error' };
}
