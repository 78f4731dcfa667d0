/** What services and routes take, and whether two of them take the same. */
import type { MatchConfig } from '../gateway/config.ts';
import { complainOfMatch, splitMatch } from '../gateway/config-syntax.ts';
import type { MatchInput } from '../gateway/route-schema.ts';
import type { ServiceConfig } from './config.ts';
import { formatPath, type Path } from './problem.ts';
import type { Scope } from './scope.ts';

const EVERYTHING: MatchConfig = { host: null, path: null, methods: null, header: null };

/** One match, as a text or an object. */
export function resolveMatch(input: MatchInput): MatchConfig {
	if (typeof input === 'string') {
		const { methods, host, path } = splitMatch(input);
		return { ...EVERYTHING, host: hostOf(host), path, methods };
	}
	const { host, path, method, header } = input;
	return {
		host: hostOf(host ?? null),
		path: path ?? null,
		methods: method === undefined ? null : typeof method === 'string' ? [method] : method,
		header:
			header === undefined
				? null
				: typeof header === 'string'
					? { name: header.toLowerCase(), value: null }
					: { name: header.name.toLowerCase(), value: header.value ?? null },
	};
}

const hostOf = (host: string | null) => (host === null || host === '*' ? null : host.toLowerCase());

export function matchesEverything(match: MatchConfig): boolean {
	return (
		match.host === null &&
		(match.path === null || match.path === '/*') &&
		match.methods === null &&
		match.header === null
	);
}

/** The match that a route's name stands for; a sentence when it stands for none. */
export function matchOfRouteName(name: string): MatchConfig | string {
	const expected = 'expected `METHOD /path` or `/path` as the name of a route; with a `match` any name will do';
	if (!name.includes('/')) return expected;
	const message = complainOfMatch(name);
	return message === undefined ? resolveMatch(name) : message.replace(/^expected a match such as [^;]*/, expected);
}

/** A service with the file that it stands in. */
export interface PlacedService {
	config: ServiceConfig;
	scope: Scope;
}

interface Taken {
	match: MatchConfig;
	path: Path;
	scope: Scope;
	service: string;
	route: boolean;
}

/** Says where two services or routes take the same requests, and where a route can never be reached. */
export function checkMatches(services: readonly PlacedService[]): void {
	const taken = new Map<string, Taken[]>();
	for (const placed of services) {
		for (const one of takenBy(placed)) {
			const shape = shapeOf(one.match);
			const same = taken.get(shape) ?? [];
			const clash = same.find((other) => overlaps(one.match.methods, other.match.methods) && !isOneThing(one, other));
			if (clash !== undefined) sayConflict(one, clash);
			taken.set(shape, [...same, one]);
		}
	}
}

function sayConflict(one: Taken, other: Taken): void {
	if (other.scope.isCut(other.path)) return;
	const file = one.scope.source.file === other.scope.source.file ? '' : ` in ${other.scope.source.file}`;
	const what = matchesEverything(one.match) ? 'everything' : describeMatch(one.match);
	const at = one.route || one.path.length === 2 ? 'key' : 'value';
	one.scope.problem(one.path, `conflict: ${formatPath(other.path)}${file} takes ${what} too`, { at });
}

/** A service and its own route, or the same route within two matches of its service. */
const isOneThing = (one: Taken, other: Taken) =>
	one.service === other.service && (one.route !== other.route || one.path === other.path);

/** Equal for matches that take the same paths, hosts and header; the names of parameters do not count. */
function shapeOf(match: MatchConfig): string {
	const path = (match.path ?? '/*').replaceAll(/\/:[^/]+/g, '/:');
	return JSON.stringify([match.host, path, match.header]);
}

function overlaps(a: string[] | null, b: string[] | null): boolean {
	// A match that names methods is more specific than one that does not.
	if (a === null || b === null) return a === b;
	return a.some((method) => b.includes(method));
}

function takenBy({ config, scope }: PlacedService): Taken[] {
	const path: Path = ['services', config.name];
	const own = config.match.length === 0 ? [EVERYTHING] : config.match;
	const ofService = own.map((match, at) => ({
		match,
		path: config.match.length === 0 ? path : config.match.length === 1 ? [...path, 'match'] : [...path, 'match', at],
		scope,
		service: config.name,
		route: false,
	}));
	const ofRoutes = config.routes.flatMap((route) => {
		const at = [...path, 'routes', route.name];
		const narrowed = own.map((match) => narrow(match, route.match)).filter((match) => match !== undefined);
		if (narrowed.length === 0) {
			scope.warn(at, 'this route is never reached: it lies outside of what its service takes', { at: 'key' });
		}
		return narrowed.map((match) => ({ match, path: at, scope, service: config.name, route: true }));
	});
	return [...ofService, ...ofRoutes];
}

/** What a route takes of what its service takes; undefined: nothing. */
function narrow(service: MatchConfig, route: MatchConfig): MatchConfig | undefined {
	const path = narrowPath(service.path, route.path);
	const methods =
		service.methods === null
			? route.methods
			: (route.methods?.filter((one) => service.methods?.includes(one)) ?? service.methods);
	if (path === undefined || methods?.length === 0) return undefined;
	return { host: route.host ?? service.host, path, methods, header: route.header ?? service.header };
}

function narrowPath(service: string | null, route: string | null): string | null | undefined {
	if (service === null || service === '/*') return route;
	if (route === null || route === '/*') return service;
	return covers(service, route) ? route : covers(route, service) ? service : undefined;
}

/** Whether every path that the second pattern takes may be one that the first takes. */
function covers(wide: string, narrowPattern: string): boolean {
	const a = wide.split('/');
	const b = narrowPattern.split('/');
	for (const [at, part] of a.entries()) {
		if (part === '*') return b.length >= at;
		const other = b[at];
		if (other === undefined || other === '*') return false;
		if (part !== other && !part.startsWith(':') && !other.startsWith(':')) return false;
	}
	return a.length === b.length;
}

/** `GET api.example.com/v1/*`, for people. */
export function describeMatch(match: MatchConfig): string {
	const methods = match.methods === null ? '' : `${match.methods.join(',')} `;
	const header =
		match.header === null
			? ''
			: ` with ${match.header.name}${match.header.value === null ? '' : `: ${match.header.value}`}`;
	return `${methods}${match.host ?? ''}${match.path ?? '/*'}${header}`;
}
