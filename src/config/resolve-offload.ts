/** Jobs: what a file says of them, laid over what it inherits. */
import { parseDuration, parseSize } from '../core/units.ts';
import type { JobsInput, OffloadInput } from '../jobs/config.ts';
import {
	JOBS,
	type JobRetry,
	type JobsConfig,
	OFFLOAD,
	type OffloadPolicy,
	OWNER_GROUP,
	type QueueLimits,
	type QueueRate,
} from '../jobs/offload-policy.ts';
import { isStoreKey } from '../jobs/sealing/store-keys.ts';
import type { StateConfig } from '../redis/config.ts';
import { parseRate } from '../resilience/rate.ts';
import { resolveCodes, resolveExternal, resolveLanes } from './resolve-external.ts';
import { resolveJobStore } from './resolve-job-store.ts';
import { layCredit, laySpend } from './resolve-spend.ts';
import { layWebhook, resolveWebhooks } from './resolve-webhooks.ts';
import type { Place } from './scope.ts';

type Said = Exclude<OffloadInput, 'off' | boolean>;

/** Where an `offload` stands: whose queue it is, and for what it is said. */
export interface OffloadPlace {
	service: string;
	/** null: of the service itself, or of `defaults`. */
	route: string | null;
	place: Place;
}

const LIMITS = ['concurrency', 'groupConcurrency', 'rate', 'groupRate', 'waiting'] as const;
const HOLD_MS = 60_000;
const PRIORITIES = { low: 0, normal: 1, high: 2 } as const;

/** null: no request becomes a job. A route that says some keys keeps what its service says of the others. */
export function layOffload(
	base: OffloadPolicy | null,
	input: OffloadInput | undefined,
	{ service, route, place }: OffloadPlace,
): OffloadPolicy | null {
	if (input === undefined) return base === null ? null : { ...base, queue: base.queue === '' ? service : base.queue };
	if (input === 'off' || input === false) return null;
	const from = base ?? OFFLOAD;
	const said: Said = input === true ? {} : input;
	const own = route !== null && LIMITS.some((key) => said[key] !== undefined);
	const when = whenOf(said.when, from.when);
	const lanes = resolveLanes(said.lanes, place.at('lanes')) ?? from.lanes;
	if (typeof when === 'object' && when.lane !== '' && !lanes.some(({ name }) => name === when.lane))
		place.at('when', 'lane').problem('there is no such place in `lanes`', { value: when.lane });
	return {
		when,
		methods: said.methods ?? from.methods,
		...idempotencyOf(from, said.idempotency),
		owner: said.owner === undefined ? from.owner : [said.owner].flat().map(fieldOf),
		group: said.group === undefined ? from.group : groupOf(said.group),
		priority: said.priority === undefined ? from.priority : PRIORITIES[said.priority],
		queue: own ? `${service}/${route}` : service,
		limits: limitsOf(limitsBase(from, said), said, place),
		retry: retryOf(from.retry, said),
		upstreamKey:
			said.upstreamKey === undefined
				? from.upstreamKey
				: {
						header: said.upstreamKey.header ?? 'Idempotency-Key',
						lifeMs: parseDuration(said.upstreamKey.life ?? '24h') ?? 0,
					},
		timeLimitMs: duration(said.timeLimit, from.timeLimitMs),
		expiresMs: durationOrOff(said.expires, from.expiresMs),
		keepMs: duration(said.keep, from.keepMs),
		bodyMost: said.body === undefined ? from.bodyMost : (parseSize(said.body) ?? from.bodyMost),
		lanes,
		codes: said.errors === undefined ? from.codes : resolveCodes(said.errors),
		stamp: said.stamp ?? from.stamp,
		external: said.external === undefined ? from.external : resolveExternal(said.external, place.at('external')),
		credit: layCredit(from.credit, said.credit, place.at('credit')),
		spend: laySpend(from.spend, said.spend, place.at('spend')),
		resultMost: said.result === undefined ? from.resultMost : (parseSize(said.result) ?? from.resultMost),
		webhook: layWebhook(from.webhook, said.webhook, place.at('webhook')),
	};
}

function whenOf(said: Said['when'], base: OffloadPolicy['when']): OffloadPolicy['when'] {
	if (said === undefined || typeof said === 'string') return said ?? base;
	return { ms: duration(said.hold, HOLD_MS), lane: said.lane ?? '' };
}

const fieldOf = (text: string): string => text.slice('header:'.length).toLowerCase();

const groupOf = (text: string): string | null =>
	text === 'all' ? null : text === 'owner' ? OWNER_GROUP : fieldOf(text);

function idempotencyOf(
	{ idempotency, idempotencyMs }: OffloadPolicy,
	said: Said['idempotency'],
): Pick<OffloadPolicy, 'idempotency' | 'idempotencyMs'> {
	const { key = idempotency, life } = typeof said === 'string' ? { key: said } : (said ?? {});
	return { idempotency: key, idempotencyMs: duration(life, idempotencyMs) };
}

const duration = (input: string | undefined, otherwise: number): number =>
	input === undefined ? otherwise : (parseDuration(input) ?? otherwise);

const durationOrOff = (input: string | false | undefined, otherwise: number): number =>
	input === 'off' || input === false ? 0 : duration(input, otherwise);

const countOrOff = (input: number | string | false | undefined, otherwise: number): number =>
	input === undefined ? otherwise : typeof input === 'number' ? input : 0;

/** Places have limits of their own: without a word there is no other. */
const limitsBase = ({ limits, lanes }: OffloadPolicy, said: Said): QueueLimits =>
	said.lanes === undefined || lanes.length > 0 ? limits : { ...limits, concurrency: 0 };

function limitsOf(base: QueueLimits, said: Said, place: Place): QueueLimits {
	return {
		concurrency: countOrOff(said.concurrency, base.concurrency),
		groupConcurrency: countOrOff(said.groupConcurrency, base.groupConcurrency),
		rate: rateOf(base.rate, said.rate, place.at('rate')),
		groupRate: rateOf(base.groupRate, said.groupRate, place.at('groupRate')),
		waiting: said.waiting ?? base.waiting,
	};
}

function rateOf(base: QueueRate | null, input: string | false | undefined, place: Place): QueueRate | null {
	if (input === undefined) return base;
	if (input === 'off' || input === false) return null;
	const found = parseRate(input);
	if (typeof found !== 'string') return found;
	place.problem(found, { value: input });
	return base;
}

function retryOf(base: JobRetry, { attempts, backoff, retryOn, unkeyed }: Said): JobRetry {
	const baseMs = duration(backoff?.base, base.backoff.baseMs);
	return {
		attempts: attempts ?? base.attempts,
		backoff: { baseMs, mostMs: Math.max(baseMs, duration(backoff?.most, base.backoff.mostMs)) },
		statuses: retryOn ?? base.statuses,
		unkeyed: unkeyed === undefined ? base.unkeyed : unkeyed === 'retry',
	};
}

export function resolveJobs(input: JobsInput | undefined, place: Place, state: StateConfig): JobsConfig {
	const store = resolveJobStore(input?.store, place.at('store'), state);
	const webhooks = resolveWebhooks(input?.webhooks, place.at('webhooks'));
	const { path = JOBS.path, run = JOBS.run, streams = JOBS.streams } = input ?? {};
	return { path, run, store, streams, keys: keysOf(input?.encryption?.key, place.at('encryption', 'key')), webhooks };
}

function keysOf(input: NonNullable<JobsInput['encryption']>['key'] | undefined, place: Place): string[] {
	if (input === undefined) return [];
	return [input].flat().flatMap((one, index) => {
		const at = Array.isArray(input) ? place.at(index) : place;
		const key = at.secret(one);
		if (key === undefined) return [];
		if (isStoreKey(key)) return [key];
		at.problem('expected base64 of 32 bytes; `openssl rand -base64 32` makes one');
		return [];
	});
}
