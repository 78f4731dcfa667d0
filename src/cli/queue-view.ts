/** Queues of jobs as lines for a terminal. */
import { inert } from '../core/inert.ts';
import { formatAge, formatCount, plural } from './quantity.ts';
import type { JobsStatus, QueueStatus } from './queue-answer.ts';
import { type Cell, type Column, table } from './table.ts';
import type { Terminal } from './terminal.ts';

const COLUMNS: readonly Column[] = [
	{ title: 'QUEUE', least: 8 },
	{ title: 'WAITING', align: 'right' },
	{ title: 'OLDEST', align: 'right', drop: 2 },
	{ title: 'RUNNING', align: 'right' },
	{ title: 'PARKED', align: 'right' },
	{ title: 'FAILED', align: 'right' },
	{ title: 'DONE', align: 'right', drop: 1 },
	{ title: '' },
];

/** `now`: epoch ms. */
export const queueTable = (queues: readonly QueueStatus[], terminal: Terminal, now: number): string[] =>
	table(
		COLUMNS,
		queues.map((queue) => queueRow(queue, now)),
		terminal,
	);

function queueRow(
	{ name, paused, waiting, running, parked, failed, done, oldestMs }: QueueStatus,
	now: number,
): Cell[] {
	return [
		{ text: inert(name) },
		{ text: formatCount(waiting) },
		{ text: oldestMs === null ? '' : formatAge(Math.max(0, now - oldestMs)) },
		{ text: formatCount(running) },
		{ text: formatCount(parked), ...(parked > 0 ? { colour: 'yellow' as const } : {}) },
		{ text: formatCount(failed), ...(failed > 0 ? { colour: 'red' as const } : {}) },
		{ text: formatCount(done) },
		paused ? { text: 'paused', colour: 'yellow' } : { text: '' },
	];
}

/** What to know of jobs beside their queues; empty: nothing. */
export function jobNotes({ unusable, webhooks }: JobsStatus): string[] {
	const { waiting, gone } = webhooks;
	const off = gone === 0 ? '' : `; ${plural(gone, 'receiver')} answered 410: ballast jobs receivers`;
	return [
		...(unusable === '' ? [] : [`jobs           cannot be stored: ${inert(unusable)}`]),
		...(waiting === 0 && gone === 0 ? [] : [`webhooks       ${plural(waiting, 'end')} of jobs to be told${off}`]),
	];
}
