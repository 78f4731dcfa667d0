/** What of jobs contradicts other parts of the configuration. */
import type { Config, ServiceConfig } from './config.ts';
import type { Place } from './scope.ts';

/** `places`: of the services, in their order. */
export function checkJobs(
	node: Pick<Config, 'jobs' | 'store'>,
	services: readonly { config: ServiceConfig; place: Place }[],
	top: Place,
): void {
	const making = services.filter(({ config }) => makesJobs(config));
	if (making.length === 0) return;
	if (node.store === null)
		top.at('store').problem('expected a folder: `offload` keeps its jobs there', { at: 'key', value: 'off' });
	for (const { config, place } of services) checkPaths(config, place, node.jobs.path);
	for (const { config, place } of making) warnOfBody(config, place);
}

const makesJobs = ({ offload, routeOffloads }: ServiceConfig): boolean =>
	offload !== null || Object.values(routeOffloads).some((policy) => policy !== null);

/** What is asked about jobs is answered before any route. */
function checkPaths({ match, routes }: ServiceConfig, place: Place, path: string): void {
	const hidden = (pattern: string | null): boolean => pattern === path || pattern?.startsWith(`${path}/`) === true;
	const message = `conflict: clients ask about their jobs at ${path}, before any route is looked for; move that with \`jobs: { path: … }\``;
	if (match.some((one) => hidden(one.path))) place.at('match').problem(message, { value: path });
	for (const route of routes)
		if (hidden(route.match.path)) place.at('routes', route.name).problem(message, { at: 'key' });
}

function warnOfBody({ offload, routeOffloads, bodyBytes, routes }: ServiceConfig, place: Place): void {
	const message = 'nothing is left of this: `limits.body` is less, and holds for all requests';
	const isTooLarge = (most: number | undefined, limit: number): boolean =>
		most !== undefined && most !== Number.MAX_SAFE_INTEGER && most > limit;
	if (isTooLarge(offload?.bodyMost, bodyBytes)) place.at('offload').warn(message, { at: 'key' });
	for (const { name, bodyBytes: limit } of routes) {
		const own = routeOffloads[name]?.bodyMost;
		if (own !== offload?.bodyMost && isTooLarge(own, limit))
			place.at('routes', name, 'offload').warn(message, { at: 'key' });
	}
}
