/** Carries out one change of a group's size: what comes of it is noted, and what fails is tried again or held back. */
import { inSeconds } from '../wording.ts';
import { Attempts } from './attempts.ts';
import type { Entry } from './member-set.ts';
import type { Refusable } from './permissions.ts';
import type { Platform } from './platform.ts';
import { asPlatformError, retryMs, wordsOf } from './platform-call.ts';
import type { PlatformError } from './platform-error.ts';
import type { Removals } from './removals.ts';
import type { PlatformSettings } from './settings.ts';
import type { SizeMemory } from './size-memory.ts';
import type { Direction, Troubles } from './troubles.ts';

/** What is needed of the control whose group is changed. */
export interface ChangedGroup {
	readonly platform: Platform;
	readonly settings: PlatformSettings;
	readonly sizes: SizeMemory;
	readonly removals: Removals;
	readonly troubles: Troubles;
	/** Aborted: it is not looked at any more. */
	readonly signal: AbortSignal;
	/** Between two looks, ms. */
	pollMs(): number;
	call<T>(what: Refusable, work: (signal: AbortSignal) => Promise<T>): Promise<T>;
	/** Whoever was chosen stays. */
	callOff(): void;
}

export class GroupChanges {
	readonly attempts: Attempts = new Attempts();
	readonly #control: ChangedGroup;

	constructor(control: ChangedGroup) {
		this.#control = control;
	}

	/** Until a change in this direction may be tried, but no longer than to the next look, ms; 0: at once. */
	waitMs(direction: Direction): number {
		return Math.min(this.attempts.waitMs(direction, Date.now()), this.#control.pollMs());
	}

	/** @returns ms until the next round */
	async set(size: number, before: number): Promise<number> {
		const { platform } = this.#control;
		try {
			await this.#control.call('resize', (signal) => platform.setDesired(size, signal));
		} catch (error) {
			if (this.#control.signal.aborted) return 0;
			this.#doubt(size);
			return this.#failed(asPlatformError(error), size > before ? 'out' : 'in', `could not be set to ${size}`);
		}
		this.#control.sizes.set(size, Date.now(), platform.lagMs ?? 0);
		this.#done(size > before ? 'out' : 'in', before);
		return 0;
	}

	/** Ends these. @returns ms until the next round */
	async remove(ripe: Entry[]): Promise<number> {
		const { platform } = this.#control;
		const before = this.#control.sizes.size ?? 0;
		const ids = this.#control.removals.begin(before, ripe);
		try {
			await this.#control.call('remove', (signal) => platform.remove(ids, signal));
		} catch (error) {
			if (this.#control.signal.aborted) return 0;
			this.#doubt(Math.max(0, before - ids.length));
			const what = ids.length === 1 ? ids[0] : `${ids.length} members`;
			return this.#failed(asPlatformError(error), 'in', `${what} could not be removed`);
		}
		this.#control.sizes.set(Math.max(0, before - ids.length), Date.now(), platform.lagMs ?? 0);
		this.#control.removals.done();
		this.#done('in', before);
		return 0;
	}

	/** A call failed, and may have done its work all the same. */
	#doubt(size: number): void {
		const lagMs = this.#control.platform.lagMs ?? 0;
		const forMs = Math.max(lagMs, this.#control.settings.limitMs);
		this.#control.sizes.doubt(size, Date.now(), { forMs, lags: lagMs > 0 });
	}

	#done(direction: Direction, before: number): void {
		this.attempts.clear(direction);
		this.#control.troubles.changed();
		this.#control.troubles.holds[direction].clear();
		const text = `${this.#control.platform.target}: ${before} → ${this.#control.sizes.size}`;
		this.#control.troubles.say('resized', text, 'info');
	}

	/** @returns ms until the next round */
	#failed(error: PlatformError, direction: Direction, what: string): number {
		const { platform, settings } = this.#control;
		const now = Date.now();
		const answered = error.fault !== 'unreachable' && error.fault !== 'throttled';
		const tries = this.attempts.failed(direction, answered, now);
		if (error.mayPass && tries < settings.tries) {
			this.attempts.wait(direction, retryMs(tries - 1, settings.retryMs, error), now);
			return this.waitMs(direction);
		}
		this.#control.callOff();
		const after = tries === 1 ? '' : ` after ${tries} tries`;
		const text = `${platform.target}: ${what}${after}: ${wordsOf(error)}; its size stays as it is`;
		const forMs = this.#control.troubles.holds[direction].begin(text, now);
		const held = direction === 'out' ? 'it does not grow' : 'nothing is removed';
		this.#control.troubles.say('resize_failed', `${text}, and ${held} for ${inSeconds(forMs)}`, 'error');
		return 0;
	}
}
