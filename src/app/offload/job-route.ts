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

/** What is the same for all jobs of a route, until the next reload makes another one. */
interface Prepared {
	policy: OffloadPolicy;
	timeouts: Route['timeouts'];
	/** By place upstream and whether a key is sent: names that are not taken from the stored request, and lines that are added. */
	edits: Map<string, { removed: ReadonlySet<string>; lines: string }>;
}

const prepared = new WeakMap<Route, Prepared>();

export function jobRoute(route: Route, { order, method }: { order: AttemptOrder; method: string }): JobWay {
	const ready = prepared.get(route) ?? prepare(route);
	const { policy, timeouts, edits } = ready;
	// A job that was made before its route had keys has none.
	const key = policy.upstreamKey === null || order.upstreamKey === '' ? null : policy.upstreamKey.header;
	const name = key === null ? order.lane : `${order.lane}\n${key}`;
	let edit = edits.get(name);
	if (edit === undefined) edits.set(name, (edit = editsOf(route, policy, { key, lane: order.lane })));
	// A question about a job is no attempt.
	const job = order.id === '' ? '' : `X-Ballast-Job: ${order.id}\r\nX-Ballast-Attempt: ${order.attempt}\r\n`;
	const lines = `${edit.lines}${job}${key === null ? '' : `${key}: ${order.upstreamKey}\r\n`}`;
	const request = { removed: edit.removed, added: Buffer.from(lines, 'latin1') };
	return { policy, forJob: { ...route, timeouts, request }, repeats: isIdempotent(method) || key !== null };
}

function prepare(route: Route): Prepared {
	const { offload } = route as { offload: unknown };
	// A route that makes no jobs any more carries out those that it made.
	const policy = offload instanceof OffloadRoute ? offload.policy : OFFLOAD;
	const { timeLimitMs } = policy;
	const timeouts =
		timeLimitMs === 0
			? route.timeouts
			: { ...route.timeouts, firstByteMs: timeLimitMs, requestMs: timeLimitMs, streamIdleMs: timeLimitMs };
	const ready = { policy, timeouts, edits: new Map() };
	prepared.set(route, ready);
	return ready;
}

function editsOf(
	{ request }: Route,
	{ lanes }: OffloadPolicy,
	{ key, lane }: { key: string | null; lane: string },
): { removed: ReadonlySet<string>; lines: string } {
	const { removed = new Set<string>(), added = Buffer.alloc(0) } = request ?? {};
	const place = lanes.find(({ name }) => name === lane)?.headers ?? [];
	const ours = new Set([...(key === null ? [] : [key]), ...place.map(([name]) => name)].map(lowerCase));
	const lines = place.map(([name, value]) => `${name}: ${value}\r\n`).join('');
	return { removed: new Set([...removed, ...ours]), lines: withoutLines(added.toString('latin1'), ours) + lines };
}

const lowerCase = (text: string): string => text.toLowerCase();

/** What the route sets for all requests gives way to what a place sets. */
function withoutLines(added: string, names: ReadonlySet<string>): string {
	if (names.size === 0 || added === '') return added;
	const lines = added.split('\r\n');
	return lines.filter((line) => !names.has(line.slice(0, line.indexOf(':')).toLowerCase())).join('\r\n');
}
