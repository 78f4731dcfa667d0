import type { FieldEdits } from '../../gateway/field-edits.ts';
import type { Route } from '../../gateway/route.ts';
import type { AttemptOrder } from '../../jobs/attempt.ts';
import { OFFLOAD, type OffloadPolicy } from '../../jobs/offload-policy.ts';
import { OffloadRoute } from './offload-route.ts';

/** A route as an attempt of a job goes by it: with the fields that tell of the job, and the time that a job has. */
export function jobRoute(route: Route, order: AttemptOrder): { policy: OffloadPolicy; forJob: Route } {
	const { offload } = route as { offload: unknown };
	// A route that makes no jobs any more carries out those that it made.
	const policy = offload instanceof OffloadRoute ? offload.policy : OFFLOAD;
	const { timeLimitMs } = policy;
	const timeouts =
		timeLimitMs === 0
			? route.timeouts
			: { ...route.timeouts, firstByteMs: timeLimitMs, requestMs: timeLimitMs, streamIdleMs: timeLimitMs };
	return { policy, forJob: { ...route, timeouts, request: withJobFields(route.request, policy, order) } };
}

function withJobFields(edits: FieldEdits | null, { upstreamKey }: OffloadPolicy, order: AttemptOrder): FieldEdits {
	const { removed = new Set<string>(), added = Buffer.alloc(0) } = edits ?? {};
	const keyed = upstreamKey !== null && order.upstreamKey !== '';
	const lines =
		`X-Ballast-Job: ${order.id}\r\nX-Ballast-Attempt: ${order.attempt}\r\n` +
		(keyed ? `${upstreamKey.header}: ${order.upstreamKey}\r\n` : '');
	return {
		removed: keyed ? new Set([...removed, upstreamKey.header.toLowerCase()]) : removed,
		added: Buffer.concat([added, Buffer.from(lines, 'latin1')]),
	};
}
