/** What becomes of a change of the size. */
import type { Decision } from '../../scaling/decision.ts';
import type { ScalingSamples } from '../../scaling/samples.ts';

/** A change that is not done by then is said to be late, ms. */
const LATE_MS = 300_000;

interface Open {
	id: string;
	atMs: number;
	before: number;
	desired: number;
}

export class Outcomes {
	readonly #ended: (id: string, outcome: string) => void;
	#open: Open | null = null;

	constructor(ended: (id: string, outcome: string) => void) {
		this.#ended = ended;
	}

	begin(id: string, { before, desired }: Pick<Decision, 'before' | 'desired'>, nowMs: number): void {
		const open = this.#open;
		if (open !== null) this.#ended(open.id, `${seconds(nowMs - open.atMs)} later ${open.desired} became ${desired}`);
		this.#open = { id, atMs: nowMs, before, desired };
	}

	look({ ready, starting, providerTrouble }: ScalingSamples, nowMs: number): void {
		const open = this.#open;
		if (open === null) return;
		const out = open.desired > open.before;
		const done = out ? ready >= open.desired : ready + starting <= open.desired;
		const took = seconds(nowMs - open.atMs);
		if (done) this.#ended(open.id, out ? `${open.desired} ready after ${took}` : `${open.desired} left after ${took}`);
		else if (nowMs - open.atMs >= LATE_MS) {
			const why = providerTrouble[out ? 'out' : 'in'];
			this.#ended(open.id, `${ready} ready after ${took}${why === null ? '' : `: ${why}`}`);
		} else return;
		this.#open = null;
	}
}

const seconds = (ms: number): string => `${(ms / 1000).toFixed(1)} s`;
