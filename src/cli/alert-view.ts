/** Alerts as lines for a terminal. */
import { inert } from '../core/inert.ts';
import type { AlertAnswer, AlertsAnswer } from './alert-answer.ts';
import { formatValue } from './figure-view.ts';
import { formatAge, plural } from './quantity.ts';
import { type Cell, type Column, table } from './table.ts';
import { type Colour, paint, type Terminal } from './terminal.ts';
import { clip } from './text-width.ts';

const ORDER = ['firing', 'pending', 'resolved'];
const COLOURS: Record<string, Colour> = { firing: 'red', pending: 'yellow', resolved: 'green', ok: 'green' };

const COLUMNS: Column[] = [
	{ title: 'STATE' },
	{ title: 'ALERT', least: 12 },
	{ title: 'OF', drop: 2, least: 10 },
	{ title: 'VALUE', align: 'right' },
	{ title: 'LIMIT', align: 'right' },
	{ title: 'FOR', align: 'right' },
	{ title: 'SEVERITY', drop: 3 },
	{ title: 'NOTE', drop: 1, least: 10 },
];

/** Firing ones first, and below the table what each is about; those that are well are only counted. */
export function alertLines({ alerts, channels, blind }: AlertsAnswer, terminal: Terminal, nowMs: number): string[] {
	const width = terminal.size()?.columns ?? Number.POSITIVE_INFINITY;
	const well = alerts.filter(({ state }) => state === 'ok');
	const rank = ({ state }: AlertAnswer) => (ORDER.includes(state) ? ORDER.indexOf(state) : ORDER.length);
	const news = alerts
		.filter((alert) => !well.includes(alert))
		.toSorted((a, b) => rank(a) - rank(b) || a.sinceMs - b.sinceMs || a.key.localeCompare(b.key));
	const told = news.filter(({ state }) => state === 'firing' || state === 'pending');
	const lines =
		news.length === 0
			? ['nothing fires']
			: table(
					COLUMNS,
					news.map((alert) => rowOf(alert, nowMs)),
					terminal,
				);
	lines.push(...told.flatMap((alert) => storyOf(alert, terminal, width)));
	const notes = [
		...blind.map(({ rule, why }) => `the rule ${inert(rule)} cannot be judged: ${inert(why)}`),
		...channels
			.filter(({ problem }) => problem !== '')
			.map(({ name, problem }) => `the channel ${inert(name)} does not work: ${inert(problem)}`),
	].map((note) => paint(terminal, 'yellow', clip(note, width)));
	if (well.length > 0)
		notes.push(clip(`${plural(well.length, 'rule')} ${well.length === 1 ? 'has' : 'have'} nothing to say`, width));
	return [...lines, ...(notes.length > 0 && news.length > 0 ? [''] : []), ...notes];
}

function rowOf(alert: AlertAnswer, nowMs: number): Cell[] {
	const { name, state, severity, labels, value, threshold, sinceMs, muted, flapping } = alert;
	const silenced = alert.silencedUntilMs > nowMs;
	const colour = silenced ? 'dim' : COLOURS[state];
	const shown = { ...alert, name: '' };
	const notes = [
		silenced ? `silenced for ${formatAge(alert.silencedUntilMs - nowMs)}` : '',
		muted === '' || silenced ? '' : `not sent: ${muted}`,
		flapping ? 'flapping' : '',
		alert.acknowledged === '' ? '' : `taken by ${alert.acknowledged}`,
	];
	return [
		{ text: inert(state), ...(colour === undefined ? {} : { colour }) },
		{ text: inert(name), colour: 'bold' },
		{ text: Object.values(labels).map(inert).join(' ') },
		// A limit of 0 says nothing, nor does a value that is 0 again: the summary says what happened.
		{ text: threshold === 0 && value === 0 ? '-' : formatValue(value, shown) },
		{ text: threshold === 0 ? '-' : formatValue(threshold, shown) },
		{ text: Number.isNaN(sinceMs) ? '-' : formatAge(nowMs - sinceMs) },
		{ text: inert(severity) },
		{ text: inert(notes.filter((note) => note !== '').join('; ')) },
	];
}

function storyOf(
	{ key, name, summary, rule, cause, runbook, silencedWhy }: AlertAnswer,
	terminal: Terminal,
	width: number,
): string[] {
	const parts = [
		['now', summary],
		['rule', rule],
		['cause', cause],
		['silenced', silencedWhy],
		['runbook', runbook],
	].filter(([, text]) => text !== '') as [string, string][];
	if (parts.length === 0) return [];
	const lines = parts.map(([head, text]) => clip(`  ${head.padEnd(9)}${inert(text)}`, width));
	return ['', paint(terminal, 'bold', clip(inert(key || name), width)), ...lines];
}
