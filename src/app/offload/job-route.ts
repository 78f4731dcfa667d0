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
	const forJob = { ...route, timeouts, request: withJobFields(route.request, { key, lanes: policy.lanes }, order) };
	return { policy, forJob, repeats: isIdempotent(method) || key !== null };
}

function withJobFields(
	edits: FieldEdits | null,
	{ key, lanes }: { key: string | null; lanes: OffloadPolicy['lanes'] },
	order: AttemptOrder,
): FieldEdits {
	const { removed = new Set<string>(), added = Buffer.alloc(0) } = edits ?? {};
	const place = lanes.find(({ name }) => name === order.lane)?.headers ?? [];
	const fields: (readonly [string, string])[] = [
		// A question about a job is no attempt.
		...(order.id === ''
			? []
			: [['X-Ballast-Job', order.id] as const, ['X-Ballast-Attempt', `${order.attempt}`] as const]),
		...(key === null ? [] : [[key, order.upstreamKey] as const]),
		...place,
	];
	const ours = new Set([...(key === null ? [] : [key]), ...place.map(([name]) => name)].map(lowerCase));
	const lines = fields.map(([name, value]) => `${name}: ${value}\r\n`).join('');
	return {
		removed: new Set([...removed, ...ours]),
		added: Buffer.concat([withoutLines(added, ours), Buffer.from(lines, 'latin1')]),
	};
}

const lowerCase = (text: string): string => text.toLowerCase();

/** What the route sets for all requests gives way to what a place sets. */
function withoutLines(added: Buffer, names: ReadonlySet<string>): Buffer {
	if (names.size === 0 || added.length === 0) return added;
	const lines = added.toString('latin1').split('\r\n');
	const kept = lines.filter((line) => !names.has(line.slice(0, line.indexOf(':')).toLowerCase()));
	return Buffer.from(kept.join('\r\n'), 'latin1');
}
