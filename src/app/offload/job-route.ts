import type { FieldEdits } from '../../gateway/field-edits.ts';
import type { Route } from '../../gateway/route.ts';
import type { AttemptOrder } from '../../jobs/attempt.ts';
import { OFFLOAD, type OffloadPolicy } from '../../jobs/offload-policy.ts';
import { OffloadRoute } from './offload-route.ts';
import { isIdempotent } from './stored-request.ts';

/** How an attempt of a job goes. */
export interface JobWay {
	policy: OffloadPolicy;
	/** Its route, with the fields that tell of the job, and the time that a job has. */
	forJob: Route;
	/** Whether another instance may be asked behind one that may have got it: it would know the repeat, or it is as once. */
	repeats: boolean;
}

export function jobRoute(route: Route, { order, method }: { order: AttemptOrder; method: string }): JobWay {
	const { offload } = route as { offload: unknown };
	// A route that makes no jobs any more carries out those that it made.
	const policy = offload instanceof OffloadRoute ? offload.policy : OFFLOAD;
	const { timeLimitMs, upstreamKey } = policy;
	// A job that was made before its route had keys has none.
	const key = upstreamKey === null || order.upstreamKey === '' ? null : upstreamKey.header;
	const timeouts =
		timeLimitMs === 0
			? route.timeouts
			: { ...route.timeouts, firstByteMs: timeLimitMs, requestMs: timeLimitMs, streamIdleMs: timeLimitMs };
	const forJob = { ...route, timeouts, request: withJobFields(route.request, key, order) };
	return { policy, forJob, repeats: isIdempotent(method) || key !== null };
}

function withJobFields(edits: FieldEdits | null, key: string | null, order: AttemptOrder): FieldEdits {
	const { removed = new Set<string>(), added = Buffer.alloc(0) } = edits ?? {};
	const lines =
		`X-Ballast-Job: ${order.id}\r\nX-Ballast-Attempt: ${order.attempt}\r\n` +
		(key === null ? '' : `${key}: ${order.upstreamKey}\r\n`);
	return {
		removed: key === null ? removed : new Set([...removed, key.toLowerCase()]),
		added: Buffer.concat([added, Buffer.from(lines, 'latin1')]),
	};
}
