import { ServiceCells } from '../../core/service-cells.ts';
import type { Route } from '../route.ts';

/** All that comes goes to the first of the upstreams, unless the cache has it or `more` says what becomes of it. */
export function forwardingRoute(cache: Route['cache'], attempts: number, more: Partial<Route> = {}): Route {
	const timeouts = { connectMs: 1000, firstByteMs: 1000, requestMs: 60_000, streamIdleMs: 60_000 };
	const nothing = { fixed: null, redirect: null, files: null, rateLimits: null, path: null, cdn: null, response: null };
	const service = {
		name: 'videos',
		version: '',
		picker: { pick: () => 0, settle: () => {}, token: () => 0 },
		key: null,
		timed: false,
		breaker: { inFlight: 0, waiting: 0 },
		suspectAfter: 3,
		cells: new ServiceCells(1),
		concurrency: null,
		cookie: null,
	};
	const retry = { attempts, statuses: [], timeout: true, attemptMs: 0 };
	const own = { cache, request: null, retry, service, host: { kind: 'preserve' }, holdMs: 0 };
	const rest = { series: 1, timeouts, bodyBytes: 1e6, next: null, ...nothing, ...own, ...more };
	return rest as unknown as Route;
}
