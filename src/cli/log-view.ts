/** Entries of a log as lines for a terminal. */
import { inert } from '../core/inert.ts';
import type { LogEntry, Severity } from '../core/log-entry.ts';
import { FIELD_ALIASES } from '../logs/query-tree.ts';
import { formatTime } from './clock-text.ts';
import { formatLatency } from './quantity.ts';
import { type Colour, paint, type Terminal } from './terminal.ts';
import { clip, pad } from './text-width.ts';

const COLOURS: Partial<Record<Severity, Colour>> = {
	trace: 'dim',
	debug: 'dim',
	warn: 'yellow',
	error: 'red',
	fatal: 'red',
};

/** Of a message, and of the value of a field. */
const LONGEST_MESSAGE = 2000;
const LONGEST_VALUE = 200;
const MOST_FIELDS = 24;

/** One line, inert, whatever the entry holds. */
export function logLine(entry: LogEntry, terminal: Pick<Terminal, 'colours'>, nowMs: number): string {
	const { severity } = entry;
	const request = requestOf(entry);
	const message = [request, entry.message].filter((part) => part !== '').join(' ');
	const colour = COLOURS[severity];
	const level = pad(severity.toUpperCase(), 5);
	const said = clip(inert(message.slice(0, LONGEST_MESSAGE + 1)), LONGEST_MESSAGE);
	return [
		paint(terminal, 'dim', formatTime(entry.timeMs, nowMs)),
		colour === undefined ? level : paint(terminal, colour, level),
		paint(terminal, 'cyan', inert(whose(entry))),
		colour === 'red' ? paint(terminal, 'red', said) : said,
		paint(terminal, 'dim', fieldsText(entry, request !== '')),
	]
		.filter((part) => part !== '')
		.join(' ');
}

/** The instance, or who else wrote it. */
function whose({ instance, service, source }: LogEntry): string {
	return (instance || service || source || '-').slice(0, LONGEST_VALUE);
}

/** Fields of a request that its line begins with. */
const OF_REQUEST: readonly string[] = ['http.request.method', 'url.path', 'http.response.status_code', 'duration_s'];

/** Of a request what was asked for, what came of it, how long that took; '': it is none, or could not be read. */
function requestOf({ source, fields }: LogEntry): string {
	const [method, path, status, seconds] = OF_REQUEST.map((name) => fields[name]);
	if (source !== 'access' || typeof method !== 'string' || typeof path !== 'string') return '';
	const took = typeof seconds === 'number' ? [formatLatency(seconds * 1000)] : [];
	return [method, path.slice(0, LONGEST_VALUE), status ?? 'no answer', ...took].filter((part) => part !== '').join(' ');
}

/** The names that queries take, too, where there are shorter ones. */
const SHORT: ReadonlyMap<string, string> = new Map(
	Object.entries(FIELD_ALIASES)
		.reverse()
		.map(([short, name]) => [name, short]),
);

/** `key=value`, without those that the message says already; `told`: the line begins with those of its request. */
function fieldsText({ fields, message, traceId }: LogEntry, told: boolean): string {
	const said = message.slice(0, LONGEST_MESSAGE);
	const shown = Object.entries(fields)
		.filter(([name]) => !told || !OF_REQUEST.includes(name))
		.slice(0, MOST_FIELDS)
		.map(([name, value]) => [name, typeof value === 'string' ? value.slice(0, LONGEST_VALUE + 1) : value] as const)
		.filter(([, value]) => value !== '' && !(String(value).length > 1 && said.includes(String(value))))
		.map(([name, value]) => `${inert((SHORT.get(name) ?? name).slice(0, LONGEST_VALUE))}=${valueText(value)}`);
	if (traceId !== '') shown.push(`trace=${inert(traceId.slice(0, 32))}`);
	return shown.join(' ');
}

function valueText(value: string | number | boolean): string {
	if (typeof value !== 'string') return String(value);
	const text = clip(inert(value), LONGEST_VALUE);
	return /[\s"=]/.test(text) ? JSON.stringify(text) : text;
}
