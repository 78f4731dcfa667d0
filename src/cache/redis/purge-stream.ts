import { randomBytes } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { sharedNow } from '../../wire/timer-wheel.ts';
import type { PurgeTables } from '../purges/purge-tables.ts';
import type { SharedPurge } from '../purges/purge-times.ts';
import { PurgeOutbox } from './purge-outbox.ts';
import { type PurgeRecord, parseRecord, type UntoldPurge } from './purge-record.ts';
import type { LevelLink } from './redis-level.ts';
import type { SharedClock } from './shared-clock.ts';

export interface PurgeStreamParts {
	/** For what is told, and the time. */
	readonly commands: LevelLink;
	/** Waits for what others tell; it has a connection of its own, since others would wait behind it. */
	readonly reader: LevelLink;
	/** The stream's name. */
	readonly key: string;
	readonly clock: SharedClock;
	readonly tables: PurgeTables;
	/** Another node purged something: this node's memory is to follow. */
	apply(purge: SharedPurge, soft: boolean): void;
	/**
	 * Nothing in memory may be trusted: purges are lost, since the stream no longer has them; or there are so many that
	 * it is not worth to look what each is of.
	 */
	missed(lost: boolean): void;
	/** Nothing was heard for `aloneMs`; called again after each such time. 0: never. */
	alone(): void;
	readonly aloneMs: number;
}

/** How long the reader waits for news, ms, and when it takes it that none come. */
const BLOCK_MS = 1000;
const READ_MS = 4000;
const READ_COUNT = 500;
const AGAIN_MS = 250;
const CLOCK_MS = 2000;
const LISTEN_MS = 500;
/** After a break it reads from so long before the last word, ms: a new primary may not have had all of it. */
const OVERLAP_MS = 15_000;
/** Records that are known to have been applied. */
const KNOWN_MOST = 20_000;
/** Purges that are not noted yet; more are one of everything. */
const UNNOTED_MOST = 1000;
/** More purges at once are one of everything: each is a walk over the memory. */
const WALKS_MOST = 100;

/**
 * Purges of all nodes that share a Redis: a stream there, which each node reads from where it stopped, so that one that
 * was cut off catches up. What was trimmed before it was read counts as missed.
 */
export class PurgeStream {
	readonly #parts: PurgeStreamParts;
	readonly #node = randomBytes(9).toString('base64url');
	readonly #outbox: PurgeOutbox;
	readonly #known = new Set<string>();
	readonly #timers: NodeJS.Timeout[];
	readonly #startedMs = sharedNow();
	/** Purges of this node from before it knew what time it is at Redis. */
	#unnoted: UntoldPurge[] = [];
	#last = '';
	#heardMs = performance.now();
	#aloneToldMs = 0;
	#closed = false;

	constructor(parts: PurgeStreamParts) {
		this.#parts = parts;
		this.#outbox = new PurgeOutbox(parts.commands, parts.key, this.#node);
		this.#timers = [
			setInterval(() => void this.#measure(), CLOCK_MS).unref(),
			setInterval(() => this.#listen(), LISTEN_MS).unref(),
		];
		void this.#measure();
		void this.#read();
	}

	/** Records that wait to be told. */
	get waiting(): number {
		return this.#outbox.waiting;
	}

	/**
	 * Tells all other nodes, which this node does not wait for; what cannot be told now is told later. True once Redis has
	 * it; false where that takes longer than `withinMs`.
	 */
	async tell(purge: SharedPurge, soft: boolean, withinMs: number): Promise<boolean> {
		this.#note({ purge, soft });
		const told = this.#outbox.add(purge, soft);
		const late = new AbortController();
		const limit = sleep(withinMs, false, { signal: late.signal, ref: false }).catch(() => false);
		const done = await Promise.race([told.then(() => true), limit]);
		late.abort();
		return done;
	}

	/** What waits to be told. */
	left(): UntoldPurge[] {
		return this.#outbox.left();
	}

	/** What waited in another core, before another configuration, or at the end of another start. */
	adopt(left: readonly UntoldPurge[]): void {
		for (const one of left) {
			this.#note(one);
			void this.#outbox.add(one.purge, one.soft);
		}
	}

	/** Another core tells what waits here. */
	hand(): void {
		this.#outbox.hand();
	}

	/** The end is near: what waits is told, if that is possible within this time, ms. */
	drain(withinMs: number): Promise<void> {
		return this.#outbox.drain(withinMs);
	}

	/** What Redis has of before is not given here any more, whenever others hear of it. */
	#note(one: UntoldPurge): void {
		const nowMs = this.#parts.clock.highMs();
		if (!Number.isNaN(nowMs)) this.#parts.tables.mark(one.purge, nowMs, one.soft);
		// Until the time is known nothing is given from there.
		else if (this.#unnoted.length < UNNOTED_MOST) this.#unnoted.push(one);
		else this.#unnoted = [{ purge: { everything: true }, soft: false }];
	}

	close(): void {
		this.#closed = true;
		for (const timer of this.#timers) clearInterval(timer);
		this.#outbox.close();
		this.#parts.commands.close();
		this.#parts.reader.close();
	}

	async #measure(): Promise<void> {
		const { commands, key, clock } = this.#parts;
		const askedMs = sharedNow();
		try {
			// Of the node that has the stream, since its times are compared with that one's.
			const [seconds, micros] = (await commands.run(key, ['TIME'])) as [string, string];
			const redisMs = Number(seconds) * 1000 + Number(micros) / 1000;
			if (!Number.isFinite(redisMs)) return;
			const latestMs = redisMs + sharedNow() - askedMs;
			for (const { purge, soft } of this.#unnoted.splice(0)) this.#parts.tables.mark(purge, latestMs, soft);
			clock.measured(redisMs, askedMs, sharedNow());
		} catch {
			// Until it is known nothing can be kept or given.
			if (Number.isNaN(clock.lowMs()) && !this.#closed) setTimeout(() => void this.#measure(), AGAIN_MS).unref();
		}
	}

	async #read(): Promise<void> {
		let caughtUp = false;
		while (!this.#closed) {
			try {
				if (!caughtUp) await this.#catchUp();
				caughtUp = true;
				const command = ['XREAD', 'COUNT', `${READ_COUNT}`, 'BLOCK', `${BLOCK_MS}`, 'STREAMS', this.#parts.key];
				const reply = await this.#parts.reader.run(this.#parts.key, [...command, this.#last], {
					timeoutMs: READ_MS,
				});
				for (const { purge, soft } of this.#take(entriesOfRead(reply))) this.#parts.apply(purge, soft);
				this.#heard();
			} catch {
				caughtUp = false;
				if (!this.#closed) await sleep(AGAIN_MS * (0.5 + Math.random()), null, { ref: false });
			}
		}
	}

	#heard(): void {
		this.#heardMs = performance.now();
		this.#aloneToldMs = 0;
		this.#parts.clock.heard();
	}

	#listen(): void {
		const { aloneMs, alone } = this.#parts;
		const forMs = performance.now() - this.#heardMs;
		if (aloneMs === 0 || forMs - this.#aloneToldMs < aloneMs) return;
		this.#aloneToldMs = forMs;
		alone();
	}

	/** From where it stopped, a little before that, or from the beginning. */
	async #catchUp(): Promise<void> {
		const { clock, missed, apply } = this.#parts;
		let first = (await this.#range('-', 1))[0];
		if (first === undefined) {
			await this.#outbox.hello();
			first = (await this.#range('-', 1))[0];
			if (first === undefined) throw new Error('the stream of purges does not stay');
		}
		const began = this.#last === '';
		const gap = !began && isBefore(this.#last, first.id);
		if (began || gap) clock.floorMs = msOf(first.id);
		const from = began || gap ? '-' : `${Math.max(0, msOf(this.#last) - OVERLAP_MS)}`;
		const { news, last } = await this.#readAll(from, began ? await this.#beginMs() : 0);
		// At the beginning hardly anything is in memory; of what there is a walk for each purge is not worth it.
		if (gap || news.length > (began ? 0 : WALKS_MOST)) missed(gap);
		else for (const { purge, soft } of news) apply(purge, soft);
		// The stream of a new primary may end before what the former one told.
		this.#last = last ?? first.id;
		this.#heard();
		this.#outbox.again();
	}

	/** A while before this node began, by the clock of Redis; 0: that is not known. */
	async #beginMs(): Promise<number> {
		const { clock } = this.#parts;
		if (Number.isNaN(clock.lowMs())) await this.#measure();
		return Math.max(0, clock.lowMs(this.#startedMs) - OVERLAP_MS) || 0;
	}

	/** All that is there from an id on, of which those count as news that are not known and not of before `sinceMs`. */
	async #readAll(from: string, sinceMs: number): Promise<{ news: PurgeRecord[]; last: string | undefined }> {
		const news: PurgeRecord[] = [];
		let last: string | undefined;
		for (let at = from; ; at = `(${last}`) {
			const entries = await this.#range(at, READ_COUNT);
			const fresh = this.#take(entries, sinceMs);
			if (news.length <= WALKS_MOST) news.push(...fresh);
			last = entries.at(-1)?.id ?? last;
			if (entries.length < READ_COUNT) return { news, last };
		}
	}

	async #range(from: string, count: number): Promise<StreamEntry[]> {
		const { reader, key } = this.#parts;
		return entriesOf(await reader.run(key, ['XRANGE', key, from, '+', 'COUNT', `${count}`], { timeoutMs: READ_MS }));
	}

	/** Notes when what was purged; gives what other nodes told, and is heard for the first time. */
	#take(entries: readonly StreamEntry[], sinceMs = 0): PurgeRecord[] {
		const news: PurgeRecord[] = [];
		for (const { id, text } of entries) {
			if (this.#last === '' || isBefore(this.#last, id)) this.#last = id;
			const record = parseRecord(text);
			if (record === null) continue;
			const { node, serial, soft, purge } = record;
			this.#parts.tables.mark(purge, msOf(id), soft);
			const name = `${node} ${serial}`;
			if (node === this.#node || this.#known.has(name)) continue;
			this.#known.add(name);
			if (this.#known.size > KNOWN_MOST) this.#known.delete(this.#known.values().next().value as string);
			if (msOf(id) >= sinceMs) news.push(record);
		}
		return news;
	}
}

interface StreamEntry {
	readonly id: string;
	readonly text: string;
}

const ID = /^(\d{1,15})-(\d{1,15})$/;

/** As XRANGE gives them; what is none is left out. */
function entriesOf(reply: unknown): StreamEntry[] {
	if (!Array.isArray(reply)) return [];
	return reply.flatMap((entry: unknown) => {
		const [id, fields] = Array.isArray(entry) ? entry : [];
		if (typeof id !== 'string' || !ID.test(id)) return [];
		return [{ id, text: Array.isArray(fields) && typeof fields[1] === 'string' ? fields[1] : '' }];
	});
}

/** As XREAD gives them: by stream, of which one was asked for. */
function entriesOfRead(reply: unknown): StreamEntry[] {
	const stream: unknown = Array.isArray(reply) ? reply[0] : undefined;
	return Array.isArray(stream) ? entriesOf(stream[1]) : [];
}

const msOf = (id: string): number => Number(ID.exec(id)?.[1] ?? 0);

function isBefore(one: string, other: string): boolean {
	const [a, b] = [ID.exec(one), ID.exec(other)];
	const ms = Number(a?.[1]) - Number(b?.[1]);
	return ms < 0 || (ms === 0 && Number(a?.[2]) < Number(b?.[2]));
}
