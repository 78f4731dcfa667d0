import { sharedNow } from '../../wire/timer-wheel.ts';
import type { AnswerEntry, CacheKey } from '../answer-store.ts';
import type { PurgeTables } from '../purges/purge-tables.ts';
import type { FoundAnswer, KeptAnswer, SecondLevel, Wanted } from '../second-level.ts';
import type { StoredAnswer } from '../stored-answer.ts';
import { type AnswerValue, decodeValue, encodeAnswer, encodeNames } from './answer-value.ts';
import { Circuit } from './circuit.ts';
import { LevelCount, type LevelCounts } from './level-counts.ts';
import type { RedisKeys } from './redis-keys.ts';
import type { SharedClock } from './shared-clock.ts';

/** What of a connection to Redis is used; `src/redis` has it. */
export interface LevelLink {
	readonly ready: boolean;
	run(
		key: string,
		command: readonly (string | Buffer)[],
		options?: { timeoutMs?: number; buffers?: boolean },
	): Promise<unknown>;
	close(): void;
}

export interface RedisLevelParts {
	readonly link: LevelLink;
	readonly keys: RedisKeys;
	/** What signs values. */
	readonly secret: Buffer;
	readonly clock: SharedClock;
	readonly purges: PurgeTables;
	readonly counts: LevelCounts;
	/** Most time of a find, ms. */
	readonly timeoutMs: number;
	/** Largest body that is kept, bytes. */
	readonly bodyMost: number;
	/** Longest time that something is kept, ms. */
	readonly lifeMostMs: number;
	/** URLs were changed, by what their keys begin with: other nodes are to hear of it. */
	tell(urls: readonly string[]): void;
}

/** Beside the body: head, trailers and the rest. */
const VALUE_MORE = 2 * 1024 * 1024;
/** How much further than now a time may be, ms: clocks are not that exact. */
const AHEAD_MS = 1000;
/** How long URLs that were changed are gathered, ms. */
const GATHER_MS = 5;

/** Answers in a Redis that several nodes share. */
export class RedisLevel implements SecondLevel {
	readonly name = 'redis';
	readonly timeoutMs: number;
	readonly #parts: RedisLevelParts;
	readonly #circuit = new Circuit();
	readonly #changed = new Set<string>();

	constructor(parts: RedisLevelParts) {
		this.#parts = parts;
		this.timeoutMs = parts.timeoutMs;
	}

	find(wanted: Wanted): Promise<FoundAnswer | null> | null {
		const { link, clock, counts } = this.#parts;
		const nowMs = sharedNow();
		if (link.ready && clock.usable(nowMs) && this.#circuit.enter(nowMs)) return this.#find(wanted);
		counts.add(LevelCount.skipped);
		return null;
	}

	async #find(wanted: Wanted): Promise<FoundAnswer | null> {
		const { counts } = this.#parts;
		const startMs = performance.now();
		try {
			const value = await this.#valueFor(wanted);
			this.#circuit.succeeded();
			const found = value === null ? null : this.#believed(value, wanted);
			counts.add(found === null ? LevelCount.misses : LevelCount.hits);
			counts.add(LevelCount.timeUs, (performance.now() - startMs) * 1000);
			return found;
		} catch {
			this.#circuit.failed(sharedNow());
			counts.add(LevelCount.errors);
			return null;
		}
	}

	async #valueFor(wanted: Wanted): Promise<AnswerValue | null> {
		const base = this.#parts.keys.answer(wanted.key);
		const first = await this.#get(base);
		if (first === null || !('names' in first)) return first;
		const vary = wanted.vary(first.names);
		if (vary === null) return null;
		const value = await this.#get(this.#parts.keys.variant(base, vary));
		return value === null || 'names' in value ? null : value;
	}

	async #get(name: string): Promise<ReturnType<typeof decodeValue>> {
		const { link, secret, bodyMost, timeoutMs, counts } = this.#parts;
		// Whoever wrote it, no more is read than may have been written.
		const command = ['GETRANGE', name, '0', `${bodyMost + VALUE_MORE}`];
		const value = await link.run(name, command, { timeoutMs, buffers: true });
		if (!Buffer.isBuffer(value) || value.length === 0) return null;
		const decoded = decodeValue(value, { secret, name });
		if (decoded === null) counts.add(LevelCount.damaged);
		return decoded;
	}

	/** The answer by the clock of this node, if it suits and was not purged since. */
	#believed({ answer, trailers, body }: AnswerValue, wanted: Wanted): FoundAnswer | null {
		const { clock, purges } = this.#parts;
		const nowMs = clock.highMs();
		if (answer.responseMs > nowMs + AHEAD_MS || answer.requestMs < clock.floorMs) return null;
		const key = wanted.key.bytes.subarray(0, wanted.key.length);
		const { tags, requestMs, responseMs } = answer;
		if (purges.isPurged(key, tags, requestMs)) return null;
		const later = Date.now() - nowMs;
		const freshMs = freshUntil(answer, purges.staleFromMs(key, tags, requestMs));
		const own = { ...answer, freshMs, requestMs: requestMs + later, responseMs: responseMs + later };
		return wanted.suits(own) ? { answer: own, trailers, body: [body], close: () => undefined } : null;
	}

	keep({ key, entry, lifeMs }: KeptAnswer): void {
		const { link, clock, purges, counts, bodyMost, lifeMostMs } = this.#parts;
		const { answer, received } = entry;
		if (answer === null) return;
		if (received > bodyMost || this.#circuit.open || !link.ready || !clock.usable()) {
			counts.add(LevelCount.lost);
			return;
		}
		const times = this.#timesOf(answer);
		const bytes = key.bytes.subarray(0, key.length);
		if (purges.isPurged(bytes, answer.tags, times.requestMs)) return;
		// It was asked for before it was made stale: what comes of asking again is kept.
		if (purges.staleFromMs(bytes, answer.tags, times.requestMs) > 0) return;
		const pieces = piecesOf(entry);
		if (pieces === null) return;
		const { secret, keys } = this.#parts;
		const encoded = { answer, ...times, trailers: entry.trailers, length: received, pieces };
		const life = Math.ceil(Math.min(lifeMs, lifeMostMs));
		const base = keys.answer(key);
		if (answer.vary.length === 0) {
			this.#set(base, encodeAnswer(encoded, { secret, name: base }), life);
			return;
		}
		const names = answer.vary.map(({ name }) => name).join(', ');
		this.#set(base, encodeNames(names, { secret, name: base }), lifeMostMs);
		const name = keys.variant(base, answer.vary);
		this.#set(name, encodeAnswer(encoded, { secret, name }), life);
	}

	/** By the clock of Redis: rather too early than too late, so that it looks older than it is. */
	#timesOf(answer: StoredAnswer): { requestMs: number; responseMs: number } {
		const nowMs = this.#parts.clock.lowMs();
		const before = Date.now() - nowMs;
		const responseMs = Math.min(nowMs, answer.responseMs - before);
		return { responseMs, requestMs: Math.min(responseMs, answer.requestMs - before) };
	}

	#set(name: string, value: Buffer, lifeMs: number): void {
		const { link, counts } = this.#parts;
		link.run(name, ['SET', name, value, 'PX', `${lifeMs}`]).then(
			() => counts.add(LevelCount.kept),
			() => counts.add(LevelCount.lost),
		);
	}

	drop(key: CacheKey): void {
		const { link, keys } = this.#parts;
		if (!link.ready) return;
		const name = keys.answer(key);
		link.run(name, ['UNLINK', name]).catch(() => undefined);
	}

	changed({ bytes, length }: CacheKey): void {
		const { clock, purges } = this.#parts;
		const url = bytes.toString('latin1', 0, length);
		const nowMs = clock.highMs();
		// What this node has asked for is not to come back before it is told to all.
		if (!Number.isNaN(nowMs)) purges.mark({ changed: [url] }, nowMs, false);
		if (this.#changed.size === 0) setTimeout(() => this.#tell(), GATHER_MS);
		this.#changed.add(url);
	}

	#tell(): void {
		const urls = [...this.#changed];
		this.#changed.clear();
		this.#parts.tell(urls);
	}

	async close(): Promise<void> {
		if (this.#changed.size > 0) this.#tell();
		this.#parts.link.close();
	}
}

/** The lifetime of an answer that is stale from then on in any case; 0: it is not. */
function freshUntil({ freshMs, initialAgeMs, responseMs }: StoredAnswer, staleFromMs: number): number {
	return staleFromMs === 0 ? freshMs : Math.min(freshMs, initialAgeMs + Math.max(0, staleFromMs - responseMs));
}

/** null: it is not all there to be read. */
function piecesOf(entry: AnswerEntry): Buffer[] | null {
	const pieces: Buffer[] = [];
	for (let at = 0; at < entry.received; ) {
		const piece = entry.read(at);
		if (piece.length === 0) return null;
		pieces.push(piece);
		at += piece.length;
	}
	return pieces;
}
