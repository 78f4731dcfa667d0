import { setTimeout as sleep } from 'node:timers/promises';
import { BallastError } from '../core/errors.ts';
import { inert } from '../core/inert.ts';
import { CallRate } from './call-rate.ts';
import {
	CALL_MS,
	itemsOf,
	kindOf,
	type PurgeFailure,
	type PurgeKind,
	type PurgeSelect,
	type PurgeTarget,
	purgeFailed,
	selectOf,
} from './purge-target.ts';

/** Something that a target did or failed to do; app makes a log entry of it. */
export interface PurgeEvent {
	severity: 'info' | 'warn' | 'error';
	/** One sentence. */
	text: string;
	/** Items that are lost with it. */
	lost?: number;
}

export interface PurgeQueueOptions {
	name: string;
	target: PurgeTarget;
	/** Most calls a minute; 0: no limit. */
	perMinute: number;
	say(event: PurgeEvent): void;
	/** 0…1; default: chance. */
	random?: () => number;
	/** Default: real time. Rejects when the signal aborts. */
	wait?: (ms: number, signal: AbortSignal) => Promise<unknown>;
	now?: () => number;
}

export interface PurgeView {
	name: string;
	/** Items that wait. */
	waiting: number;
	/** Items that the other side took, calls that failed, items that were given up: since this core began. */
	purged: number;
	failed: number;
	lost: number;
	/** '': the last call was good. */
	lastError: string;
	/** How long the oldest item waits, ms. */
	ageMs: number;
}

/** An item that waits; plain data, so that another core can go on with it. */
export interface WaitingItem {
	kind: PurgeKind;
	item: string;
	soft: boolean;
	sinceMs: number;
}

/** What became of a purge at one target. */
export type PurgeOutcome = { state: 'done' } | { state: 'lost'; why: string };

interface Asked {
	left: number;
	why: string;
	settle(outcome: PurgeOutcome): void;
}

interface Entry extends WaitingItem {
	asked: Asked[];
}

const MOST_WAITING = 10_000;
const FIRST_RETRY_MS = 1000;
const LAST_RETRY_MS = 60_000;
/** An item that was not taken for so long is given up, ms. */
const GIVE_UP_MS = 3_600_000;
/** Most time that the end waits for what is still to be sent, ms. */
const FLUSH_MS = 5000;

/**
 * Passes purges on to one target: as many items a call as it takes, one call at a time, tried again with a growing and
 * jittered pause. The same item asked for twice is sent once. Nothing is lost without an event and a count.
 */
export class PurgeQueue {
	readonly #options: Required<PurgeQueueOptions>;
	readonly #rate: CallRate;
	readonly #stop = new AbortController();
	/** In the order in which they were asked for. */
	#waiting = new Map<string, Entry>();
	readonly #sending = new Set<Entry>();
	#busy = false;
	#running: Promise<void> = Promise.resolve();
	readonly #view = { purged: 0, failed: 0, lost: 0, lastError: '' };

	constructor(options: PurgeQueueOptions) {
		this.#options = {
			random: Math.random,
			wait: (ms, signal) => sleep(ms, undefined, { signal, ref: false }),
			now: Date.now,
			...options,
		};
		this.#rate = new CallRate(options.perMinute);
	}

	view(): PurgeView {
		const all = this.#all();
		const since = all.reduce((least, { sinceMs }) => Math.min(least, sinceMs), Number.POSITIVE_INFINITY);
		const ageMs = all.length === 0 ? 0 : Math.max(0, this.#options.now() - since);
		return { name: this.#options.name, waiting: all.length, ...this.#view, ageMs };
	}

	/** Resolves once the other side took all of it, or a part is lost. */
	push(select: PurgeSelect, soft: boolean): Promise<PurgeOutcome> {
		const kind = kindOf(select);
		const items = [...new Set(itemsOf(select))];
		return new Promise((settle) => {
			if (items.length === 0) settle({ state: 'done' });
			const asked: Asked = { left: items.length, why: '', settle };
			const sinceMs = this.#options.now();
			const entries = items.map((item) => ({ kind, item, soft, sinceMs, asked: [asked] }));
			if (this.#options.target.most[kind] === 0) this.#lose(entries, `${KINDS[kind]} cannot be purged there`);
			else this.#add(entries);
		});
	}

	/** Goes on with what another core, or the queue before a reload, left. */
	adopt(items: readonly WaitingItem[]): void {
		this.#add(items.map((item) => ({ asked: [], ...item })));
	}

	/** What waits, for `adopt`. */
	left(): WaitingItem[] {
		return this.#all().map(({ kind, item, soft, sinceMs }) => ({ kind, item, soft, sinceMs }));
	}

	/** Another goes on with what waits here, and tells whoever asked: it is neither sent nor lost. */
	hand(): WaitingItem[] {
		const left = this.#all();
		this.#stop.abort();
		return left;
	}

	/** The end: what can be sent soon is sent; the rest, for `adopt` at another start. */
	async finish(): Promise<WaitingItem[]> {
		const late = new AbortController();
		const limit = sleep(FLUSH_MS, undefined, { signal: late.signal, ref: false }).catch(() => {});
		await Promise.race([this.#running, limit]);
		late.abort();
		this.#stop.abort();
		return this.left();
	}

	/** The end: what can be sent soon is sent, the rest is lost, and said. */
	async close(): Promise<void> {
		await this.finish();
		this.abandon('this Ballast ends');
	}

	/** What waits is lost, and said. `kept`: but for these, which somebody has. */
	abandon(why: string, kept: readonly WaitingItem[] = []): void {
		const isKept = new Set(kept.map(keyOf));
		const rest = this.#all().filter((entry) => !isKept.has(keyOf(entry)));
		for (const entry of rest) this.#waiting.delete(keyOf(entry));
		if (rest.length > 0) this.#lose(rest, why);
	}

	#all(): Entry[] {
		return [...this.#sending, ...this.#waiting.values()];
	}

	#add(entries: readonly Entry[]): void {
		for (const entry of entries) {
			const key = keyOf(entry);
			if (entry.kind === 'everything' && !entry.soft) this.#supersede(entry);
			const known = this.#waiting.get(key);
			if (known === undefined) this.#waiting.set(key, entry);
			else known.asked.push(...entry.asked);
		}
		const over = this.#waiting.size - MOST_WAITING;
		if (over > 0) {
			const oldest = [...this.#waiting].slice(0, over);
			for (const [key] of oldest) this.#waiting.delete(key);
			this.#lose(
				oldest.map(([, entry]) => entry),
				'too many wait',
			);
		}
		if (this.#busy) return;
		this.#busy = true;
		this.#running = this.#run();
	}

	/** What waits before all is purged is purged with it. */
	#supersede(everything: Entry): void {
		for (const entry of this.#waiting.values()) everything.asked.push(...entry.asked);
		this.#waiting.clear();
	}

	async #run(): Promise<void> {
		try {
			for (let batch = this.#take(); batch.length > 0; batch = this.#take()) {
				for (const entry of batch) this.#sending.add(entry);
				await this.#deliver(batch);
			}
		} catch (error) {
			if (!this.#stop.signal.aborted) throw error;
		} finally {
			this.#busy = false;
		}
	}

	/** The oldest, and those behind it that go with it in one call. */
	#take(): Entry[] {
		const [first] = this.#waiting.values();
		if (first === undefined || this.#stop.signal.aborted) return [];
		const most = this.#options.target.most[first.kind];
		const batch: Entry[] = [];
		for (const [key, entry] of this.#waiting) {
			if (entry.kind !== first.kind || entry.soft !== first.soft) continue;
			this.#waiting.delete(key);
			if (batch.push(entry) === most) break;
		}
		return batch;
	}

	async #deliver(batch: Entry[]): Promise<void> {
		const { now, random, wait } = this.#options;
		for (let attempt = 0; ; attempt++) {
			const pauseMs = this.#rate.pauseMs(now());
			if (pauseMs > 0) await wait(pauseMs, this.#stop.signal);
			this.#stop.signal.throwIfAborted();
			this.#rate.take(now());
			const error = await this.#attempt(batch);
			if (error === null) return;
			this.#stop.signal.throwIfAborted();
			const { permanent = false, retryAfterMs = 0 } = error.details as PurgeFailure;
			if (permanent) return await this.#apart(batch, error.message);
			const [first] = batch as [Entry];
			if (now() - first.sinceMs > GIVE_UP_MS) return this.#lose(batch, `not taken for an hour: ${error.message}`);
			const backOff = Math.min(LAST_RETRY_MS, FIRST_RETRY_MS * 2 ** attempt) * (0.5 + random());
			await wait(Math.max(backOff, Math.min(retryAfterMs, GIVE_UP_MS)), this.#stop.signal);
		}
	}

	/** One item that is refused must not take the others of its call with it. */
	async #apart(batch: Entry[], why: string): Promise<void> {
		if (batch.length === 1) return this.#lose(batch, why);
		const middle = Math.ceil(batch.length / 2);
		await this.#deliver(batch.slice(0, middle));
		await this.#deliver(batch.slice(middle));
	}

	async #attempt(batch: readonly Entry[]): Promise<BallastError | null> {
		const [{ kind, soft }] = batch as [Entry];
		try {
			await this.#call(
				selectOf(
					kind,
					batch.map(({ item }) => item),
				),
				soft,
			);
		} catch (error) {
			const known = error instanceof BallastError ? error : purgeFailed((error as Error).message);
			// Told once, until it works again.
			if (this.#view.lastError === '') this.#say('warn', `failed and is tried again: ${known.message}`);
			this.#view.failed++;
			this.#view.lastError = inert(known.message).slice(0, 300);
			return known;
		}
		if (this.#view.lastError !== '') this.#say('info', 'works again');
		this.#view.lastError = '';
		this.#view.purged += batch.length;
		this.#settle(batch, '');
		return null;
	}

	/** A target that breaks its promise to end in time must not hold up what waits behind. */
	async #call(select: PurgeSelect, soft: boolean): Promise<void> {
		const late = new AbortController();
		const limit = sleep(3 * CALL_MS, undefined, { signal: late.signal, ref: false }).then(() => {
			throw purgeFailed('it took too long');
		});
		try {
			await Promise.race([this.#options.target.purge(select, soft), limit]);
		} finally {
			late.abort();
			limit.catch(() => {});
		}
	}

	#lose(entries: readonly Entry[], why: string): void {
		this.#view.lost += entries.length;
		const named = entries.slice(0, 3).map(({ item }) => (item.length > 100 ? `${item.slice(0, 100)}…` : item));
		const what = `${named.join(', ')}${entries.length > 3 ? ` and ${entries.length - 3} more` : ''}`;
		this.#say('error', `${what} ${entries.length === 1 ? 'is' : 'are'} not purged there: ${why}`, entries.length);
		this.#settle(entries, why);
	}

	/** `why` '': it was taken. */
	#settle(entries: readonly Entry[], why: string): void {
		for (const entry of entries) {
			this.#sending.delete(entry);
			for (const asked of entry.asked) {
				if (why !== '') asked.why = inert(why);
				asked.left--;
				if (asked.left === 0) asked.settle(asked.why === '' ? { state: 'done' } : { state: 'lost', why: asked.why });
			}
			entry.asked = [];
		}
	}

	#say(severity: PurgeEvent['severity'], text: string, lost = 0): void {
		const event = { severity, text: inert(`purge target ${this.#options.name}: ${text}`).slice(0, 700) };
		this.#options.say(lost === 0 ? event : { ...event, lost });
	}
}

const keyOf = ({ kind, soft, item }: WaitingItem): string => `${kind} ${soft} ${item}`;

const KINDS: Readonly<Record<PurgeKind, string>> = {
	urls: 'URLs',
	prefixes: 'prefixes',
	tags: 'tags',
	everything: 'everything at once',
};
