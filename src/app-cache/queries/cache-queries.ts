/** `cacheQueries`: a pool of `pg` whose SELECTs are answered from the cache where that is safe. */

import { parseSize } from '../../core/units.ts';
import { type AppCache, partsOfCache, versionsOf } from '../create-cache.ts';
import { duration, refuseUnknown } from '../options.ts';
import { loadPeer } from '../peer.ts';
import { CachedReads, type Seat, type WithSeat } from './cached-read.ts';
import { type CatalogNotes, type FunctionNote, nameOfText } from './catalog.ts';
import { Database } from './database.ts';
import { EVERYTHING } from './judge.ts';
import { type PgCall, type PgClient, type PgPool, type PgResult, readCall } from './pg-port.ts';
import { Runner } from './run-statement.ts';
import { mayBePlain, type Session, sessionOf } from './session.ts';
import { createStatements, type Statements } from './statements.ts';
import { Unkept } from './unkept-answer.ts';

export interface QueryCacheOptions {
	/** How long an answer is kept at most, 1ms to 30d, default `60s`: the bound where others write past this pool. */
	ttl?: string;
	/** Larger answers are not kept, 1KiB to 64MiB, default `1MiB`. */
	maxAnswer?: string;
	/** The tables that a view reads, by its name; views that are not named here are not kept. */
	views?: Readonly<Record<string, readonly string[]>>;
	/** What functions of yours read and write; without it, one that is volatile invalidates everything. */
	functions?: Readonly<Record<string, FunctionNote>>;
}

/** What the pool has more than one of `pg`. */
export interface QueryCache {
	/** Says that these tables were changed, on every instance; for those who write past this pool. None named: all. */
	invalidateTables(...tables: string[]): Promise<void>;
	/** Whether the answer to a statement would be kept, and what it hangs on. Asks the database only for its catalogue. */
	explainCache(text: string): Promise<CacheExplanation>;
}

export interface CacheExplanation {
	kept: boolean;
	/** Why it is not. */
	why?: string;
	/** Whose changes end its answer. */
	reads: readonly string[];
	/** What it changes; `*`: it may be anything. */
	writes: readonly string[];
}

/**
 * The pool behind it is the same; sessions must be changed (SET, temporary tables) only through what this one gives.
 * Throws a TypeError for options that are not accepted and for pools of pg-native, an Error where `libpg-query` is not
 * installed.
 */
export async function cacheQueries<P extends PgPool>(
	pool: P,
	cache: AppCache,
	options: QueryCacheOptions = {},
): Promise<P & QueryCache> {
	const queries = new PoolQueries(pool, cache, await readOptions(options));
	return queries.proxy() as unknown as P & QueryCache;
}

interface Settings {
	ttlMs: number;
	maxAnswerBytes: number;
	notes: CatalogNotes;
	statements: Statements;
}

async function readOptions(options: QueryCacheOptions): Promise<Settings> {
	refuseUnknown(options, ['ttl', 'maxAnswer', 'views', 'functions']);
	const { ttl = '60s', maxAnswer = '1MiB', views = {}, functions = {} } = options;
	const maxAnswerBytes = parseSize(String(maxAnswer));
	if (maxAnswerBytes === undefined || maxAnswerBytes < 1024 || maxAnswerBytes > 67_108_864) {
		throw new TypeError('maxAnswer: expected a size from 1KiB to 64MiB');
	}
	for (const note of Object.values(functions)) refuseUnknown(note, ['reads', 'writes']);
	const { loadModule, parseSync } = await loadPeer('libpg-query', () => import('libpg-query'));
	await loadModule();
	const notes = { views: { ...views }, functions: { ...functions } };
	return {
		ttlMs: duration('ttl', ttl, 1),
		maxAnswerBytes,
		notes,
		statements: createStatements(parseSync, notes),
	};
}

class PoolQueries {
	readonly #pool: PgPool;
	readonly #cache: AppCache;
	readonly #statements: Statements;
	readonly #database: Database;
	readonly #runner: Runner;
	readonly #reads: CachedReads;
	readonly #clients = new WeakMap<PgClient, PgClient>();

	constructor(pool: PgPool, cache: AppCache, { ttlMs, maxAnswerBytes, notes, statements }: Settings) {
		const parts = partsOfCache(cache);
		this.#pool = pool;
		this.#cache = cache;
		this.#statements = statements;
		this.#database = new Database({
			notes,
			openVersions: (database) => versionsOf(parts, database),
		});
		const database = this.#database;
		this.#runner = new Runner({
			database,
			statements,
			onInvalidated: (tables) => void (parts.counts.queries.invalidations += tables),
		});
		this.#reads = new CachedReads({ parts, database, statements, ttlMs, maxAnswerBytes });
		pool.on('connect', (client: PgClient) => void this.#sessionOf(client));
	}

	proxy(): object {
		const own: Record<PropertyKey, unknown> = {
			query: (...args: unknown[]) => this.#poolQuery(readCall(args)),
			connect: (callback?: unknown) => this.#connect(callback),
			invalidateTables: (...tables: string[]) => this.#invalidate(tables),
			explainCache: (text: string) => this.#explain(text),
		};
		return proxyOf(this.#pool, own);
	}

	#sessionOf(client: PgClient): Session {
		return sessionOf(client, (session) => this.#runner.settleLoose(session));
	}

	#withSeat: WithSeat = async (work) => {
		const client = (await this.#pool.connect()) as PgClient;
		try {
			const result = await work({ client, session: this.#sessionOf(client) });
			client.release();
			return result;
		} catch (error) {
			// As pg's own pool does; an answer that is not kept is no fault.
			client.release(error instanceof Unkept ? undefined : error);
			throw error;
		}
	};

	#poolQuery(call: PgCall): unknown {
		const answer = this.#answer(call);
		if (call.callback === undefined) return answer;
		answer.then(
			(result) => call.callback?.(undefined, result),
			(error) => call.callback?.(error),
		);
		return undefined;
	}

	async #answer(call: PgCall): Promise<unknown> {
		if (this.#database.catalog === undefined) await this.#learn();
		const found = await this.#reads.read(call, { any: this.#withSeat });
		return found ?? this.#withSeat((seat) => this.#run(seat, call));
	}

	/** Reads the catalogue, on a connection that is given back at once. */
	async #learn(): Promise<void> {
		await this.#withSeat(async ({ client, session }) => {
			this.#reads.meet(client);
			await this.#database.ensure(client, session);
		});
	}

	#run({ client, session }: Seat, call: PgCall): Promise<unknown> {
		this.#countBypass(call);
		return this.#runner.run(client, session, call);
	}

	/** Only of what reads: a write is nothing that a cache could have answered. */
	#countBypass({ text }: PgCall): void {
		if (text !== undefined && /^[\s(]*(?:select|with|table|values)\b/i.test(text))
			partsOfCache(this.#cache).counts.queries.bypasses++;
	}

	#connect(callback: unknown): unknown {
		const seat = this.#pool.connect().then((client) => this.#clientProxy(client as PgClient));
		if (typeof callback !== 'function') return seat;
		seat.then(
			(client) => callback(undefined, client, client.release),
			(error) => callback(error, undefined, () => undefined),
		);
		return undefined;
	}

	#clientProxy(client: PgClient): PgClient {
		const known = this.#clients.get(client);
		if (known !== undefined) return known;
		const session = this.#sessionOf(client);
		const proxy = proxyOf(client, {
			query: (...args: unknown[]) => this.#clientQuery({ client, session }, readCall(args)),
		}) as PgClient;
		this.#clients.set(client, proxy);
		return proxy;
	}

	#clientQuery(seat: Seat, call: PgCall): unknown {
		if (call.submits) return this.#runner.submit(seat.client, seat.session, call);
		const read = mayBePlain(seat.session) ? this.#reads.read(call, { held: seat }) : undefined;
		const answer: Promise<unknown> =
			read === undefined
				? this.#run(seat, call)
				: read.then((found: PgResult | undefined) => found ?? this.#run(seat, call));
		if (call.callback === undefined) return answer;
		answer.then(
			(result) => call.callback?.(undefined, result),
			(error) => call.callback?.(error),
		);
		return undefined;
	}

	async #invalidate(tables: readonly string[]): Promise<void> {
		if (this.#database.catalog === undefined) await this.#learn();
		const ids = tables.map((table) => this.#database.catalog?.table(nameOfText(table)));
		// What is written past this pool may be anything that hangs on it.
		const touched = ids.map((table) => table && this.#database.catalog?.touched(table, 'delete'));
		const names =
			tables.length === 0 || touched.includes(undefined) ? [EVERYTHING] : touched.flatMap((set) => [...(set ?? [])]);
		partsOfCache(this.#cache).counts.queries.invalidations += names.length;
		await this.#database.raise(names);
	}

	async #explain(text: string): Promise<CacheExplanation> {
		if (this.#database.catalog === undefined) await this.#learn();
		const { catalog, refusal } = this.#database;
		if (catalog === undefined) return { kept: false, why: 'the catalogue could not be read', reads: [], writes: [] };
		const { reads, why = refusal, writes } = this.#statements.verdict(this.#statements.shape(text), catalog);
		return { kept: why === undefined, ...(why === undefined ? {} : { why }), reads: reads ?? [], writes };
	}
}

/** The target with some of its members replaced; its methods see itself, and give the proxy where they give themselves. */
function proxyOf(target: object, own: Record<PropertyKey, unknown>): object {
	const proxy: object = new Proxy(target, {
		get(_, key) {
			if (Object.hasOwn(own, key)) return own[key];
			const value: unknown = Reflect.get(target, key, target);
			// Its own members are classes and callbacks, not methods.
			if (typeof value !== 'function' || Object.hasOwn(target, key)) return value;
			return (...args: unknown[]) => {
				const result: unknown = Reflect.apply(value, target, args);
				return result === target ? proxy : result;
			};
		},
	});
	return proxy;
}
