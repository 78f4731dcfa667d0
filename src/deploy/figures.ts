/** Figures of two versions, in words. */
import { type Durations, failedShare, quantile, type Sample } from './sample.ts';

export interface Figures {
	/** `0.5 % failed (old: 0.1 %)` */
	readonly errors: string;
	/** `, p95 120 ms (old: 118 ms)`; empty where nothing was timed. */
	readonly time: string;
}

export function figures(compared: { old: Sample; fresh: Sample; durations: Durations }): Figures {
	const { old, fresh, durations } = compared;
	const took = quantile(fresh, durations, 0.95);
	const before = quantile(old, durations, 0.95);
	return {
		errors: `${percent(failedShare(fresh))} failed (old: ${old.attempts === 0 ? 'no requests' : percent(failedShare(old))})`,
		time: took === 0 || before === 0 ? '' : `, p95 ${inMs(took)} (old: ${inMs(before)})`,
	};
}

/** `0.04 %`, `5.2 %`, `12 %`. */
export function percent(share: number): string {
	const value = share * 100;
	return `${Number(value.toFixed(value >= 10 || value === 0 ? 0 : value >= 1 ? 1 : 2))} %`;
}

/** `0.4 ms`, `12 ms`, `1.6 s`. */
export function inMs(us: number): string {
	if (us >= 1_000_000) return `${Number((us / 1_000_000).toFixed(1))} s`;
	const ms = us / 1000;
	return `${Number(ms.toFixed(ms >= 10 ? 0 : 1))} ms`;
}

/** `1.8 times`. */
export const times = (ratio: number): string => `${Number(ratio.toFixed(ratio >= 10 ? 0 : 1))} times`;
