import { HostTable } from './router-hosts.ts';
import {
	type Candidate,
	candidatesOf,
	compareCandidates,
	conflictsOf,
	type HostPattern,
	type PathPattern,
	type RoutePattern,
} from './router-pattern.ts';
import { SegmentTable } from './router-segments.ts';

export type { RoutePattern } from './router-pattern.ts';

const SLASH = 0x2f;
const ROOT = Uint8Array.of(SLASH);
const NOTHING: number[] = [];

/** What of a request is matched. */
export interface RouteSubject {
	buffer: Uint8Array;
	/** The path as it came, without query; its dot segments are resolved. */
	pathStart: number;
	pathEnd: number;
	/** The authority, port included; may be empty. */
	hostStart: number;
	hostEnd: number;
	method: string;
	/** The value of a field by its lower-case name; asked for only where a route matches on it. */
	field(name: string): string | undefined;
}

export type Outcome = 'chosen' | 'less specific' | 'host' | 'path' | 'method' | 'header';

type Edge = [from: number, segment: string, to: number];

/** A tree of one host's paths; `anyPath` are its candidates without a path. */
interface Group {
	root: number;
	anyPath: number[];
}

/**
 * Finds the most specific route for a request, whatever the order in which routes are given. In order
 * of weight:
 *
 * 1. host: exact, then `*.` with the longer name, then any; of the same name, with a port before without;
 * 2. path: one without `/*` before one with it; of those with `/*` more segments first; then more literal
 *    segments, then the literal further left; no path last;
 * 3. method: named (the fewer the methods, the earlier), then HEAD meant by GET, then any;
 * 4. header: with a value, then only present, then none; then by name and value.
 *
 * Of equal patterns the first given wins. A route that fails in one part gives way to the next.
 *
 * Hosts are compared without case and trailing dot; a port counts only where the pattern has one, and
 * then it must stand in the request. `/x/*` takes `/x`, `/x/` and all below; `:param` takes one segment
 * that is not empty. For matching only, repeated slashes count as one and escapes of unreserved
 * characters as the character; `%2F` is data. An empty path is `/`; a target that is no path (`*`) meets
 * only routes without one.
 *
 * Matching walks a tree over the received bytes and makes no string and no object.
 */
export class Router<T> {
	readonly #entries: readonly { pattern: RoutePattern; value: T }[];
	/** By rank: the index is how specific it is. */
	readonly #candidates: Candidate[];
	readonly #hosts: HostTable;
	readonly #groups: Group[] = [];
	readonly #segments: SegmentTable;
	/** By node: the node of a parameter or -1, whether there are literal segments, and the candidates that end here or open here. */
	readonly #params: number[] = [];
	readonly #literals: boolean[] = [];
	readonly #exact: number[][] = [];
	readonly #open: number[][] = [];
	/** Of the match under way. */
	#subject: RouteSubject | null = null;
	#buffer: Uint8Array = ROOT;
	#end = 0;
	#best = 0;
	#allowed: Set<string> | null = null;

	constructor(entries: readonly { pattern: RoutePattern; value: T }[]) {
		this.#entries = entries;
		const candidates = entries.flatMap(({ pattern }, index) => candidatesOf(pattern, index));
		this.#candidates = candidates.sort((a, b) => compareCandidates(a, b) || a.entry - b.entry);
		const hosts: HostPattern[] = [];
		const groups = new Map<string, Group>();
		const edges = new Map<string, Edge>();
		for (const [rank, { host, path }] of this.#candidates.entries()) {
			const key = JSON.stringify(host);
			const group = groups.get(key) ?? { root: this.#addNode(), anyPath: [] };
			if (!groups.has(key)) {
				groups.set(key, group);
				hosts.push(host);
				this.#groups.push(group);
			}
			if (path === null) {
				group.anyPath.push(rank);
			} else {
				const node = this.#addPath(group.root, path, edges);
				const lists = path.open ? this.#open : this.#exact;
				if (lists[node] === NOTHING) lists[node] = [];
				(lists[node] as number[]).push(rank);
			}
		}
		this.#hosts = new HostTable(hosts);
		this.#segments = new SegmentTable([...edges.values()]);
	}

	/** Adds what the path needs below the root; the node where it ends. */
	#addPath(root: number, path: PathPattern, edges: Map<string, Edge>): number {
		let node = root;
		for (const segment of path.segments) {
			const key = `${node}/${segment}`;
			const known = segment === null ? this.#params[node] : edges.get(key)?.[2];
			const next = known === undefined || known < 0 ? this.#addNode() : known;
			if (segment === null) this.#params[node] = next;
			else edges.set(key, [node, segment, next]);
			if (segment !== null) this.#literals[node] = true;
			node = next;
		}
		return node;
	}

	#addNode(): number {
		this.#literals.push(false);
		this.#exact.push(NOTHING);
		this.#open.push(NOTHING);
		return this.#params.push(-1) - 1;
	}

	match(subject: RouteSubject): T | undefined {
		const rank = this.#search(subject);
		const candidate = this.#candidates[rank];
		return candidate === undefined ? undefined : (this.#entries[candidate.entry] as { value: T }).value;
	}

	/** After `match` found nothing: the methods that would have been taken here. Not empty: answer 405. */
	methodsAllowed(subject: RouteSubject): string[] {
		const allowed = new Set<string>();
		this.#allowed = allowed;
		this.#search(subject);
		this.#allowed = null;
		return [...allowed].sort();
	}

	/** For each entry, in the order given, whether it was chosen or what spoke against it. Slow. */
	explain(subject: RouteSubject): { pattern: RoutePattern; outcome: Outcome }[] {
		const chosen = this.#candidates[this.#search(subject)]?.entry;
		return this.#entries.map(({ pattern }, index) => {
			const { host, path, methods } = pattern;
			const open = { host: null, path: null, methods: null, header: null };
			const steps: [Outcome, RoutePattern][] = [
				['host', { ...open, host }],
				['path', { ...open, path }],
				['method', { ...open, methods }],
				['header', pattern],
			];
			const failed = steps.find(
				([, step]) => new Router([{ pattern: step, value: true }]).match(subject) === undefined,
			);
			return { pattern, outcome: failed?.[0] ?? (index === chosen ? 'chosen' : 'less specific') };
		});
	}

	/** Pairs of patterns of which neither is more specific, although some request meets both. */
	static conflicts(patterns: readonly RoutePattern[]): [number, number][] {
		return conflictsOf(patterns);
	}

	/** The rank of the best candidate; the number of candidates when there is none. */
	#search(subject: RouteSubject): number {
		const none = this.#candidates.length;
		const hosts = this.#hosts;
		const isEmpty = subject.pathStart >= subject.pathEnd;
		const start = isEmpty ? 0 : subject.pathStart;
		this.#subject = subject;
		this.#buffer = isEmpty ? ROOT : subject.buffer;
		this.#end = isEmpty ? 1 : subject.pathEnd;
		this.#best = none;
		hosts.find(subject.buffer, subject.hostStart, subject.hostEnd);
		for (let at = 0; at < hosts.count && this.#best === none; at++) {
			const group = this.#groups[hosts.found[at] as number] as Group;
			if (this.#buffer[start] === SLASH) this.#walk(group.root, start);
			this.#consider(group.anyPath);
		}
		this.#subject = null;
		this.#buffer = ROOT;
		return this.#best;
	}

	/** Goes down the tree along the path; where a parameter and a literal both fit, down both. */
	#walk(from: number, start: number): void {
		const buffer = this.#buffer;
		const end = this.#end;
		const segments = this.#segments;
		let node = from;
		let at = start;
		for (;;) {
			this.#consider(this.#open[node] as number[]);
			if (at >= end) {
				this.#consider(this.#exact[node] as number[]);
				return;
			}
			const param = this.#params[node] as number;
			const hasLiterals = this.#literals[node] as boolean;
			if (param < 0 && !hasLiterals) return;
			while (at < end && buffer[at] === SLASH) at++;
			segments.scan(buffer, at, end);
			const next = segments.end;
			const literal = hasLiterals ? segments.child(node) : -1;
			if (param >= 0 && next > at) {
				if (literal >= 0) this.#walk(literal, next);
				node = param;
			} else if (literal >= 0) {
				node = literal;
			} else {
				return;
			}
			at = next;
		}
	}

	#consider(ranks: readonly number[]): void {
		for (let at = 0; at < ranks.length; at++) {
			const rank = ranks[at] as number;
			if (rank >= this.#best) return;
			const candidate = this.#candidates[rank] as Candidate;
			if (this.#allowed !== null) {
				if (this.#meetsHeader(candidate)) for (const method of candidate.methods ?? []) this.#allowed.add(method);
			} else if (this.#meetsMethod(candidate) && this.#meetsHeader(candidate)) {
				this.#best = rank;
				return;
			}
		}
	}

	#meetsMethod({ methods }: Candidate): boolean {
		if (methods === null) return true;
		const { method } = this.#subject as RouteSubject;
		for (let at = 0; at < methods.length; at++) if (methods[at] === method) return true;
		return false;
	}

	#meetsHeader({ header }: Candidate): boolean {
		if (header === null) return true;
		const value = (this.#subject as RouteSubject).field(header.name);
		return value !== undefined && (header.value === null || header.value === value);
	}
}
