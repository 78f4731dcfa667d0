/** What services and routes take, and whether two of them take the same. */
import type { MatchConfig } from '../gateway/config.ts';
import { complainOfMatch, splitMatch } from '../gateway/config-syntax.ts';
import type { MatchInput } from '../gateway/route-schema.ts';
import { conflictsOf } from '../gateway/router-pattern.ts';
import type { ServiceConfig } from './config.ts';
import { formatPath, type Path, shortFile } from './problem.ts';
import type { Scope } from './scope.ts';

const EVERYTHING: MatchConfig = { host: null, path: null, methods: null, header: null };

/** One match, as a text or an object. */
export function resolveMatch(input: MatchInput): MatchConfig {
	if (typeof input === 'string') {
		const { methods, host, path } = splitMatch(input);
		return { ...EVERYTHING, host: hostOf(host), path: pathOf(path), methods };
	}
	const { host, path, method, header } = input;
	return {
		host: hostOf(host ?? null),
		path: pathOf(path ?? null),
		methods: method === undefined ? null : typeof method === 'string' ? [method] : method,
		header:
			header === undefined
				? null
				: typeof header === 'string'
					? { name: header.toLowerCase(), value: null }
					: { name: header.name.toLowerCase(), value: header.value ?? null },
	};
}

/** `/*` says nothing: in a route it is all that its service takes. */
const pathOf = (path: string | null) => (path === '/*' ? null : path);
const hostOf = (host: string | null) => (host === null || host === '*' ? null : host.toLowerCase());

export function matchesEverything(match: MatchConfig): boolean {
	return Object.values(match).every((part) => part === null);
}

/** The match that a route's name stands for; a sentence when it stands for none. */
export function matchOfRouteName(name: string): MatchConfig | string {
	const expected = 'expected `METHOD /path` or `/path` as the name of a route; with a `match` any name will do';
	const bare = /^([A-Z,]+) (\S+)$/.exec(name);
	if (!name.includes('/')) return bare === null ? expected : `${expected}; write \`${bare[1]} /${bare[2]}\``;
	const message = complainOfMatch(name);
	return message === undefined ? resolveMatch(name) : message.replace(/^expected a match such as [^;]*/, expected);
}

/** A service with the file that it stands in. */
export interface PlacedService {
	config: ServiceConfig;
	scope: Scope;
}

/** A pattern that the router will have, and where it comes from. */
interface Taken {
	match: MatchConfig;
	path: Path;
	scope: Scope;
	service: string;
	route: boolean;
}

/** Says where two services or routes take the same requests, and where a route takes what its service does not. */
export function checkMatches(services: readonly PlacedService[]): void {
	const taken = services.flatMap(takenBy);
	const told = new Set<string>();
	for (const [first, second] of conflictsOf(taken.map(({ match }) => match))) {
		const one = taken[second] as Taken;
		const other = taken[first] as Taken;
		// A route may take all that its service takes, and lie within several of its matches.
		if (one.service === other.service && (one.route !== other.route || one.path === other.path)) continue;
		if (told.has(formatPath(one.path))) continue;
		told.add(formatPath(one.path));
		const file =
			one.scope.source.file === other.scope.source.file
				? ''
				: ` in ${shortFile(other.scope.source.file, one.scope.report.cwd)}`;
		const what = matchesEverything(one.match) ? 'everything' : describeMatch(one.match);
		const at = one.route || one.path.length === 2 ? 'key' : 'value';
		one.scope.problem(one.path, `conflict: ${formatPath(other.path)}${file} takes ${what} too`, { at });
	}
}

function takenBy({ config, scope }: PlacedService): Taken[] {
	const path: Path = ['services', config.name];
	if (scope.isCut([...path, 'match'])) return [];
	const own = config.match.length === 0 ? [EVERYTHING] : config.match;
	const taken = own.map((match, at): Taken => {
		const several = own.length > 1 ? [at] : [];
		const written = config.match.length === 0 ? path : [...path, 'match', ...several];
		return { match, path: written, scope, service: config.name, route: false };
	});
	for (const route of config.routes) {
		const at: Path = [...path, 'routes', route.name];
		if (scope.isCut([...at, 'match']) || matchesEverything(route.match)) continue;
		if (!own.some((match) => isWithin(match, route.match))) {
			scope.warn(
				at,
				`this route takes requests outside of what its service takes (${own.map(describeMatch).join(', ')})`,
				{ at: 'key' },
			);
		}
		taken.push(
			...own.map((match) => ({
				match: narrowed(match, route.match),
				path: at,
				scope,
				service: config.name,
				route: true,
			})),
		);
	}
	return taken;
}

/** What a route leaves open, its service decides; the router does the same. */
function narrowed(outer: MatchConfig, inner: MatchConfig): MatchConfig {
	return {
		host: inner.host ?? outer.host,
		path: inner.path ?? outer.path,
		methods: inner.methods ?? outer.methods,
		header: inner.header ?? outer.header,
	};
}

function isWithin(service: MatchConfig, route: MatchConfig): boolean {
	const methods =
		service.methods === null || route.methods === null || route.methods.every((one) => service.methods?.includes(one));
	return methods && (service.path === null || route.path === null || covers(service.path, route.path));
}

/** Whether the first pattern takes all paths that the second takes. */
function covers(wide: string, narrow: string): boolean {
	const a = wide.split('/');
	const b = narrow.split('/');
	for (const [at, part] of a.entries()) {
		if (part === '*') return b.length >= at;
		const other = b[at];
		if (other === undefined || other === '*' || (part !== other && !part.startsWith(':'))) return false;
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
