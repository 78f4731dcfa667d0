/** What the calls of `ballast/jobs` are given, checked: refused with all that is wrong, never repaired. */
import { DAY_MS, duration, refuseUnknown, whole, YEAR_MS } from './option-checks.ts';
import { checkWebhookOptions, type WebhookOptions, type WebhookOptionsChecked } from './webhook-options.ts';

export interface JobsOptions {
	/** The database file; made with its folder. All processes of one machine that use it share its jobs. */
	file: string;
	/** How long a job is kept after its end, to 365d; default `7d`. */
	keep?: string;
	/** How ends are told to those that `enqueue` names; by each process that says this. Default: nobody is told. */
	webhooks?: WebhookOptions;
	/** Told when the file was corrupt and put aside, with an empty one in its place; default: a warning of the process. */
	onQuarantined?: (of: { path: string; movedTo: string; reason: string }) => void;
}

export interface EnqueueOptions {
	/** Begins no sooner than this from now, to 365d; default at once. */
	delay?: string;
	/** Within its group; default `normal`. */
	priority?: 'low' | 'normal' | 'high';
	/** Jobs of one group (a tenant, a user) share a queue's turns fairly with those of others. To 256 characters, default none. */
	group?: string;
	/** At most so many attempts, 1 to 1000; default 5. */
	attempts?: number;
	/** Ends as `expired` when it has not ended so long from now, to 365d; default never. */
	deadline?: string;
	/** Handed in again with the same key, it is the same job. To 256 characters, default none. */
	key?: string;
	/** How long the key is known, to 365d; it outlives the job. Default `24h`. */
	keyFor?: string;
	/** Who is told of its end, by a signed webhook: an https URL. Needs `webhooks` of `openJobs`. Default nobody. */
	webhook?: string;
}

export interface WorkerOptions {
	/** Jobs at once, of this queue over all processes, 1 to 1000; default 10. */
	concurrency?: number;
	/** Of one group at once, over all processes; default as many as `concurrency`. */
	perGroup?: number;
	/** No more begin in any span, over all processes: `{ count: 100, per: '1m' }`; default as many as come. */
	rate?: { count: number; per: string };
	/** One attempt is given up after this, to 24h; default `10m`. */
	timeLimit?: string;
	/** Pause before the second attempt, doubled for each further one; default `1s`. */
	pause?: string;
	/** The longest pause; default `5m`. */
	longestPause?: string;
	/** A job whose worker died in its midst: `repeat` it (the handler bears that; default), or `park` it for a person. */
	lost?: 'repeat' | 'park';
}

const PRIORITIES = ['low', 'normal', 'high'] as const;

export interface JobsSettings {
	file: string;
	keepMs: number;
	onQuarantined: NonNullable<JobsOptions['onQuarantined']>;
	webhooks: WebhookOptionsChecked | null;
}

/** Throws a TypeError that names the option and what is accepted. */
export function checkJobsOptions(options: JobsOptions): JobsSettings {
	refuseUnknown(options, ['file', 'keep', 'webhooks', 'onQuarantined']);
	const { file, keep = '7d', webhooks, onQuarantined = warn } = options;
	if (typeof file !== 'string' || file === '') throw new TypeError('file: expected the path of a file');
	return {
		file,
		keepMs: duration('keep', keep, [0, YEAR_MS]),
		onQuarantined,
		webhooks: webhooks === undefined ? null : checkWebhookOptions(webhooks),
	};
}

export interface EnqueueSettings {
	delayMs: number;
	priority: number;
	group: string;
	attempts: number;
	deadlineMs: number | null;
	key: string | null;
	keyForMs: number;
	webhook: string | null;
}

export function checkEnqueue(options: EnqueueOptions): EnqueueSettings {
	refuseUnknown(options, ['delay', 'priority', 'group', 'attempts', 'deadline', 'key', 'keyFor', 'webhook']);
	const { delay = '0s', priority = 'normal', group = '', attempts = 5, deadline, key, keyFor = '24h' } = options;
	const { webhook = null } = options;
	if (webhook !== null && typeof webhook !== 'string') throw new TypeError('webhook: expected a URL');
	if (!PRIORITIES.includes(priority)) throw new TypeError('priority: expected low, normal or high');
	return {
		delayMs: duration('delay', delay, [0, YEAR_MS]),
		priority: PRIORITIES.indexOf(priority),
		group: group === '' ? '' : name('group', group),
		attempts: whole('attempts', attempts, [1, 1000]),
		deadlineMs: deadline === undefined ? null : duration('deadline', deadline, [1, YEAR_MS]),
		key: key === undefined ? null : name('key', key),
		keyForMs: duration('keyFor', keyFor, [1, YEAR_MS]),
		webhook,
	};
}

export interface WorkerSettings {
	concurrency: number;
	perGroup: number;
	rate: { count: number; perMs: number } | null;
	timeLimitMs: number;
	pauseMs: number;
	longestPauseMs: number;
	repeatsLost: boolean;
}

export function checkWorker(options: WorkerOptions): WorkerSettings {
	refuseUnknown(options, ['concurrency', 'perGroup', 'rate', 'timeLimit', 'pause', 'longestPause', 'lost']);
	const { concurrency = 10, perGroup = 0, rate, timeLimit = '10m', pause = '1s', longestPause = '5m' } = options;
	const { lost = 'repeat' } = options;
	if (lost !== 'repeat' && lost !== 'park') throw new TypeError('lost: expected repeat or park');
	return {
		concurrency: whole('concurrency', concurrency, [1, 1000]),
		perGroup: perGroup === 0 ? 0 : whole('perGroup', perGroup, [1, 1000]),
		rate: rate === undefined ? null : checkRate(rate),
		timeLimitMs: duration('timeLimit', timeLimit, [1, DAY_MS]),
		pauseMs: duration('pause', pause, [1, DAY_MS]),
		longestPauseMs: duration('longestPause', longestPause, [1, DAY_MS]),
		repeatsLost: lost === 'repeat',
	};
}

export const queueName = (value: unknown): string => name('queue', value);

function checkRate(rate: { count: number; per: string }): { count: number; perMs: number } {
	refuseUnknown(rate, ['count', 'per']);
	return { count: whole('rate.count', rate.count, [1, 1_000_000]), perMs: duration('rate.per', rate.per, [1, DAY_MS]) };
}

function name(option: string, value: unknown): string {
	if (typeof value === 'string' && value.length >= 1 && value.length <= 256) return value;
	throw new TypeError(`${option}: expected 1 to 256 characters`);
}

function warn({ path, movedTo, reason }: { path: string; movedTo: string; reason: string }): void {
	process.emitWarning(`${path} was corrupt (${reason}) and was put aside as ${movedTo}: its jobs are not worked on`, {
		code: 'BALLAST_JOBS_QUARANTINED',
	});
}
