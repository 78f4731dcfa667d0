/** `ballast jobs`: what waits, runs and failed, and what is to become of it. */
import { globalsOf, type ParsedArguments } from '../config/arguments.ts';
import { closest } from '../core/closest.ts';
import { BallastError } from '../core/errors.ts';
import { inert, inertLines } from '../core/inert.ts';
import { listOr, numberOr, textOr } from './answer-form.ts';
import { EXIT, type Run } from './command.ts';
import { control } from './control-client.ts';
import { controlSocket } from './control-socket.ts';
import { laneLines, spendLines } from './job-places.ts';
import { jsonText } from './json-text.ts';
import { plural } from './quantity.ts';
import { fieldsOf, NO_JOBS, type QueueStatus, readJobs, readQueue, readQueues } from './queue-answer.ts';
import { jobNotes, queueTable } from './queue-view.ts';
import { type Cell, type Column, table } from './table.ts';
import type { Terminal } from './terminal.ts';

const WHAT = [
	'queues',
	'list',
	'show',
	'cancel',
	'redrive',
	'settle',
	'pause',
	'resume',
	'receivers',
	'enable',
] as const;
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

/** A receiver of webhooks that is called no more. */
interface Receiver {
	key: string;
	host: string;
	sinceMs: number;
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
	queues: QueueStatus[];
	/** Beside them. */
	notes: string[];
	queue: QueueStatus;
	receivers: Receiver[];
	/** Receivers that are called again. */
	enabled: number | null;
	/** As they came. */
	lanes: unknown;
	spending: unknown;
}

/** The other end may be another version. */
function readAnswer(said: unknown): Answer {
	const { jobs: found, job, changed, next, queues, queue, receivers, enabled, lanes, spending } = fieldsOf(said);
	return {
		jobs: listOr(found).map(readJob),
		job: readJob(job),
		whole: job ?? null,
		changed: typeof changed === 'boolean' ? changed : null,
		next: textOr(next),
		queues: readQueues(queues),
		notes: jobNotes(readJobs(said) ?? NO_JOBS),
		queue: readQueue('', queue),
		receivers: listOr(receivers).map(({ key, host, sinceMs }) => ({
			key: textOr(key),
			host: textOr(host),
			sinceMs: numberOr(sinceMs, 0),
		})),
		enabled: typeof enabled === 'number' ? enabled : null,
		lanes,
		spending,
	};
}

function readJob(said: unknown): Job {
	const { id, state, queue, group, attempts, attemptsMost, created, error } = fieldsOf(said);
	const { message } = fieldsOf(error);
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

export const jobs: Run = async (parsed, terminal) => {
	const { what, args } = order(parsed);
	const where = controlSocket(globalsOf(parsed), terminal.env);
	const said = await control(where, 'jobs', args);
	const answer = readAnswer(said);
	if (parsed.switches.has('json')) terminal.out(`${jsonText(said, 2)}\n`);
	// Tables are inert, and may have colours.
	else terminal.out(`${lines(what, answer, terminal).join('\n')}\n`);
	return answer.changed === false || answer.enabled === 0 ? EXIT.failed : EXIT.ok;
};

/** What follows a word, where it is no job's id. */
const NEEDS: Partial<Record<What, 'queue' | 'receiver' | ''>> = {
	pause: 'queue',
	resume: 'queue',
	enable: 'receiver',
	queues: '',
	list: '',
	receivers: '',
};

function order({ positionals, values, switches }: ParsedArguments): { what: What; args: Record<string, unknown> } {
	const [word = 'queues', subject = ''] = positionals;
	const what = WHAT.find((one) => one === word);
	if (what === undefined) {
		const near = closest(word, WHAT);
		throw bad(`expected ${WHAT.join(', ')}${near === undefined ? '' : `; did you mean \`${near}\`?`}`);
	}
	const needs = NEEDS[what] ?? 'id';
	if (needs === '' && subject !== '') throw bad(`${what} takes no name`);
	if (needs !== '' && subject === '') throw bad(`${what} needs the name of a ${needs === 'id' ? 'job' : needs}`);
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
				...(answer.queues.length === 0
					? ['no route makes jobs here']
					: queueTable(answer.queues, terminal, Date.now())),
				...answer.notes,
				...laneLines(answer.lanes, terminal),
				...spendLines(answer.spending, terminal),
			];
		case 'list':
			return listLines(answer, terminal);
		case 'show':
			return [inertLines(jsonText(answer.whole, 2))];
		case 'pause':
		case 'resume':
			return [answer.queue.paused ? 'paused: none of its jobs begins' : 'its jobs begin'];
		case 'receivers':
			return receiverLines(answer.receivers, terminal);
		case 'enable':
			return [
				answer.enabled === 0
					? 'there is none: nothing was changed'
					: `${plural(answer.enabled ?? 0, 'receiver')} called again`,
			];
		default:
			return [changeLine(answer)];
	}
}

function changeLine({ job, changed }: Answer): string {
	return changed === true ? `it is ${inert(job.state)} now` : `it is ${inert(job.state)}: nothing was changed`;
}

const RECEIVER_COLUMNS: readonly Column[] = [
	{ title: 'RECEIVER' },
	{ title: 'HOST', least: 10 },
	{ title: 'GONE SINCE', drop: 1 },
];

function receiverLines(receivers: readonly Receiver[], terminal: Terminal): string[] {
	if (receivers.length === 0) return ['all receivers of webhooks are called'];
	const rows = receivers.map(({ key, host, sinceMs }): Cell[] => [
		{ text: inert(key) },
		{ text: inert(host) },
		{ text: new Date(sinceMs).toISOString() },
	]);
	return table(RECEIVER_COLUMNS, rows, terminal);
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
