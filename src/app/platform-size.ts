/** What a platform's instances are to be given: brought to it, and again where it fails. */
import { isDeepStrictEqual } from 'node:util';
import { asPlatformError, wordsOf } from '../instances/platform/platform-call.ts';
import type { PlatformError } from '../instances/platform/platform-error.ts';
import type { InstanceEvent, SizesInstances } from '../instances/provider.ts';
import { inSeconds } from '../instances/wording.ts';
import type { InstanceSize } from '../scaling/policy.ts';
import { sizeText } from './scaling/size-text.ts';

/** From the first failure to the next try, and at most; ms. */
const AGAIN_MS = [10_000, 600_000] as const;
/** Tries of a size that was found by measuring: a better one is found later. */
const TRIES = 5;

export interface PlatformSizeParts {
	/** Of the pool, for people. */
	name: string;
	/** A size that was to be given is what instances are given now. */
	given(size: InstanceSize): void;
	event(event: InstanceEvent): void;
}

export class PlatformSize {
	readonly #parts: PlatformSizeParts;
	/** To be given in the place of what holds; null: nothing. */
	#next: InstanceSize | null = null;
	/** What the platform has; null: that is not known. */
	#applied: InstanceSize | null = null;
	#busy = false;
	/** Counts what was forgotten: an answer of before says nothing of now. */
	#turn = 0;
	#failures = 0;
	#notBeforeMs = 0;
	#said = '';

	constructor(parts: PlatformSizeParts) {
		this.#parts = parts;
	}

	/** Is tried at the next look. */
	give(size: InstanceSize): void {
		this.#next = size;
		this.#again();
	}

	/** The platform is another, or what holds is; or it is left. */
	forget(): void {
		this.#turn++;
		this.#applied = null;
		this.#next = null;
		this.#again();
	}

	/** Each second, by who leads. @param holds what instances are given as far as it is known here */
	keep(provider: SizesInstances, holds: InstanceSize, nowMs: number): void {
		if (this.#busy || nowMs < this.#notBeforeMs) return;
		const goal = this.#next ?? holds;
		const nothing = this.#applied === null && goal.cpu === null && goal.memoryBytes === null;
		if (nothing || isDeepStrictEqual(goal, this.#applied)) return;
		this.#busy = true;
		void this.#apply(provider, goal).finally(() => {
			this.#busy = false;
		});
	}

	async #apply(provider: SizesInstances, goal: InstanceSize): Promise<void> {
		const found = this.#next === goal;
		const turn = this.#turn;
		try {
			const how = await provider.applySize(goal);
			if (turn !== this.#turn) return;
			this.#again();
			this.#applied = goal;
			// Meanwhile another one was asked for, or the configuration changed: that is next.
			if (found && this.#next === goal) {
				this.#next = null;
				if (how !== null) this.#parts.given(goal);
			}
			this.#tell(how, goal);
		} catch (error) {
			if (turn === this.#turn) this.#failed(asPlatformError(error), goal, found);
		}
	}

	#tell(how: Awaited<ReturnType<SizesInstances['applySize']>>, goal: InstanceSize): void {
		if (how === 'same') return;
		const text =
			how === null
				? 'its platform cannot change what instances are given'
				: `instances are given ${sizeText(goal)}, ${how === 'live' ? 'where they are' : 'one after the other'}`;
		this.#say(text, how === null ? 'warn' : 'info');
	}

	#failed(error: PlatformError, goal: InstanceSize, found: boolean): void {
		const [first, most] = AGAIN_MS;
		const waitMs = Math.min(most, first * 2 ** this.#failures++);
		this.#notBeforeMs = Date.now() + waitMs;
		const over = found && (!error.mayPass || this.#failures >= TRIES);
		if (over && this.#next === goal) this.#next = null;
		const then = over ? 'they keep what they have' : `it is tried again in ${inSeconds(waitMs)}`;
		const text = `instances could not be given ${sizeText(goal)}: ${wordsOf(error)}`;
		// Each try that fails for the same reason is no news.
		if (text !== this.#said || over) this.#say(`${text}; ${then}`, 'warn');
		this.#said = text;
	}

	#again(): void {
		this.#failures = 0;
		this.#notBeforeMs = 0;
		this.#said = '';
	}

	#say(text: string, level: 'info' | 'warn'): void {
		this.#parts.event({ instance: null, kind: 'size', level, text: `${this.#parts.name}: ${text}` });
	}
}
