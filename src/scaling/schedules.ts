/** Bounds that hold for a time. */
import { Cron } from 'croner';
import type { Schedule } from './policy.ts';

const MOST_KEPT = 10_000;

/** Between two of its times nothing has to be reckoned. */
interface Times {
	cron: Cron;
	/** −∞: never before. */
	lastMs: number;
	/** ∞: never again. */
	nextMs: number;
}

const known = new Map<string, Times>();

/** @throws Error when the text or the time zone is none. */
export function parseCron(cron: string, timeZone: string | null): Cron {
	return new Cron(cron, { paused: true, mode: '5-or-6-parts', ...(timeZone === null ? {} : { timezone: timeZone }) });
}

/** Whether one of its times was less than `forMs` ago. */
export function isOn({ cron, timeZone, forMs }: Schedule, nowMs: number): boolean {
	const key = timeZone === null ? cron : `${timeZone} ${cron}`;
	let times = known.get(key);
	if (times === undefined) {
		if (known.size >= MOST_KEPT) known.clear();
		times = { cron: parseCron(cron, timeZone), lastMs: 0, nextMs: Number.NEGATIVE_INFINITY };
		known.set(key, times);
	}
	if (nowMs < times.lastMs || nowMs >= times.nextMs) renew(times, nowMs);
	return nowMs - times.lastMs < forMs;
}

function renew(times: Times, nowMs: number): void {
	// Times are whole seconds, and `previousRuns` leaves out the one that it is asked for.
	const now = new Date(Math.floor(nowMs / 1000) * 1000);
	times.lastMs = times.cron.previousRuns(1, new Date(now.getTime() + 1000))[0]?.getTime() ?? Number.NEGATIVE_INFINITY;
	times.nextMs = times.cron.nextRun(now)?.getTime() ?? Number.POSITIVE_INFINITY;
}

export interface Bounds {
	min: number;
	max: number;
	/** They are those of a schedule. */
	scheduledMin: boolean;
	scheduledMax: boolean;
}

/** Of several schedules at once the largest bounds count, instead of those of the policy. */
export function boundsAt(policy: { min: number; max: number; schedules: readonly Schedule[] }, nowMs: number): Bounds {
	let min: number | null = null;
	let max: number | null = null;
	for (const schedule of policy.schedules) {
		if (!isOn(schedule, nowMs)) continue;
		if (schedule.min !== null && (min === null || schedule.min > min)) min = schedule.min;
		if (schedule.max !== null && (max === null || schedule.max > max)) max = schedule.max;
	}
	return {
		min: min ?? policy.min,
		max: max ?? policy.max,
		scheduledMin: min !== null,
		scheduledMax: max !== null,
	};
}
