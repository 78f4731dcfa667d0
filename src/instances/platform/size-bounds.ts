/** A platform's own bounds of a size. */
import type { PlatformGroup } from './platform.ts';
import type { Troubles } from './troubles.ts';

export class SizeBounds {
	readonly #target: string;
	readonly #troubles: Pick<Troubles, 'say'>;
	/** What was told last. */
	#said = '';

	constructor(target: string, troubles: Pick<Troubles, 'say'>) {
		this.#target = target;
		this.#troubles = troubles;
	}

	/** The size nearest to the one that is asked for; that it is another one is told once. */
	bounded(asked: number, { min, max }: PlatformGroup): number {
		const goal = Math.min(Math.max(asked, min ?? 0), max ?? Number.POSITIVE_INFINITY);
		const said = goal === asked ? '' : `${asked} ${goal}`;
		if (said !== '' && said !== this.#said) {
			const bound = goal > asked ? `min is ${min}` : `max is ${max}`;
			const text = `${this.#target} cannot be set to ${asked}: its own ${bound}; it is set to ${goal}`;
			this.#troubles.say('size_bounded', text, 'warn');
		}
		this.#said = said;
		return goal;
	}
}
