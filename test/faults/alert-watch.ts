/** Whether the alert that docs/alerts.md promises of a fault fires in the program that has it, and how soon. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { AlertsAnswer } from '../../src/alerts/alert-view.ts';
import type { Ballast } from '../support/ballast.ts';
import type { Judge } from './judge.ts';
import type { Promised } from './plan.ts';

const POLL_MS = 250;

/** Made when the fault begins. It looks on from then, since an alert may end before the test does. */
export class AlertWatch {
	readonly #ballast: Ballast;
	readonly #promised: Promised;
	readonly #beganMs = Date.now();
	readonly #sinceMs: number;
	/** Seconds from the begin of the fault until the alert fired; null: it did not. */
	readonly #fired: Promise<number | null>;

	/** `sinceMs`: one that fired after this counts, too, as one that fired at once. */
	constructor(ballast: Ballast, promised: Promised, sinceMs: number = Date.now()) {
		this.#ballast = ballast;
		this.#promised = promised;
		this.#sinceMs = sinceMs;
		this.#fired = this.#watch();
	}

	async #watch(): Promise<number | null> {
		const { alert, seconds } = this.#promised;
		// One that is late is waited for, to say how late.
		const untilMs = this.#beganMs + (seconds + 15) * 1000;
		while (Date.now() < untilMs) {
			// While a core that was killed is not back, nobody answers.
			const answer = (await this.#ballast.control('alerts').catch(() => null)) as AlertsAnswer | null;
			const fired = answer?.alerts.find(({ name, firedMs }) => name === alert && firedMs >= this.#sinceMs);
			if (fired !== undefined) return Math.max(0, fired.firedMs - this.#beganMs) / 1000;
			await sleep(POLL_MS, undefined, { ref: false });
		}
		return null;
	}

	/** Waits for it; the fault must go on so long, where the rule asks for that. */
	async fired(): Promise<void> {
		await this.#fired;
	}

	/** Waits for it and judges it. `part`: which test of the fault. */
	async judge(judge: Judge, part = ''): Promise<void> {
		const { alert, seconds } = this.#promised;
		const after = await this.#fired;
		judge(
			`the alert ${alert} within ${seconds} s${part === '' ? '' : `: ${part}`}`,
			after === null ? 'it did not fire' : `fired after ${after.toFixed(1)} s`,
			after !== null && after <= seconds,
		);
	}
}

/** Judges that no alert of a service was raised: what happened was wanted. */
export async function judgeNoAlert(ballast: Ballast, judge: Judge): Promise<void> {
	const { alerts } = (await ballast.control('alerts')) as AlertsAnswer;
	const fired = alerts.filter(({ labels, firedMs }) => labels['service'] !== undefined && firedMs > 0);
	judge('no alert', fired.map(({ key }) => key).join(', ') || 'none fired', fired.length === 0);
}
