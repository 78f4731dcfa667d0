/** What the requests themselves said of an instance lately: differences of what the workers count, look by look. */
import type { Seen } from '../core/board.ts';

/** What happened within some time. */
export interface Tally {
	/** Attempts that ended well, and that failed in any way. */
	ok: number;
	failed: number;
	/** Heads of answers, the time to them in all, µs, and how many of them were slow. */
	heads: number;
	headUs: number;
	slow: number;
}

interface Slice extends Tally {
	/** When it ended, ms of the monotonic clock. */
	at: number;
}

const NOTHING: Readonly<Tally> = { ok: 0, failed: 0, heads: 0, headUs: 0, slow: 0 };

export class Evidence {
	#last: Seen;
	#slices: Slice[] = [];
	/** Over the window. */
	recent: Tally = { ...NOTHING };
	/** Between the last two looks. */
	latest: Readonly<Tally> = NOTHING;
	/** How much speaks for it that its answers are slow and those of the others are not; see `suspicion`. */
	suspicion = 0;
	/** Since when something does, ms of the monotonic clock; null: nothing. */
	slowSince: number | null = null;

	constructor(seen: Seen) {
		this.#last = seen;
	}

	/** One more look. `now`: ms of the monotonic clock. */
	take(seen: Seen, now: number, windowMs: number): void {
		this.latest = this.since(seen);
		this.#last = seen;
		this.#slices = this.#slices.filter(({ at }) => at > now - windowMs);
		this.#slices.push({ ...this.latest, at: now });
		this.recent = this.#slices.reduce(add, { ...NOTHING });
	}

	/** What happened within the window, and up to now. */
	upTo(seen: Seen): Tally {
		return add({ ...this.recent }, this.since(seen));
	}

	/** What happened since the last look. */
	since(seen: Seen): Tally {
		const last = this.#last;
		let failed = 0;
		for (let outcome = 1; outcome < seen.ended.length; outcome++)
			failed += difference(seen.ended[outcome], last.ended[outcome]);
		return {
			ok: difference(seen.ended[0], last.ended[0]),
			failed,
			heads: difference(seen.headCount, last.headCount),
			headUs: difference(seen.headSumUs, last.headSumUs),
			slow: difference(seen.headSlow, last.headSlow),
		};
	}

	/** Takes account of how suspect it is after this look. */
	suspect(suspicion: number, now: number): void {
		this.suspicion = suspicion;
		this.slowSince = suspicion === 0 ? null : (this.slowSince ?? now);
	}

	/** Mean time to the head of an answer since it became slow, µs; 0: none. */
	get slowUs(): number {
		const since = this.slowSince ?? Infinity;
		const { heads, headUs } = this.#slices.filter(({ at }) => at >= since).reduce(add, { ...NOTHING });
		return heads === 0 ? 0 : headUs / heads;
	}

	/** From here on only what comes counts. */
	forget(seen: Seen): void {
		this.#last = seen;
		this.#slices = [];
		this.recent = { ...NOTHING };
		this.latest = NOTHING;
		this.suspect(0, 0);
	}
}

/** Counts wrap at 32 bits; between two looks they do not go round. */
const difference = (now = 0, before = 0): number => (now - before) >>> 0;

function add<T extends Tally>(sum: T, { ok, failed, heads, headUs, slow }: Tally): T {
	sum.ok += ok;
	sum.failed += failed;
	sum.heads += heads;
	sum.headUs += headUs;
	sum.slow += slow;
	return sum;
}
