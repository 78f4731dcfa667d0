import type { FigureSource } from '../core/metric.ts';
import { type KnownLabels, type Observation, observe } from './observe.ts';
import { type AlertRule, queryOf } from './rule.ts';

/** Longest that a look is waited for, ms. It goes on behind, and no other begins before it has ended. */
const WAIT_MS = 4000;
/** A window of at least this moves slowly. */
const LONG_MS = 600_000;

export interface RuleRunOptions {
	figures: Pick<FigureSource, 'at' | 'find'>;
	/** How often it is looked at, and with a long window, ms. */
	everyMs: number;
	longEveryMs: number;
	/** Since when anything is counted. */
	sinceMs: number;
}

/** The looks at one rule, one after the other. */
export class RuleRun {
	/** A reload may say something else of how it is told. */
	rule: AlertRule;
	readonly #everyMs: number;
	readonly #longEveryMs: number;
	readonly #figures: Pick<FigureSource, 'at' | 'find'>;
	readonly #sinceMs: number;
	readonly #known: KnownLabels = new Map();
	#lastMs = 0;
	#looking = false;
	/** Why the last look came to nothing; '': it did not. */
	failure = '';

	constructor(rule: AlertRule, { everyMs, longEveryMs, figures, sinceMs }: RuleRunOptions) {
		this.rule = rule;
		this.#everyMs = everyMs;
		this.#longEveryMs = longEveryMs;
		this.#figures = figures;
		this.#sinceMs = sinceMs;
	}

	isDue(nowMs: number): boolean {
		const { condition } = this.rule;
		const everyMs =
			condition.kind === 'burn' || queryOf(condition).overMs >= LONG_MS ? this.#longEveryMs : this.#everyMs;
		// The clock may have been set back.
		return nowMs - this.#lastMs >= everyMs || nowMs < this.#lastMs;
	}

	/** null: nothing can be said, see `failure`; never rejects. */
	async look(nowMs: number): Promise<Observation[] | null> {
		this.#lastMs = nowMs;
		if (this.#looking) {
			this.failure = 'its figures take too long';
			return null;
		}
		this.#looking = true;
		const found = observe({
			rule: this.rule,
			figures: this.#figures,
			known: this.#known,
			nowMs,
			sinceMs: this.#sinceMs,
		}).finally(() => {
			this.#looking = false;
		});
		let timer: NodeJS.Timeout | undefined;
		const late = new Promise<null>((resolve) => {
			timer = setTimeout(() => resolve(null), WAIT_MS);
		});
		try {
			const result = await Promise.race([found, late]);
			this.failure = result === null ? 'its figures take too long' : '';
			return result;
		} catch (error) {
			this.failure = (error as Error).message.slice(0, 300);
			return null;
		} finally {
			clearTimeout(timer);
			found.catch(() => {});
		}
	}
}
