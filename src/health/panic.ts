/**
 * Panic: so few instances of a pool are ready that the rest could not bear the load, or that the
 * checks are more likely wrong than the instances. Then what may still work is used again. Pure.
 */
import { mostEjected } from './outlier.ts';
import type { OutlierConfig } from './outlier-config.ts';

/** It ends when enough were ready for so long, ms. */
const CALM_MS = 5000;

export interface Panic {
	/** Since when, ms of the monotonic clock; null: there is none. */
	readonly since: number | null;
	/** Since when enough are ready; null: they are not. */
	readonly calmSince: number | null;
}

export const NO_PANIC: Panic = { since: null, calmSince: null };

export interface PanicCounts {
	/** Instances that have been ready at some time and do not leave. */
	readonly total: number;
	readonly ready: number;
	/** Those that are not, but could be used. */
	readonly usable: number;
}

export interface PanicDecision {
	readonly panic: Panic;
	/** One sentence when it begins or ends; null: nothing changes. */
	readonly text: string | null;
}

type Limits = Pick<OutlierConfig, 'panic' | 'most'>;

export function decidePanic(
	before: Panic,
	counts: PanicCounts,
	{ limits, now }: { limits: Limits; now: number },
): PanicDecision {
	const lacking = isLacking(counts, limits);
	const { total, ready, usable } = counts;
	const found = `${ready} of ${total} instances ${ready === 1 ? 'is' : 'are'} ready`;
	if (before.since === null) {
		if (!lacking || usable === 0) return { panic: NO_PANIC, text: null };
		const share = Number((limits.panic * 100).toFixed(2));
		const text = `panic: ${found}, less than ${share}%; used again, although ejected or failing the probe: ${usable}`;
		return { panic: { since: now, calmSince: null }, text };
	}
	const calmSince = lacking ? null : (before.calmSince ?? now);
	const over = usable === 0 || (calmSince !== null && now - calmSince >= CALM_MS);
	if (!over) return { panic: { since: before.since, calmSince }, text: null };
	const text = `panic ends after ${Math.round((now - before.since) / 1000)} s: ${found}`;
	return { panic: NO_PANIC, text: usable === 0 && lacking ? `${text}, and no other can be used` : text };
}

/** Ejections alone are no reason: they are bounded for themselves. */
function isLacking({ total, ready }: PanicCounts, { panic, most }: Limits): boolean {
	return panic > 0 && ready < panic * total - 1e-6 && total - ready > mostEjected(total, most);
}
