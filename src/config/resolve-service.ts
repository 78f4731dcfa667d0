/** One service, with all that it inherits. */

import type { CachePolicy } from '../cache/cache-policy.ts';
import type { FixedAnswer, Policy, RedirectConfig, RouteConfig, UpstreamConfig } from '../gateway/config.ts';
import { complainOfFieldName } from '../gateway/config-syntax.ts';
import { answersItself } from '../gateway/local-answers.ts';
import type { RedirectInput, RespondInput } from '../gateway/route-schema.ts';
import type { HealthConfig } from '../health/config.ts';
import { hasSize } from '../instances/kinds.ts';
import type { OffloadPolicy } from '../jobs/offload-policy.ts';
import type { ObjectiveConfig } from '../metrics/config.ts';
import type { ServiceConfig } from './config.ts';
import { layCache } from './resolve-cache.ts';
import { checkDeploy, resolveDeploy } from './resolve-deploy.ts';
import { layFailover, warnOfFailover } from './resolve-failover.ts';
import { resolveFiles } from './resolve-files.ts';
import { DEFAULT_HEALTH, layHealth } from './resolve-health.ts';
import { matchesEverything, matchOfRouteName, resolveMatch } from './resolve-match.ts';
import { layObjective } from './resolve-metrics.ts';
import { complainOfName } from './resolve-name.ts';
import { layOffload } from './resolve-offload.ts';
import { resolveOutliers, resolveSlowStart } from './resolve-outliers.ts';
import { checkConcurrency, resolveConcurrency } from './resolve-overload.ts';
import { DEFAULT_POLICY, layPolicy } from './resolve-policy.ts';
import { checkBalance, DEFAULT_TLS, DEFAULT_UPSTREAM, layUpstream, resolveBalance } from './resolve-pool.ts';
import { resolvePools, type ServiceEntry, warnOfScale } from './resolve-pools.ts';
import { resolveBreaker, resolveBudget } from './resolve-retry.ts';
import { resolveScale } from './resolve-scale.ts';
import type { UserDefaults, UserRoute, UserService } from './schema.ts';
import type { Place } from './scope.ts';

/** `defaults`, resolved as far as they stand for themselves. */
export interface Defaults {
	policy: Policy;
	objective: ObjectiveConfig | null;
	cache: CachePolicy | null;
	offload: OffloadPolicy | null;
	upstream: UpstreamConfig;
	health: HealthConfig;
	input: UserDefaults;
}

/** `place`: that of `defaults`. */
export function resolveDefaults(input: UserDefaults, place: Place): Defaults {
	// Said once here, and not again for each service.
	resolveScale({ own: input.scale, base: undefined, service: '', lint: false }, place.at('scale'));
	checkBalance(input.balance, place.at('balance'));
	layFailover({ own: input.failover, base: undefined }, place.at('failover'));
	resolveDeploy({ own: input.deploy, base: undefined }, place.at('deploy'));
	resolveOutliers({ own: input.outliers, base: undefined }, resolveBalance(input.balance).by, place.at('outliers'));
	checkConcurrency(input.concurrency, place.at('concurrency'));
	return {
		policy: layPolicy(DEFAULT_POLICY, input, place),
		objective: layObjective(null, input.objective, place.at('objective')),
		cache: layCache(null, input.cache, place.at('cache')),
		offload: layOffload(null, input.offload, { service: '', route: null, place: place.at('offload') }),
		upstream: layUpstream(DEFAULT_UPSTREAM, input.upstream, place.at('upstream')),
		health: layHealth(DEFAULT_HEALTH, input.health, place.at('health')),
		input,
	};
}

export type { ServiceEntry } from './resolve-pools.ts';

export function resolveService({ name, input, place }: ServiceEntry, defaults: Defaults): ServiceConfig {
	const complaint = complainOfName(name);
	if (complaint !== undefined) place.problem(complaint, { at: 'key' });
	const matches = input.match === undefined ? [] : [input.match].flat().map(resolveMatch);
	const policy = layPolicy(defaults.policy, input, place);
	const pools = resolvePools({ name, input, place }, defaults.input);
	const failover = layFailover({ own: input.failover, base: defaults.input.failover }, place.at('failover'));
	warnOfFailover(input.failover, pools, place.at('failover'));
	const { input: shared } = defaults;
	const routes = resolveRoutes(input, policy, place);
	const objective = layObjective(defaults.objective, input.objective, place.at('objective'));
	const balance = resolveBalance(input.balance ?? shared.balance);
	const cache = layCache(defaults.cache, input.cache, place.at('cache'));
	const offload = layOffload(defaults.offload, input.offload, {
		service: name,
		route: null,
		place: place.at('offload'),
	});
	const service: ServiceConfig = {
		...policy,
		name,
		match: matches.some(matchesEverything) ? [] : matches,
		routes,
		pools,
		failover: pools.length < 2 ? null : failover,
		health: layHealth(defaults.health, input.health, place.at('health')),
		outliers: resolveOutliers({ own: input.outliers, base: shared.outliers }, balance.by, place.at('outliers')),
		slowStartMs: resolveSlowStart({ own: input.slowStart, base: shared.slowStart }, balance.by, place.at('slowStart')),
		balance,
		upstream: layUpstream(defaults.upstream, input.upstream, place.at('upstream')),
		retryBudget: resolveBudget(input.retryBudget ?? defaults.input.retryBudget),
		breaker: resolveBreaker(input.breaker ?? defaults.input.breaker),
		deploy: resolveDeploy({ own: input.deploy, base: defaults.input.deploy }, place.at('deploy')),
		concurrency: resolveConcurrency(input.concurrency ?? defaults.input.concurrency),
		objective,
		routeObjectives: resolveObjectives(routes, { input, base: objective, place }),
		cache,
		routeCaches: resolveCaches(routes, { input, base: cache, place }),
		offload,
		routeOffloads: resolveOffloads(routes, { input, base: offload, place }),
	};
	checkBalance(input.balance, place.at('balance'));
	checkConcurrency(input.concurrency, place.at('concurrency'));
	checkPool(service, input, place);
	checkDeploy(service, input.deploy, place.at('deploy'));
	if (speaksTls(service)) service.upstream = { ...service.upstream, tls: service.upstream.tls ?? DEFAULT_TLS };
	return service;
}

function resolveObjectives(
	routes: readonly RouteConfig[],
	{ input, base, place }: { input: UserService; base: ObjectiveConfig | null; place: Place },
): ServiceConfig['routeObjectives'] {
	const lay = ({ name }: RouteConfig) =>
		[name, layObjective(base, input.routes?.[name]?.objective, place.at('routes', name, 'objective'))] as const;
	return Object.fromEntries(routes.map(lay));
}

function resolveCaches(
	routes: readonly RouteConfig[],
	{ input, base, place }: { input: UserService; base: CachePolicy | null; place: Place },
): ServiceConfig['routeCaches'] {
	const lay = ({ name }: RouteConfig) =>
		[name, layCache(base, input.routes?.[name]?.cache, place.at('routes', name, 'cache'))] as const;
	return Object.fromEntries(routes.map(lay));
}

function resolveOffloads(
	routes: readonly RouteConfig[],
	{ input, base, place }: { input: UserService; base: OffloadPolicy | null; place: Place },
): ServiceConfig['routeOffloads'] {
	const service = String(place.path.at(-1));
	const lay = ({ name }: RouteConfig) => {
		const at = { service, route: name, place: place.at('routes', name, 'offload') };
		return [name, layOffload(base, input.routes?.[name]?.offload, at)] as const;
	};
	return Object.fromEntries(routes.map(lay));
}

function checkPool(service: ServiceConfig, input: UserService, place: Place): void {
	const { pools, routes } = service;
	const none = pools.length === 0;
	const where = input.pools === undefined ? place.at('instances') : place.at('pools');
	const fixed = routes.length > 0 && routes.every(answersItself);
	const unknown = place.lostKey() || where.isCut() || place.at('routes').isCut();
	if (none && !fixed && !unknown && input.pools === undefined) {
		const why = routes.length === 0 ? 'a service' : 'a service whose routes are not all fixed answers or files';
		place.problem(`missing; ${why} needs \`instances\`: { run: … }, { urls: […] } or { dns: … }`, { at: 'key' });
	}
	if (!none && fixed && routes.some((route) => matchesEverything(route.match))) {
		where.warn('these instances are never asked: all answers of the service are fixed', {
			at: 'key',
		});
	}
	const [first] = pools;
	if (input.scale !== undefined && first !== undefined && pools.every(({ instances }) => !hasSize(instances)))
		warnOfScale(first.instances, place);
	if (service.concurrency !== null && input.concurrency !== undefined && none && fixed)
		place.at('concurrency').warn('this has no effect: all answers of the service are fixed', { at: 'key' });
	if (input.upstream?.tls !== undefined && !none && !speaksTls(service)) {
		place.at('upstream', 'tls').warn('this has no effect: no instance has an https:// address', { at: 'key' });
	}
}

function speaksTls({ pools }: ServiceConfig): boolean {
	return pools.some(({ instances }) =>
		instances.kind === 'urls' ? instances.urls.some((url) => url.tls) : 'tls' in instances && instances.tls,
	);
}

/** The name of the route that a fixed answer of a whole service becomes. */
const ALL = '/*';

function resolveRoutes(input: UserService, policy: Policy, place: Place): RouteConfig[] {
	const routes = Object.entries(input.routes ?? {}).map(([name, route]) =>
		resolveRoute({ name, route, place: place.at('routes', name) }, policy),
	);
	const { respond, redirect, files } = input;
	const [key] = answersIn(input);
	if (key === undefined) return routes;
	if (input.routes?.[ALL] !== undefined) {
		place.at(key).problem('conflict: the route "/*" answers all that is left already', { at: 'key' });
	}
	const match = resolveMatch(ALL);
	return [...routes, { ...policy, name: ALL, match, ...fixedAnswers({ respond, redirect, files }, place) }];
}

interface RouteEntry {
	name: string;
	route: UserRoute;
	place: Place;
}

function resolveRoute({ name, route, place }: RouteEntry, base: Policy): RouteConfig {
	const match = route.match === undefined ? matchOfRouteName(name) : resolveMatch(route.match);
	if (typeof match === 'string') {
		place.problem(match, { at: 'key' });
		place.at('match').lose();
	}
	return {
		...layPolicy(base, route, place),
		name,
		match: typeof match === 'string' ? { host: null, path: null, methods: null, header: null } : match,
		...fixedAnswers(route, place),
	};
}

type Answers = Pick<UserRoute, 'respond' | 'redirect' | 'files'>;

const answersIn = (input: Answers) =>
	(['respond', 'redirect', 'files'] as const).filter((one) => input[one] !== undefined);

function fixedAnswers(input: Answers, place: Place) {
	const [first, ...others] = answersIn(input);
	for (const other of others)
		place.at(other).problem(`conflict: there is a \`${first}\` too; only one of them can answer`, { at: 'key' });
	return {
		respond: input.respond === undefined ? null : resolveRespond(input.respond, place.at('respond')),
		redirect: input.redirect === undefined ? null : resolveRedirect(input.redirect),
		files: input.files === undefined ? null : resolveFiles(input.files, place.at('files')),
	};
}

function resolveRedirect(input: RedirectInput): RedirectConfig {
	return typeof input === 'string' ? { to: input, status: 302 } : { to: input.to, status: input.status ?? 302 };
}

const BODILESS = [204, 205, 304];

function resolveRespond(input: RespondInput, place: Place): FixedAnswer {
	const long = typeof input === 'number' ? { status: input } : typeof input === 'string' ? { body: input } : input;
	const status = long.status ?? 200;
	const body = long.body ?? '';
	const headers = Object.entries(long.headers ?? {});
	for (const [name] of headers) {
		const message = complainOfFieldName(name);
		if (message !== undefined) place.at('headers', name).problem(message, { at: 'key' });
	}
	if (body !== '' && BODILESS.includes(status)) {
		place.at('body').problem(`expected no body: an answer with ${status} has none`, {
			related: [place.at('status').path],
		});
	}
	const typed = headers.some(([name]) => name.toLowerCase() === 'content-type');
	if (body !== '' && !typed) headers.push(['content-type', 'text/plain; charset=utf-8']);
	return { status, headers, body };
}
