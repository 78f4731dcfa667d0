/** A query that is answered from the cache, or asked of the database once for all who ask at a time. */
import { type CacheParts, countFound } from '../create-cache.ts';
import type { Found, Wanted } from '../text-store.ts';
import type { Database } from './database.ts';
import { CATALOG, EVERYTHING } from './judge.ts';
import type { PgCall, PgClient, PgResult } from './pg-port.ts';
import { plainValues, queryKey } from './query-key.ts';
import { RAW, rawText, resultOf, type TypeParsers } from './raw-answer.ts';
import { isPlain, mayBePlain, type Session } from './session.ts';
import type { Statements } from './statements.ts';
import { Unkept } from './unkept-answer.ts';

/** A connection to ask on. */
export interface Seat {
	client: PgClient;
	session: Session;
}

/** Runs `work` on a connection of the pool, once there is one. */
export type WithSeat = <T>(work: (seat: Seat) => Promise<T>) => Promise<T>;

/** Where to ask: on any connection of the pool, or on the one that the caller holds. */
export type Place = { any: WithSeat } | { held: Seat };

export interface ReadOptions {
	parts: CacheParts;
	database: Database;
	statements: Statements;
	ttlMs: number;
	maxAnswerBytes: number;
}

interface Question {
	text: string;
	values: unknown[];
	key: string;
	catalog: unknown;
}

/** What else may stand in a query's object. */
const KNOWN = new Set(['text', 'values', 'rowMode', 'types']);

export class CachedReads {
	readonly #options: ReadOptions;
	/** As `pg` reads the values of this pool; of the first connection that was seen. */
	#parsers: TypeParsers | undefined;

	constructor(options: ReadOptions) {
		this.#options = options;
	}

	/** Undefined: this is not for the cache; run it as it is. */
	read(call: PgCall, place: Place): Promise<PgResult | undefined> | undefined {
		const { text, config, submits } = call;
		const { catalog, refusal } = this.#options.database;
		if (text === undefined || submits || catalog === undefined || refusal !== undefined) return undefined;
		if (!Object.keys(config).every((key) => KNOWN.has(key))) return undefined;
		const { reads } = this.#options.statements.verdict(this.#options.statements.shape(text), catalog);
		if (reads === undefined) return undefined;
		const values = plainValues(call.values ?? []);
		return values === undefined ? undefined : this.#find({ call, text, reads, values, catalog }, place);
	}

	async #find({ call, text, reads, values, catalog }: Finding, place: Place): Promise<PgResult | undefined> {
		const { parts, database, ttlMs } = this.#options;
		// Of a connection with settings of its own, nobody knows what it would be answered.
		if ('held' in place && !(await database.fits(place.held.client, place.held.session))) return undefined;
		const versions = await database.versions?.now([...reads, EVERYTHING, CATALOG]);
		if (versions === undefined) return undefined;
		const key = queryKey([database.fingerprint, text, values.text, versions]);
		const question: Question = { text, values: values.copy, key, catalog };
		const wanted: Wanted = { key, ttlMs, graceMs: 0, timeoutMs: 0, tags: [], quiet: true };
		try {
			const found =
				'any' in place
					? await parts.texts.find(wanted, () => place.any((seat) => this.#ask(seat, question)))
					: await this.#findAlone(wanted, question, place.held);
			countFound(parts.counts.queries, found);
			return this.#resultOf(found.text, call);
		} catch (error) {
			if (!(error instanceof Unkept)) throw error;
			parts.counts.queries.misses++;
			return this.#resultOf(error.text, call);
		}
	}

	/** Who holds a connection waits for nobody: another may be waiting for that connection. */
	async #findAlone(wanted: Wanted, question: Question, seat: Seat): Promise<Found> {
		const { texts } = this.#options.parts;
		const known = await texts.peek(wanted.key);
		if (known !== undefined) return { text: known, from: 'cache', joined: false };
		const beganAt = Date.now();
		const text = await this.#ask(seat, question);
		await texts.keep(wanted, text, beganAt);
		return { text, from: 'load', joined: false };
	}

	/** Throws what `pg` throws, and Unkept. */
	async #ask({ client, session }: Seat, { text, values, catalog }: Question): Promise<string> {
		const { database, maxAnswerBytes } = this.#options;
		this.meet(client);
		let kept = mayBePlain(session) && (await database.fits(client, session));
		if (kept) await database.ensure(client, session);
		// What was queued on this connection meanwhile comes first, perhaps a BEGIN or a SET.
		kept &&= isPlain(session) && session.fits === true && database.catalog === catalog;
		session.outstanding++;
		try {
			const answer = rawText((await client.query({ text, values, ...RAW })) as PgResult);
			if (!kept || answer.length > maxAnswerBytes) throw new Unkept(answer);
			return answer;
		} finally {
			session.outstanding--;
		}
	}

	/** Undefined: what was kept is no answer; somebody else has written there. */
	#resultOf(answer: string, { config }: PgCall): PgResult | undefined {
		const own = config['types'] as
			| { getTypeParser(oid: number, format: string): (value: string) => unknown }
			| undefined;
		const parsers: TypeParsers | undefined =
			own === undefined ? this.#parsers : (oid, format) => own.getTypeParser(oid, format);
		return resultOf(answer, parsers as TypeParsers, config['rowMode'] === 'array');
	}

	/** The parsers of a connection that is at hand. */
	meet(client: PgClient): void {
		this.#parsers ??= (oid, format) => client.getTypeParser(oid, format);
	}
}

interface Finding {
	call: PgCall;
	text: string;
	reads: readonly string[];
	values: { copy: unknown[]; text: string };
	catalog: unknown;
}
