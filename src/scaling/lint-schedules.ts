/** Schedules that never come, never end, or ask for what cannot be. */
import type { Cron } from 'croner';
import { formatDuration } from '../core/units.ts';
import type { Report } from './lint-finding.ts';
import type { ScalePolicy, Schedule } from './policy.ts';
import { parseCron } from './schedules.ts';

/** A week of a daily schedule. */
const LOOKED_AT = 8;

export function lintSchedules(policy: ScalePolicy, nowMs: number, report: Report): void {
	for (const [at, schedule] of policy.schedules.entries()) {
		const path = `schedule.${at}`;
		lintBounds(schedule, policy, (level, key, message) => report(level, `${path}${key}`, message));
		lintTimes(schedule, nowMs, (level, key, message) => report(level, `${path}${key}`, message));
		const { cooldownMs } = policy.in;
		if (cooldownMs >= schedule.forMs)
			report(
				'warn',
				`${path}.for`,
				`It is over after ${formatDuration(schedule.forMs)}, but the cooldown keeps its instances for ${formatDuration(cooldownMs)}.`,
			);
	}
}

function lintBounds({ min, max }: Schedule, policy: ScalePolicy, report: Report): void {
	if (min === null && max === null) report('error', '', 'It changes neither min nor max.');
	const [least, most] = [min ?? policy.min, max ?? policy.max];
	if (least <= most) return;
	const lower = min === null ? `the min ${policy.min} of the policy` : `min ${min}`;
	const upper = max === null ? `the max ${policy.max} of the policy` : `max ${max}`;
	report('error', min === null ? '.max' : '.min', `While it is on, ${lower} is more than ${upper}.`);
}

function lintTimes({ cron, timeZone, forMs }: Schedule, nowMs: number, report: Report): void {
	let times: Date[];
	try {
		times = upcoming(parseCron(cron, timeZone), nowMs);
	} catch (error) {
		report(
			'error',
			'.cron',
			`\`${cron}\`${timeZone === null ? '' : ` in ${timeZone}`} is no schedule: ${said(error)}.`,
		);
		return;
	}
	if (times.length === 0) report('error', '.cron', `\`${cron}\` never comes.`);
	if (forMs <= 0) report('error', '.for', 'It is over as soon as it begins.');
	const gaps = times.slice(1).map((time, at) => time.getTime() - (times[at] as Date).getTime());
	if (gaps.length === LOOKED_AT - 1 && gaps.every((gap) => gap <= forMs))
		report(
			'warn',
			'.for',
			`It is always on: it comes again within ${formatDuration(Math.max(...gaps))} and lasts ${formatDuration(forMs)}.`,
		);
}

function upcoming(cron: Cron, nowMs: number): Date[] {
	return cron.nextRuns(LOOKED_AT, new Date(nowMs));
}

function said(error: unknown): string {
	const text = error instanceof Error ? error.message : String(error);
	return text.replace(/^CronPattern: |^CronDate: /, '').replace(/\.$/, '');
}
