/** What a route takes, read once: its parts in the spelling that requests are compared in, and which of two is more specific. */

import { patternText } from './path.ts';

/** A null part takes everything. */
export interface RoutePattern {
	/** `a.example`, `*.example` (any names in front), `*`, `[::1]`; each with or without a port. */
	host: string | null;
	/** `/exact`, `/prefix/*`, `/users/:id`, `/users/:id/*`. */
	path: string | null;
	/** Upper case. GET takes HEAD too, where no other route names HEAD. */
	methods: string[] | null;
	/** `name` in lower case; `value` null: any. */
	header: { name: string; value: string | null } | null;
}

export interface HostPattern {
	/** Lower case, without `*.`; '' for any host. */
	name: string;
	/** Only names below it. */
	wildcard: boolean;
	/** -1: any. */
	port: number;
}

export interface PathPattern {
	/** null: any segment that is not empty. */
	segments: readonly (string | null)[];
	/** Takes all that lies below, too. */
	open: boolean;
}

/** A pattern for some of its methods: what the router ranks and tries. */
export interface Candidate {
	/** Which of the given entries it stands for. */
	entry: number;
	host: HostPattern;
	path: PathPattern | null;
	methods: readonly string[] | null;
	/** For HEAD because GET is named: how many methods are named. Else 0. */
	implied: number;
	header: RoutePattern['header'];
}

export function parseHost(text: string | null): HostPattern {
	if (text === null) return { name: '', wildcard: false, port: -1 };
	const found = /^(\[[^\]]*\]|[^:]*)(?::(\d+))?$/.exec(text.toLowerCase());
	const [, name = text.toLowerCase(), digits] = found ?? [];
	const port = digits === undefined ? -1 : Number(digits);
	if (name === '*') return { name: '', wildcard: false, port };
	const wildcard = name.startsWith('*.');
	return { name: name.slice(wildcard ? 2 : 0).replace(/\.$/, ''), wildcard, port };
}

export function parsePath(text: string | null): PathPattern | null {
	if (text === null) return null;
	const parts = text
		.replace(/\/{2,}/g, '/')
		.replace(/^\//, '')
		.split('/');
	const open = parts.at(-1) === '*';
	if (open) parts.pop();
	return { segments: parts.map((part) => (/^:./.test(part) ? null : patternText(part))), open };
}

/** The candidates of one pattern: itself, and itself for HEAD where it names only GET. */
export function candidatesOf(pattern: RoutePattern, entry: number): Candidate[] {
	const { header } = pattern;
	const methods = pattern.methods && [...new Set(pattern.methods)];
	const own = { entry, host: parseHost(pattern.host), path: parsePath(pattern.path), methods, implied: 0, header };
	if (methods === null || !methods.includes('GET') || methods.includes('HEAD')) return [own];
	return [own, { ...own, methods: ['HEAD'], implied: methods.length }];
}

/** The order of `Router`: negative when `a` is more specific. 0 only for candidates of equal patterns. */
export function compareCandidates(a: Candidate, b: Candidate): number {
	return (
		compareHosts(a.host, b.host) ||
		comparePaths(a.path, b.path) ||
		methodRank(a) - methodRank(b) ||
		compareHeaders(a.header, b.header) ||
		compareText(String(a.methods), String(b.methods))
	);
}

function compareHosts(a: HostPattern, b: HostPattern): number {
	const kind = (host: HostPattern) => (host.name === '' ? 2 : host.wildcard ? 1 : 0);
	const port = Number(a.port < 0) - Number(b.port < 0);
	return kind(a) - kind(b) || b.name.length - a.name.length || compareText(a.name, b.name) || port || a.port - b.port;
}

function comparePaths(a: PathPattern | null, b: PathPattern | null): number {
	if (a === null || b === null) return Number(a === null) - Number(b === null);
	if (a.open !== b.open) return a.open ? 1 : -1;
	const literals = (path: PathPattern) => path.segments.filter((segment) => segment !== null).length;
	const counted = b.segments.length - a.segments.length || literals(b) - literals(a);
	if (counted !== 0) return counted;
	const leftmost = a.segments.findIndex((segment, at) => (segment === null) !== (b.segments[at] === null));
	if (leftmost >= 0) return a.segments[leftmost] === null ? 1 : -1;
	return compareText(JSON.stringify(a.segments), JSON.stringify(b.segments));
}

/** Named methods before an implied HEAD before any method; of named ones the fewer. */
function methodRank({ methods, implied }: Candidate): number {
	return methods === null ? 2e6 : implied > 0 ? 1e6 + implied : methods.length;
}

function compareHeaders(a: RoutePattern['header'], b: RoutePattern['header']): number {
	const kind = (header: RoutePattern['header']) => (header === null ? 2 : header.value === null ? 1 : 0);
	return kind(a) - kind(b) || compareText(a?.name ?? '', b?.name ?? '') || compareText(a?.value ?? '', b?.value ?? '');
}

function compareText(a: string, b: string): number {
	return a === b ? 0 : a < b ? -1 : 1;
}

/**
 * Pairs [i, j], i < j, of patterns of which neither is more specific although some request meets both:
 * the same host, path and header, and as many methods with one in common.
 */
export function conflictsOf(patterns: readonly RoutePattern[]): [number, number][] {
	const alike = new Map<string, number[]>();
	const pairs: [number, number][] = [];
	for (const [index, { host, path, methods, header }] of patterns.entries()) {
		const key = JSON.stringify([parseHost(host), parsePath(path), new Set(methods).size, header?.name, header?.value]);
		const others = alike.get(key) ?? [];
		for (const other of others) {
			const theirs = (patterns[other] as RoutePattern).methods;
			if (methods === null ? theirs === null : methods.some((method) => theirs?.includes(method)))
				pairs.push([other, index]);
		}
		alike.set(key, [...others, index]);
	}
	return pairs;
}
