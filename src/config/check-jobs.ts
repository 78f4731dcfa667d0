/** What of jobs contradicts other parts of the configuration. */
import type { Config, ServiceConfig } from './config.ts';
import { checkWebhooks } from './resolve-webhooks.ts';
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
	for (const { config, place } of making) {
		warnOfBody(config, place);
		checkWebhooks(config, place, node.jobs.webhooks);
	}
	checkShared(making);
}

const makesJobs = ({ offload, routeOffloads }: ServiceConfig): boolean =>
	offload !== null || Object.values(routeOffloads).some((policy) => policy !== null);

/** What stands for all at one place must be the same wherever it is said. */
function checkShared(services: readonly { config: ServiceConfig; place: Place }[]): void {
	const known = new Map<string, string>();
	const differs = (key: string, value: unknown): boolean => {
		const text = JSON.stringify(value);
		const before = known.get(key);
		known.set(key, before ?? text);
		return before !== undefined && before !== text;
	};
	for (const { config, place } of services) {
		const policies = [
			{ policy: config.offload, at: place.at('offload') },
			...config.routes.map(({ name }) => ({
				policy: config.routeOffloads[name] ?? null,
				at: place.at('routes', name, 'offload'),
			})),
		];
		for (const { policy, at } of policies) {
			if (policy === null) continue;
			if (differs(`lanes ${policy.queue}`, policy.lanes))
				at.at('lanes').problem(
					'conflict: other routes of this queue have other places; say them once, at the service',
					{ at: 'key' },
				);
			const webhook = policy.external?.webhook ?? null;
			if (webhook !== null && differs(`webhook ${webhook.path}`, webhook))
				at.at('external', 'webhook').problem('conflict: another webhook has this path', { value: webhook.path });
		}
	}
}

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
