/** What a policy means for the rest of the program. */
import { isDeepStrictEqual } from 'node:util';
import type { ScalePolicy } from '../../scaling/policy.ts';
import { boundsAt } from '../../scaling/schedules.ts';

/** Anything could change the size by itself. */
export function scalesItself({ mode, signals, steps, schedules, min, max }: ScalePolicy): boolean {
	return mode !== 'off' && (signals.length + steps.length + schedules.length > 0 || (min === 0 && max > 0));
}

/** It not only decides. */
export const mayAct = (policy: ScalePolicy): boolean => scalesItself(policy) && policy.mode !== 'shadow';

/** Sizes are set, be it to keep bounds or by hand. */
export const changesSizes = ({ mode }: ScalePolicy): boolean => mode === 'on' || mode === 'scale-out-only';

/** A changed policy makes a size that was set by hand void; one that is found by measuring goes on, within its bounds. */
export function resizeAnew(sizes: Map<string, number>, name: string, before: ScalePolicy, now: ScalePolicy): void {
	if (isDeepStrictEqual(before, now)) return;
	const size = sizes.get(name);
	if (size === undefined) return;
	if (mayAct(before) && mayAct(now)) sizes.set(name, Math.min(now.max, Math.max(now.min, size)));
	else if (before.min !== now.min || before.max !== now.max) sizes.delete(name);
}

/**
 * Why a size must not be set by hand, and what to do; null: it may. 0 switches a pool off, whatever `min` says; a
 * policy that is only a number is no bound.
 */
export function whyOutside(count: number, policy: ScalePolicy, nowMs: number): string | null {
	const { min, max, scheduledMin, scheduledMax } = boundsAt(policy, nowMs);
	const isBound = policy.min < policy.max || scalesItself(policy);
	if (!isBound || count === 0 || (count >= min && count <= max)) return null;
	const [key, scheduled] = count > max ? ['max', scheduledMax] : ['min', scheduledMin];
	const why = `\`scale\` keeps it from ${min} to ${max}${scheduled ? ` (\`${key}\` by schedule)` : ''}`;
	return `${why}; change \`${scheduled ? 'schedule' : key}\` there and \`ballast reload\`, then scale`;
}
