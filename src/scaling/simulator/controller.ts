/** Who says how many instances there are to be: a policy, or one that knows the load in advance. */
import type { Decision } from '../decision.ts';
import type { StepFigures } from './engine.ts';
import type { Fleet } from './fleet.ts';

/** What can be seen at the end of a step. */
export interface Seen {
	figures: StepFigures;
	fleet: Fleet;
}

export interface Controller {
	/** What was seen in a step. */
	observe(seen: Seen): void;
	/** At the end of a step; null: it is not time for a decision. Only `desired` is carried out. */
	decide(seen: Seen): Pick<Decision, 'desired' | 'limitedBy'> | null;
}

/** The size of each step, known beforehand. */
export function plannedController(sizeAt: (step: number) => number): Controller {
	let step = 0;
	return { observe: () => {}, decide: () => ({ desired: sizeAt(++step), limitedBy: null }) };
}
