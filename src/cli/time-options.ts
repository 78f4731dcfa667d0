/** The span of time that a command looks at. */
import type { ParsedArguments } from '../config/arguments.ts';
import { BallastError } from '../core/errors.ts';
import { parseDuration } from '../core/units.ts';

export interface TimeRange {
	/** Epoch ms. */
	fromMs: number;
	toMs: number;
}

/** `--since`, or `--from` and `--to`; `defaultMs` back where none is given. Throws `bad_command`. */
export function timeRange(parsed: ParsedArguments, nowMs: number, defaultMs: number): TimeRange {
	const [since, from, to] = ['since', 'from', 'to'].map((name) => parsed.values.get(name)?.at(-1));
	if (since !== undefined && from !== undefined) throw bad('--since and --from exclude each other');
	const toMs = to === undefined ? nowMs : timeOf('--to', to, nowMs);
	let fromMs = toMs - defaultMs;
	if (since !== undefined) fromMs = nowMs - durationOf('--since', since);
	if (from !== undefined) fromMs = timeOf('--from', from, nowMs);
	if (fromMs >= toMs) throw bad(`the time ends (${shown(toMs)}) before it begins (${shown(fromMs)})`);
	return { fromMs, toMs };
}

/** Throws `bad_command`. */
export function durationOf(option: string, text: string): number {
	const ms = parseDuration(text);
	if (ms === undefined || ms <= 0) throw bad(`${option} takes a duration such as 90s, 15m, 2h or 7d, not \`${text}\``);
	return ms;
}

/** A time of day means the last such one; without a zone it is the local one. */
function timeOf(option: string, text: string, nowMs: number): number {
	const ofDay = /^([01]?\d|2[0-3]):([0-5]\d)(?::([0-5]\d))?$/.exec(text);
	if (ofDay !== null) {
		const day = new Date(nowMs);
		day.setHours(Number(ofDay[1]), Number(ofDay[2]), Number(ofDay[3] ?? 0), 0);
		if (day.getTime() > nowMs) day.setDate(day.getDate() - 1);
		return day.getTime();
	}
	const date = /^\d{4}-\d\d-\d\d$/.test(text);
	const whole = /^\d{4}-\d\d-\d\d[T ]\d\d:\d\d(?::\d\d(?:\.\d{1,9})?)?(?:Z|[+-]\d\d:?\d\d)?$/i.test(text);
	// A bare date is midnight here, not in Greenwich.
	const ms = date ? Date.parse(`${text}T00:00`) : whole ? Date.parse(text.replace(' ', 'T')) : Number.NaN;
	if (Number.isNaN(ms))
		throw bad(`${option} takes a time such as 14:30, 2026-11-28 or 2026-11-28T14:30:00Z, not \`${text}\``);
	return ms;
}

const shown = (ms: number): string => (Math.abs(ms) < 8.64e15 ? new Date(ms).toISOString() : 'at no time');

const bad = (message: string) => new BallastError('bad_command', message);
