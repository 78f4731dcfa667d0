/** One service, with all that it inherits. */
import type { FixedAnswer, Policy, RedirectConfig, RouteConfig, UpstreamConfig } from '../gateway/config.ts';
import { complainOfFieldName } from '../gateway/config-syntax.ts';
import type { RedirectInput, RespondInput } from '../gateway/route-schema.ts';
import type { ServiceConfig } from './config.ts';
import type { Path } from './problem.ts';
import { matchesEverything, matchOfRouteName, resolveMatch } from './resolve-match.ts';
import { DEFAULT_POLICY, layPolicy } from './resolve-policy.ts';
import {
	DEFAULT_TLS,
	DEFAULT_UPSTREAM,
	layUpstream,
	resolveBalance,
	resolveHealth,
	resolveInstances,
	resolveScale,
} from './resolve-pool.ts';
import type { UserDefaults, UserRoute, UserService } from './schema.ts';
import type { Scope } from './scope.ts';

/** `defaults`, resolved as far as they stand for themselves. */
export interface Defaults {
	policy: Policy;
	upstream: UpstreamConfig;
	input: UserDefaults;
}

export function resolveDefaults(input: UserDefaults, scope: Scope): Defaults {
	const path: Path = ['defaults'];
	// Said once here, and not again for each service.
	resolveScale({ own: input.scale, base: undefined }, scope, [...path, 'scale']);
	resolveHealth({ own: input.health, base: undefined }, scope, [...path, 'health']);
	resolveBalance(input.balance, scope, [...path, 'balance']);
	return {
		policy: layPolicy(DEFAULT_POLICY, input, scope, path),
		upstream: layUpstream(DEFAULT_UPSTREAM, input.upstream, scope, [...path, 'upstream']),
		input,
	};
}

/** A service as it stands in a file. */
export interface ServiceEntry {
	name: string;
	input: UserService;
	scope: Scope;
}

const NAME = /^[A-Za-z0-9](?:[A-Za-z0-9_-]{0,61}[A-Za-z0-9])?$/;

export function resolveService({ name, input, scope }: ServiceEntry, defaults: Defaults): ServiceConfig {
	const path: Path = ['services', name];
	if (!NAME.test(name)) {
		scope.problem(
			path,
			'expected a name of at most 63 letters, digits, `-` and `_`, with a letter or digit at both ends',
			{ at: 'key' },
		);
	}
	const matches = input.match === undefined ? [] : [input.match].flat().map(resolveMatch);
	const policy = layPolicy(defaults.policy, input, scope, path);
	const instances = resolveInstances(input.instances, scope, [...path, 'instances']);
	const service: ServiceConfig = {
		...policy,
		name,
		match: matches.some(matchesEverything) ? [] : matches,
		routes: resolveRoutes(input, policy, scope, path),
		instances,
		health: resolveHealth({ own: input.health, base: defaults.input.health }, scope, [...path, 'health']),
		balance: resolveServiceBalance(input, defaults, scope, path),
		scale: resolveScale({ own: input.scale, base: defaults.input.scale }, scope, [...path, 'scale']),
		upstream: layUpstream(defaults.upstream, input.upstream, scope, [...path, 'upstream']),
	};
	checkPool(service, input, scope, path);
	if (instances?.kind !== 'run') service.scale = { min: 0, max: 0 };
	if (instances?.kind === 'urls') service.scale = { min: instances.urls.length, max: instances.urls.length };
	if (speaksTls(service)) service.upstream = { ...service.upstream, tls: service.upstream.tls ?? DEFAULT_TLS };
	return service;
}

function resolveServiceBalance(input: UserService, defaults: Defaults, scope: Scope, path: Path) {
	// A fault in the defaults was told where they stand.
	const silent = { problem: () => undefined } as unknown as Scope;
	if (input.balance === undefined) return resolveBalance(defaults.input.balance, silent, path);
	return resolveBalance(input.balance, scope, [...path, 'balance']);
}

function checkPool(service: ServiceConfig, input: UserService, scope: Scope, path: Path): void {
	const { instances, routes } = service;
	const fixed = routes.length > 0 && routes.every((route) => route.respond !== null || route.redirect !== null);
	const unknown = scope.lostKey(path) || scope.isCut([...path, 'instances']) || scope.isCut([...path, 'routes']);
	if (instances === null && !fixed && !unknown) {
		const why = routes.length === 0 ? 'a service' : 'a service whose routes are not all fixed answers';
		scope.problem(path, `missing; ${why} needs \`instances\`: { run: … }, { urls: […] } or { dns: … }`, { at: 'key' });
	}
	if (instances !== null && fixed && routes.some((route) => matchesEverything(route.match))) {
		scope.warn([...path, 'instances'], 'these instances are never asked: all answers of the service are fixed', {
			at: 'key',
		});
	}
	if (input.scale !== undefined && instances !== null && instances.kind !== 'run') {
		scope.warn(
			[...path, 'scale'],
			`this has no effect: Ballast starts instances of \`run\`, not of \`${instances.kind}\``,
			{ at: 'key' },
		);
	}
	if (input.upstream?.tls !== undefined && instances !== null && !speaksTls(service)) {
		scope.warn([...path, 'upstream', 'tls'], 'this has no effect: no instance has an https:// address', { at: 'key' });
	}
}

function speaksTls({ instances }: ServiceConfig): boolean {
	return instances?.kind === 'urls'
		? instances.urls.some((url) => url.tls)
		: instances?.kind === 'dns' && instances.tls;
}

/** The name of the route that a fixed answer of a whole service becomes. */
const ALL = '/*';

function resolveRoutes(input: UserService, policy: Policy, scope: Scope, path: Path): RouteConfig[] {
	const routes = Object.entries(input.routes ?? {}).map(([name, route]) =>
		resolveRoute({ name, route, scope, path: [...path, 'routes', name] }, policy),
	);
	const { respond, redirect } = input;
	if (respond === undefined && redirect === undefined) return routes;
	if (input.routes?.[ALL] !== undefined) {
		const key = respond === undefined ? 'redirect' : 'respond';
		scope.problem([...path, key], 'conflict: the route "/*" answers all that is left already', { at: 'key' });
	}
	const match = resolveMatch(ALL);
	return [...routes, { ...policy, name: ALL, match, ...fixedAnswers({ respond, redirect }, scope, path) }];
}

interface RouteEntry {
	name: string;
	route: UserRoute;
	scope: Scope;
	path: Path;
}

function resolveRoute({ name, route, scope, path }: RouteEntry, base: Policy): RouteConfig {
	const match = route.match === undefined ? matchOfRouteName(name) : resolveMatch(route.match);
	if (typeof match === 'string') {
		scope.problem(path, match, { at: 'key' });
		scope.lose([...path, 'match']);
	}
	return {
		...layPolicy(base, route, scope, path),
		name,
		match: typeof match === 'string' ? { host: null, path: null, methods: null, header: null } : match,
		...fixedAnswers(route, scope, path),
	};
}

function fixedAnswers(input: Pick<UserRoute, 'respond' | 'redirect'>, scope: Scope, path: Path) {
	if (input.respond !== undefined && input.redirect !== undefined) {
		scope.problem([...path, 'redirect'], 'conflict: there is a `respond` too; only one of them can answer', {
			at: 'key',
		});
	}
	return {
		respond: input.respond === undefined ? null : resolveRespond(input.respond, scope, [...path, 'respond']),
		redirect: input.redirect === undefined ? null : resolveRedirect(input.redirect),
	};
}

function resolveRedirect(input: RedirectInput): RedirectConfig {
	return typeof input === 'string' ? { to: input, status: 302 } : { to: input.to, status: input.status ?? 302 };
}

const BODILESS = [204, 205, 304];

function resolveRespond(input: RespondInput, scope: Scope, path: Path): FixedAnswer {
	const long = typeof input === 'number' ? { status: input } : typeof input === 'string' ? { body: input } : input;
	const status = long.status ?? 200;
	const body = long.body ?? '';
	const headers = Object.entries(long.headers ?? {});
	for (const [name] of headers) {
		const message = complainOfFieldName(name);
		if (message !== undefined) scope.problem([...path, 'headers', name], message, { at: 'key' });
	}
	if (body !== '' && BODILESS.includes(status)) {
		scope.problem([...path, 'body'], `expected no body: an answer with ${status} has none`, {
			related: [[...path, 'status']],
		});
	}
	const typed = headers.some(([name]) => name.toLowerCase() === 'content-type');
	if (body !== '' && !typed) headers.push(['content-type', 'text/plain; charset=utf-8']);
	return { status, headers, body };
}
