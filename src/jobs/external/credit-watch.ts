import type { AttemptOutcome } from '../attempt.ts';
import type { CreditPointer, CreditPolicy } from './credit-policy.ts';
import { pointed } from './json-pointer.ts';
import { parseJson } from './read-status.ts';

/** A place upstream whose credit is watched. */
export interface CreditPlace {
	queue: string;
	lane: string;
	/** By which route it is asked. */
	service: string;
	route: string;
	policy: CreditPolicy;
}

export interface CreditWatchParts {
	/** GET of this path at the place. */
	ask(place: CreditPlace, target: string): Promise<AttemptOutcome>;
	/** The body of an answer, which is gone then; null: there is none, or too much of it. */
	text(outcome: AttemptOutcome): Promise<string | null>;
	/** It cannot be read any more, or can again (''): told once for each. */
	unread(place: CreditPlace, why: string): void;
	nowMs(): number;
}

export interface Credit {
	/** null: it is not known, or what is known is too old. */
	left: number | null;
	/** Whether less is left than is to be. */
	low: boolean;
	/** When it was told; null: it never was. */
	toldMs: number | null;
	/** It is asked for, and nothing is known any more. */
	unread: boolean;
}

/** Pause after the first question that brought nothing, where the interval is not shorter; doubled each time, ms. */
const FIRST_PAUSE_MS = 5000;
const LONGEST_PAUSE_MS = 3_600_000;
/** What is known counts for so many intervals, and this long at least, ms. */
const KNOWN_INTERVALS = 3;
const KNOWN_LEAST_MS = 60_000;
/** Questions under way at a time. */
const ASKED_MOST = 4;

interface Watched {
	place: CreditPlace;
	left: number | null;
	toldMs: number | null;
	nextMs: number;
	/** Questions in a row that brought nothing, and when the first question was asked. */
	failures: number;
	sinceMs: number | null;
	asking: boolean;
}

/** Asks from time to time what is left at places upstream. Nothing is taken for what was not told. */
export class CreditWatch {
	readonly #parts: CreditWatchParts;
	#watched = new Map<string, Watched>();

	constructor(parts: CreditWatchParts) {
		this.#parts = parts;
	}

	/** What is known of a place stays known. */
	configure(places: readonly CreditPlace[]): void {
		const before = this.#watched;
		this.#watched = new Map();
		for (const place of places) {
			const key = keyOf(place.queue, place.lane);
			const fresh: Watched = { place, left: null, toldMs: null, nextMs: 0, failures: 0, sinceMs: null, asking: false };
			const known = before.get(key);
			// A shorter interval holds at once.
			if (known !== undefined) known.nextMs = Math.min(known.nextMs, this.#parts.nowMs() + place.policy.everyMs);
			this.#watched.set(
				key,
				known === undefined || isOther(known.place, place) ? fresh : Object.assign(known, { place }),
			);
		}
	}

	/** To be called about each second: asks where it is time to. */
	look(): void {
		const nowMs = this.#parts.nowMs();
		let asking = [...this.#watched.values()].filter((one) => one.asking).length;
		for (const one of this.#watched.values()) {
			if (asking >= ASKED_MOST) return;
			if (one.asking || one.nextMs > nowMs) continue;
			asking++;
			void this.#ask(one);
		}
	}

	/** null: it is not watched. */
	of(queue: string, lane: string): Credit | null {
		const one = this.#watched.get(keyOf(queue, lane));
		if (one === undefined) return null;
		const { everyMs, below } = one.place.policy;
		const { toldMs } = one;
		const knownMs = Math.max(KNOWN_LEAST_MS, KNOWN_INTERVALS * everyMs);
		const nowMs = this.#parts.nowMs();
		const left = toldMs !== null && nowMs - toldMs <= knownMs ? one.left : null;
		const unread = one.failures > 0 && left === null && nowMs - (toldMs ?? one.sinceMs ?? nowMs) > knownMs;
		return { left, low: left !== null && left < below, toldMs, unread };
	}

	async #ask(one: Watched): Promise<void> {
		one.asking = true;
		one.sinceMs ??= this.#parts.nowMs();
		const { policy } = one.place;
		const outcome = await this.#parts.ask(one.place, policy.path);
		// A body that cannot be read is an answer that says nothing.
		const text = await this.#parts.text(outcome).catch(() => null);
		one.asking = false;
		const read = readCredit(outcome, text, policy.left);
		const nowMs = this.#parts.nowMs();
		if (typeof read === 'number') {
			one.left = read;
			one.toldMs = nowMs;
			one.nextMs = nowMs + policy.everyMs;
			if (one.failures > 0) this.#parts.unread(one.place, '');
			one.failures = 0;
			return;
		}
		const wantedMs = (outcome.kind === 'answered' ? outcome.retryAfterMs : null) ?? 0;
		const pauseMs = Math.min(policy.everyMs, FIRST_PAUSE_MS) * 2 ** Math.min(one.failures, 20);
		const longestMs = Math.max(policy.everyMs, LONGEST_PAUSE_MS);
		one.nextMs = nowMs + Math.min(Math.max(pauseMs, wantedMs), longestMs);
		if (one.failures++ === 0) this.#parts.unread(one.place, read);
	}
}

/** Of one that is asked otherwise nothing is known. */
const isOther = (before: CreditPlace, now: CreditPlace): boolean =>
	JSON.stringify([before.policy.path, before.policy.left]) !== JSON.stringify([now.policy.path, now.policy.left]);

const keyOf = (queue: string, lane: string): string => `${queue} ${lane}`;

/** What is left; or why that is not known, for people. */
export function readCredit(
	outcome: AttemptOutcome,
	text: string | null,
	left: readonly CreditPointer[],
): number | string {
	if (outcome.kind !== 'answered') return outcome.code;
	if (outcome.status !== 200) return `it answers ${outcome.status}`;
	const answer = text === null ? undefined : parseJson(text);
	if (answer === undefined) return 'its answer is no JSON';
	for (const { at, less } of left) {
		const value = numberAt(answer, at);
		const taken = less === null ? 0 : numberAt(answer, less);
		if (value !== null && taken !== null) return value - taken;
	}
	return 'its answer has no such number';
}

function numberAt(answer: unknown, pointer: string): number | null {
	const value = pointed(answer, pointer);
	const read = typeof value === 'string' && /^-?\d{1,15}(\.\d{1,9})?$/.test(value) ? Number(value) : value;
	return typeof read === 'number' && Number.isFinite(read) ? read : null;
}
