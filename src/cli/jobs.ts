/** `ballast jobs`: what waits, runs and failed, and what is to become of it. */
import { globalsOf, type ParsedArguments } from '../config/arguments.ts';
import { closest } from '../core/closest.ts';
import { BallastError } from '../core/errors.ts';
import { inert, inertLines } from '../core/inert.ts';
import { formatDuration } from '../core/units.ts';
import { EXIT, type Run } from './command.ts';
import { control } from './control-client.ts';
import { controlSocket } from './control-socket.ts';
import { jsonText } from './json-text.ts';
import { type Cell, type Column, table } from './table.ts';
import type { Terminal } from './terminal.ts';

const WHAT = ['queues', 'list', 'show', 'cancel', 'redrive', 'settle', 'pause', 'resume'] as const;
type What = (typeof WHAT)[number];

/** What a job is shown by; see `JobView` of src/app/offload. */
interface Job {
	id: string;
	state: string;
	queue: string;
	group: string;
	attempts: number;
	attemptsMost: number;
	created: string;
	error: { code: string; message: string } | null;
}

interface Queue {
	paused: boolean;
	counts: Record<string, number>;
	oldestMs: number | null;
}

interface Answer {
	jobs?: Job[];
	job?: Job;
	changed?: boolean;
	next?: string | null;
	queues?: Record<string, Queue>;
	queue?: Queue;
}

export const jobs: Run = async (parsed, terminal) => {
	const { what, args } = order(parsed);
	const where = controlSocket(globalsOf(parsed), terminal.env);
	const answer = (await control(where, 'jobs', args)) as Answer;
	if (parsed.switches.has('json')) terminal.out(`${jsonText(answer, 2)}\n`);
	else terminal.out(`${inertLines(lines(what, answer, terminal).join('\n'))}\n`);
	return answer.changed === false ? EXIT.failed : EXIT.ok;
};

function order({ positionals, values, switches }: ParsedArguments): { what: What; args: Record<string, unknown> } {
	const [word = 'queues', subject = ''] = positionals;
	const what = WHAT.find((one) => one === word);
	if (what === undefined) {
		const near = closest(word, WHAT);
		throw bad(`expected ${WHAT.join(', ')}${near === undefined ? '' : `; did you mean \`${near}\`?`}`);
	}
	const needs = what === 'pause' || what === 'resume' ? 'queue' : what === 'queues' || what === 'list' ? '' : 'id';
	if (needs === '' && subject !== '') throw bad(`${what} takes no name`);
	if (needs !== '' && subject === '') throw bad(`${what} needs the name of a ${needs === 'id' ? 'job' : 'queue'}`);
	const option = (name: string): string | undefined => values.get(name)?.at(-1);
	const limit = option('limit') ?? '20';
	if (!/^[1-9]\d{0,3}$/.test(limit)) throw bad('--limit: expected a number from 1 to 1000');
	const told = ['queue', 'group', 'state', 'after', 'as'].map((name) => [name, option(name)] as const);
	const args = Object.fromEntries(told.filter(([, value]) => value !== undefined));
	const newKey = switches.has('new-key');
	return {
		what,
		args: { do: what, ...args, newKey, limit: Number(limit), ...(needs === '' ? {} : { [needs]: subject }) },
	};
}

function lines(what: What, answer: Answer, terminal: Terminal): string[] {
	switch (what) {
		case 'queues':
			return queueLines(answer.queues ?? {}, terminal);
		case 'list':
			return listLines(answer, terminal);
		case 'show':
			return [JSON.stringify(answer.job, null, 2)];
		case 'pause':
		case 'resume':
			return [answer.queue?.paused === true ? 'paused: none of its jobs begins' : 'its jobs begin'];
		default:
			return [changeLine(answer)];
	}
}

function changeLine({ job, changed }: Answer): string {
	const state = job?.state ?? '';
	return changed === true ? `it is ${state} now` : `it is ${state}: nothing was changed`;
}

const QUEUE_COLUMNS: readonly Column[] = [
	{ title: 'QUEUE', least: 8 },
	{ title: 'WAITING', align: 'right' },
	{ title: 'OLDEST', align: 'right', drop: 2 },
	{ title: 'RUNNING', align: 'right' },
	{ title: 'PARKED', align: 'right' },
	{ title: 'FAILED', align: 'right' },
	{ title: 'DONE', align: 'right', drop: 1 },
	{ title: '' },
];

function queueLines(queues: Record<string, Queue>, terminal: Terminal): string[] {
	const rows = Object.entries(queues).map(([name, { paused, counts, oldestMs }]): Cell[] => {
		const count = (...states: string[]): string => String(states.reduce((sum, state) => sum + (counts[state] ?? 0), 0));
		return [
			{ text: inert(name) },
			{ text: count('waiting', 'scheduled') },
			{ text: oldestMs === null ? '' : formatDuration(Math.max(0, Math.round((Date.now() - oldestMs) / 1000) * 1000)) },
			{ text: count('running', 'submitted') },
			{ text: count('parked') },
			{ text: count('failed') },
			{ text: count('succeeded') },
			paused ? { text: 'paused', colour: 'yellow' } : { text: '' },
		];
	});
	return rows.length === 0 ? ['no route makes jobs here'] : table(QUEUE_COLUMNS, rows, terminal);
}

const JOB_COLUMNS: readonly Column[] = [
	{ title: 'JOB' },
	{ title: 'STATE' },
	{ title: 'QUEUE', least: 8 },
	{ title: 'GROUP', least: 6, drop: 2 },
	{ title: 'TRIES', align: 'right' },
	{ title: 'CREATED', drop: 1 },
	{ title: 'ERROR', least: 10 },
];

function listLines({ jobs: found = [], next }: Answer, terminal: Terminal): string[] {
	if (found.length === 0 && next == null) return ['there are none'];
	const rows = found.map((job): Cell[] => [
		{ text: inert(job.id) },
		{ text: inert(job.state) },
		{ text: inert(job.queue) },
		{ text: inert(job.group) },
		{ text: `${job.attempts}/${job.attemptsMost}` },
		{ text: inert(job.created) },
		{ text: inert(job.error?.message ?? '') },
	]);
	return [...table(JOB_COLUMNS, rows, terminal), ...(next == null ? [] : [`more: --after ${inert(next)}`])];
}

const bad = (message: string): BallastError => new BallastError('bad_command', `jobs: ${message}`);
