/** What can be set, at the start and while it runs. Times are simulated ones. */
import { amount, count, duration, flag, type Knob, oneOf, share, text } from './knob-kinds.ts';

export const KNOBS = {
	createP50Ms: duration('2500ms', 'median time of a call that creates'),
	createP99Ms: duration('31s', '99th percentile of it'),
	slowCreateRate: share('share of the calls that create which take `slowCreateMs`'),
	slowCreateMs: duration('45s', 'time of a slow call that creates'),
	readP50Ms: duration('120ms', 'median time of all other calls'),
	readP99Ms: duration('900ms', '99th percentile of it'),

	pendingMs: duration('15s', 'time from the start of a job to `processing`'),
	renderP50Ms: duration('8m', 'median time of rendering'),
	renderP99Ms: duration('25m', '99th percentile of it'),
	failureRate: share('share of the jobs that fail'),
	failureCode: text('rendering_failed', '`failure_code` of those'),
	stuckRate: share('share of the jobs that stay in `processing` for `stuckMs`, then fail'),
	stuckMs: duration('24h', 'how long a stuck job holds its slot'),
	nullUrlRate: share('share of the jobs that are `completed` before their URL is there'),
	nullUrlMs: duration('30s', 'how long the URL is missing then'),
	urlLifeMs: duration('7d', 'how long a signed URL works [U]'),

	maxJobs: count(10, 'jobs at a time in an account that names no number of its own', 1),
	atCap: oneOf(['reject', 'queue'], 'what v3 does with more jobs: 429, or let them wait'),
	retryAfterMs: duration('30s', '`Retry-After` of a 429'),
	requestsPerMinute: count(0, 'calls a minute in an account; more get 429; 0: no limit'),
	otherJobs: count(0, 'slots of each account that jobs of its other users try to hold'),
	otherJobsGapMs: duration('0s', 'mean time between two of those'),
	pricePerSecondUsd: amount(0.05, 'price of a second of the result'),
	creditExhausted: flag(false, 'every account has run out of credit'),

	crashRate: share('share of the calls that create whose answer is lost when the job is already made and billed'),
	crashAs: oneOf(['reset', 'gateway_timeout'], 'what the client sees then: a reset connection, or 504'),
	crashBeforeRate: share('share of the calls that create whose connection is reset before anything is made'),
	errorRate: share('share of all calls that get 500 or 504 before anything is done'),
	burstEveryMs: duration('0s', 'a burst of such errors begins this often; 0: never'),
	burstLengthMs: duration('60s', 'how long a burst lasts'),
	burstRate: share('share of the calls in a burst that fail', 1),

	webhookDelayMs: duration('2s', 'time from the end of a job to its webhook'),
	webhookLostRate: share('share of the webhooks that are never sent'),
	webhookLateRate: share('share of the webhooks that come `webhookLateMs` later'),
	webhookLateMs: duration('20m', 'how much later'),
	webhookDuplicateRate: share('share of the webhooks that come twice'),
	webhookUnsubscribedRate: share('share of the events that nobody is subscribed to: not sent, not in the history'),
	secretPrefixInKey: flag(true, '`whsec_` is a part of the key of the signature [U]'),
	signCallbacks: flag(false, 'posts to a `callback_url` are signed, with the secret of the first endpoint [U]'),
	failBody: oneOf(
		['msg', 'failure'],
		'`event_data` of a failure has `msg`, or `failure_code` and `failure_message` [U]',
	),
	httpsWebhooks: flag(false, 'webhooks only to https URLs, as the real API has it'),

	keyLifeMs: duration('24h', 'how long an Idempotency-Key is remembered'),
	replayErrors: flag(true, 'a key replays errors too, except 401, 409, 429 and 5xx; else only what succeeded [U]'),
	firstStatus: oneOf(
		['waiting', 'pending'],
		'status in the answer of a call that creates, and of a video without a slot',
	),
	bulkWords: oneOf(
		['video', 'batch'],
		'bulk statuses have the words of the single video, or those of batches (`queued`, `processing`) [U]',
	),
	clientClock: oneOf(
		['real', 'simulated'],
		'clock of `Retry-After` and `Heygen-Timestamp`: that of the client, or this one',
	),
	legacy: oneOf(['off', 'on', 'gone'], 'v1 and v2: 404, served, or 410 [U]'),
} as const;

type KnobName = keyof typeof KNOBS;
export type Knobs = { -readonly [K in KnobName]: (typeof KNOBS)[K] extends Knob<infer T> ? T : never };

export const KNOB_NAMES: readonly KnobName[] = Object.keys(KNOBS) as KnobName[];

export function defaultKnobs(): Knobs {
	return Object.fromEntries(KNOB_NAMES.map((name) => [name, KNOBS[name].default])) as Knobs;
}

/** Some knobs, or what is wrong with them, one sentence each. */
export function readKnobs(values: unknown): { knobs: Partial<Knobs>; problems: string[] } {
	if (typeof values !== 'object' || values === null || Array.isArray(values))
		return { knobs: {}, problems: ['knobs are an object of names and values'] };
	const knobs: Record<string, unknown> = {};
	const problems: string[] = [];
	for (const [name, value] of Object.entries(values)) {
		const knob = Object.hasOwn(KNOBS, name) ? (KNOBS[name as KnobName] as Knob<unknown>) : undefined;
		const read = knob?.read(value);
		if (knob === undefined) problems.push(`there is no knob ${JSON.stringify(name.slice(0, 60))}`);
		else if (read === undefined) problems.push(`${name} takes ${knob.accepts}`);
		else knobs[name] = read;
	}
	return { knobs: knobs as Partial<Knobs>, problems };
}

/** `--create-p50-ms` and HEYGEN_SIMULATOR_CREATE_P50_MS of `createP50Ms`. */
export function spellings(name: string): { option: string; variable: string } {
	const words = name.replace(/[A-Z]+[a-z0-9]*/g, (word) => `-${word.toLowerCase()}`);
	return { option: words, variable: `HEYGEN_SIMULATOR_${words.replaceAll('-', '_').toUpperCase()}` };
}
