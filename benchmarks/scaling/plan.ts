/** The load of the benchmark, and the policy that meets it. */

export interface StepPlan {
	/** Requests a second that an instance is to have. */
	target: number;
	min: number;
	max: number;
	/** Requests a second before and after the rush, and in it. */
	calm: number;
	rush: number;
	/** How long it is calm at first, and how long the rush lasts, s. */
	calmSeconds: number;
	rushSeconds: number;
	/** Most time until it is back at `min` after the rush, s. */
	backSeconds: number;
	/** All else of `scale`. */
	scale: Readonly<Record<string, unknown>>;
}

const TARGET = 20;
const CALM = 36;

/** The defaults of Ballast but for the cool-down, which is 5 minutes: nobody would wait for it here. */
export const PLAN: StepPlan = {
	...{ target: TARGET, min: 2, max: 14, calm: CALM, rush: 5 * CALM },
	...{ calmSeconds: 32, rushSeconds: 45, backSeconds: 150 },
	scale: { cooldown: '30s' },
};

export const QUICK_PLAN: StepPlan = {
	...PLAN,
	...{ calmSeconds: 12, rushSeconds: 20, backSeconds: 60 },
	scale: { window: '10s', cooldown: '10s' },
};

export const neededOf = ({ rush, target }: StepPlan): number => Math.ceil(rush / target);

/** A `scale` as it stands in a configuration. */
export const scaleOf = ({ min, max, target, scale }: StepPlan): Record<string, unknown> => ({
	...{ min, max, perInstance: { requestsPerSecond: target } },
	...scale,
});
