/** Maintenance windows: times in which alerts are not told. `0 2 * * 0 for 2h` (cron, the machine's time) or `2026-12-01T02:00Z for 2h`. */
import { parseDuration } from '../core/units.ts';

export interface MaintenanceWindow {
	/** As it was written. */
	text: string;
	/** null: all services. */
	service: string | null;
	start: { kind: 'cron'; fields: readonly CronField[] } | { kind: 'once'; atMs: number };
	durationMs: number;
}

/** Minute, hour, day of the month, month, day of the week: which numbers fit; null: all. */
export type CronField = readonly number[] | null;

const MINUTE = 60_000;
const MOST_MS = 7 * 86_400_000;
const RANGES: readonly [string, number, number][] = [
	['minute', 0, 59],
	['hour', 0, 23],
	['day of the month', 1, 31],
	['month', 1, 12],
	['day of the week', 0, 7],
];
const EXAMPLE = 'such as `0 2 * * 0 for 2h` (Sundays at 2) or `2026-12-01T02:00Z for 2h`';

/** A window, or a sentence that says what is wrong with it. */
export function readWindow(text: string, service: string | null = null): MaintenanceWindow | string {
	const found = /^(.+?)\s+for\s+(\S+)$/.exec(text.trim());
	if (text.length > 200 || found === null) return `expected a start and a duration, ${EXAMPLE}`;
	const [, start = '', duration = ''] = found;
	const durationMs = parseDuration(duration);
	if (durationMs === undefined || durationMs < MINUTE || durationMs > MOST_MS)
		return `expected a duration from 1m to 7d behind \`for\`, not \`${duration}\``;
	if (/^\d{4}-/.test(start)) {
		const atMs = /^\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d)?(Z|[+-]\d\d:\d\d)$/.test(start) ? Date.parse(start) : Number.NaN;
		if (Number.isNaN(atMs))
			return `expected a time such as 2026-12-01T02:00Z or 2026-12-01T02:00+01:00, not \`${start}\``;
		return { text, service, start: { kind: 'once', atMs }, durationMs };
	}
	const fields = start.split(/\s+/);
	if (fields.length !== RANGES.length)
		return `expected five fields of cron (minute, hour, day, month, day of the week), ${EXAMPLE}`;
	const read = fields.map((field, at) => readField(field, RANGES[at] as [string, number, number]));
	const wrong = read.find((one) => typeof one === 'string');
	if (typeof wrong === 'string') return wrong;
	return { text, service, start: { kind: 'cron', fields: read as CronField[] }, durationMs };
}

function readField(text: string, [name, min, max]: [string, number, number]): CronField | string {
	if (text === '*') return null;
	const numbers = new Set<number>();
	for (const part of text.split(',')) {
		const found = /^(?:\*|(\d+)(?:-(\d+))?)(?:\/(\d+))?$/.exec(part);
		const from = Number(found?.[1] ?? min);
		const to = Number(found?.[2] ?? (found?.[1] === undefined || found[3] !== undefined ? max : from));
		const step = Number(found?.[3] ?? 1);
		if (found === null || from < min || to > max || from > to || step < 1)
			return `expected ${name} from ${min} to ${max}, such as ${min}, ${min}-${max}, */2 or *, not \`${text}\``;
		// Sunday is both 0 and 7.
		for (let one = from; one <= to; one += step) numbers.add(max === 7 ? one % 7 : one);
	}
	return [...numbers].sort((a, b) => a - b);
}

/** Whether the window is open at a time. Looks at most a week back, a minute at a time. */
export function isOpen({ start, durationMs }: MaintenanceWindow, nowMs: number): boolean {
	if (start.kind === 'once') return nowMs >= start.atMs && nowMs < start.atMs + durationMs;
	const minute = Math.floor(nowMs / MINUTE) * MINUTE;
	for (let at = minute; at > nowMs - durationMs; at -= MINUTE) if (starts(start.fields, new Date(at))) return true;
	return false;
}

function starts([minute, hour, day, month, weekday]: readonly CronField[], at: Date): boolean {
	const fits = (field: CronField | undefined, value: number) => field == null || field.includes(value);
	if (!fits(minute, at.getMinutes()) || !fits(hour, at.getHours()) || !fits(month, at.getMonth() + 1)) return false;
	const [ofMonth, ofWeek] = [fits(day, at.getDate()), fits(weekday, at.getDay())];
	// As cron has it: where both are said, one is enough.
	return day != null && weekday != null ? ofMonth || ofWeek : ofMonth && ofWeek;
}

/** Open windows, asked once a minute: most of a week's minutes need not be looked at each time. */
export class MaintenanceCalendar {
	readonly #windows: readonly MaintenanceWindow[];
	#minute = Number.NaN;
	#open: MaintenanceWindow[] = [];

	constructor(windows: readonly MaintenanceWindow[]) {
		this.#windows = windows;
	}

	/** The window that an alert of this service falls into; '': of none. */
	windowFor(service: string, nowMs: number): MaintenanceWindow | undefined {
		const minute = Math.floor(nowMs / MINUTE);
		if (minute !== this.#minute) {
			this.#minute = minute;
			this.#open = this.#windows.filter((window) => isOpen(window, nowMs));
		}
		return this.#open.find((window) => window.service === null || window.service === service);
	}
}
