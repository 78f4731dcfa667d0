/** `ballast jobs`: what waits, runs and failed, and what is to become of it. */
import { globalsOf, type ParsedArguments } from '../config/arguments.ts';
import { closest } from '../core/closest.ts';
import { BallastError } from '../core/errors.ts';
import { inert, inertLines } from '../core/inert.ts';
import { formatDuration } from '../core/units.ts';
import { type Fields, listOr, numberOr, textOr } from './answer-form.ts';
import { EXIT, type Run } from './command.ts';
import { control } from './control-client.ts';
import { controlSocket } from './control-socket.ts';
import { laneLines, spendLines } from './job-places.ts';
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
	/** Its last; '': none. */
	error: string;
}

interface Queue {
	paused: boolean;
	counts: Record<string, unknown>;
	oldestMs: number | null;
}

/** Of one command each has a part. */
interface Answer {
	jobs: Job[];
	job: Job;
	/** The job as it came. */
	whole: unknown;
	changed: boolean | null;
	/** '': that was the last page. */
	next: string;
	queues: [name: string, queue: Queue][];
	queue: Queue;
	/** As they came. */
	lanes: unknown;
	spending: unknown;
}

/** The other end may be another version. */
function readAnswer(said: unknown): Answer {
	const { jobs: found, job, changed, next, queues, queue, lanes, spending } = fields(said);
	return {
		jobs: listOr(found).map(readJob),
		job: readJob(job),
		whole: job ?? null,
		changed: typeof changed === 'boolean' ? changed : null,
		next: textOr(next),
		queues: Object.entries(fields(queues)).map(([name, one]) => [name, readQueue(one)]),
		queue: readQueue(queue),
		lanes,
		spending,
	};
}

const fields = (value: unknown): Fields =>
	typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Fields) : {};

function readJob(said: unknown): Job {
	const { id, state, queue, group, attempts, attemptsMost, created, error } = fields(said);
	const { message } = fields(error);
	return {
		id: textOr(id),
		state: textOr(state),
		queue: textOr(queue),
		group: textOr(group),
		attempts: numberOr(attempts, 0),
		attemptsMost: numberOr(attemptsMost, 0),
		created: textOr(created),
		error: textOr(message),
	};
}

function readQueue(said: unknown): Queue {
	const { paused, counts, oldestMs } = fields(said);
	return { paused: paused === true, counts: fields(counts), oldestMs: typeof oldestMs === 'number' ? oldestMs : null };
}

export const jobs: Run = async (parsed, terminal) => {
	const { what, args } = order(parsed);
	const where = controlSocket(globalsOf(parsed), terminal.env);
	const said = await control(where, 'jobs', args);
	const answer = readAnswer(said);
	if (parsed.switches.has('json')) terminal.out(`${jsonText(said, 2)}\n`);
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
			return [
				...queueLines(answer.queues, terminal),
				...laneLines(answer.lanes, terminal),
				...spendLines(answer.spending, terminal),
			];
		case 'list':
			return listLines(answer, terminal);
		case 'show':
			return [jsonText(answer.whole, 2)];
		case 'pause':
		case 'resume':
			return [answer.queue.paused ? 'paused: none of its jobs begins' : 'its jobs begin'];
		default:
			return [changeLine(answer)];
	}
}

function changeLine({ job, changed }: Answer): string {
	return changed === true ? `it is ${job.state} now` : `it is ${job.state}: nothing was changed`;
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

function queueLines(queues: Answer['queues'], terminal: Terminal): string[] {
	const rows = queues.map(([name, { paused, counts, oldestMs }]): Cell[] => {
		const count = (...states: string[]): string =>
			String(states.reduce((sum, state) => sum + numberOr(counts[state], 0), 0));
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

function listLines({ jobs: found, next }: Answer, terminal: Terminal): string[] {
	if (found.length === 0 && next === '') return ['there are none'];
	const rows = found.map((job): Cell[] => [
		{ text: inert(job.id) },
		{ text: inert(job.state) },
		{ text: inert(job.queue) },
		{ text: inert(job.group) },
		{ text: `${job.attempts}/${job.attemptsMost}` },
		{ text: inert(job.created) },
		{ text: inert(job.error) },
	]);
	return [...table(JOB_COLUMNS, rows, terminal), ...(next === '' ? [] : [`more: --after ${inert(next)}`])];
}

const bad = (message: string): BallastError => new BallastError('bad_command', `jobs: ${message}`);
