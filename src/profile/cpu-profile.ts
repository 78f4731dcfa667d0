/** A CPU profile as V8 writes it (`.cpuprofile`), and what takes the time in it. */
import { BallastError } from '../core/errors.ts';

/** A place in the tree of calls. */
export interface ProfileNode {
	id: number;
	callFrame: { functionName: string; url: string; lineNumber: number; columnNumber: number };
	children?: number[];
}

export interface CpuProfile {
	nodes: ProfileNode[];
	/** µs. */
	startTime: number;
	endTime: number;
	/** Which node was running, sample by sample, and the µs since the sample before. */
	samples: number[];
	timeDeltas: number[];
}

/** A call of a function with all that it called in turn. */
export interface Frame {
	name: string;
	/** `server.js:12`; '': of V8 itself. */
	place: string;
	/** µs in it alone, and with what it called. */
	selfUs: number;
	totalUs: number;
	children: Frame[];
}

export interface HotFunction {
	name: string;
	place: string;
	selfUs: number;
	/** Counted once where it calls itself. */
	totalUs: number;
}

/** Deeper calls are counted to the call at this depth: nobody reads further, and recursion must not be ours. */
const DEEPEST = 250;
const MOST_NODES = 1_000_000;
/** Time in which nothing ran. */
const IDLE = '(idle)';

/** @throws BallastError `command_failed`: it is none, or too large. */
export function readCpuProfile(value: unknown): CpuProfile {
	const profile = value as Partial<CpuProfile> | null;
	const whole =
		typeof profile === 'object' &&
		Array.isArray(profile?.nodes) &&
		profile.nodes.length <= MOST_NODES &&
		profile.nodes.every((node) => Number.isInteger(node?.id) && typeof node.callFrame?.functionName === 'string') &&
		Array.isArray(profile.samples) &&
		Array.isArray(profile.timeDeltas);
	if (!whole) throw new BallastError('command_failed', 'the process gave a profile that this version cannot read');
	return profile as CpuProfile;
}

/** The tree of calls, calls of the same function from the same place put together; the root first. */
export function callTree({ nodes, samples, timeDeltas }: CpuProfile): Frame {
	const selfUs = new Map<number, number>();
	for (const [at, id] of samples.entries()) selfUs.set(id, (selfUs.get(id) ?? 0) + Math.max(0, timeDeltas[at] ?? 0));
	const byId = new Map(nodes.map((node) => [node.id, node]));
	const root: Frame = { name: '(root)', place: '', selfUs: 0, totalUs: 0, children: [] };
	const seen = new Set<number>();
	const pending = nodes.slice(0, 1).map((node) => ({ node, into: root, depth: 0 }));
	for (let next = pending.pop(); next !== undefined; next = pending.pop()) {
		const { node, into, depth } = next;
		if (seen.has(node.id)) continue;
		seen.add(node.id);
		into.selfUs += selfUs.get(node.id) ?? 0;
		for (const id of node.children ?? []) {
			const child = byId.get(id);
			if (child !== undefined)
				pending.push({ node: child, into: depth < DEEPEST ? childOf(into, child) : into, depth: depth + 1 });
		}
	}
	addUp(root);
	return root;
}

/** Functions by the time in themselves, the longest first; idle time is none. */
export function hotFunctions(root: Frame, most: number): HotFunction[] {
	const found = new Map<string, HotFunction>();
	const above = new Set<string>();
	const walk = (frame: Frame): void => {
		const key = `${frame.name}\0${frame.place}`;
		const known = found.get(key) ?? { name: frame.name, place: frame.place, selfUs: 0, totalUs: 0 };
		found.set(key, known);
		known.selfUs += frame.selfUs;
		const outermost = !above.has(key);
		if (outermost) known.totalUs += frame.totalUs;
		above.add(key);
		for (const child of frame.children) walk(child);
		if (outermost) above.delete(key);
	};
	for (const child of root.children) walk(child);
	return [...found.values()]
		.filter(({ name, selfUs }) => name !== IDLE && selfUs > 0)
		.sort((a, b) => b.selfUs - a.selfUs)
		.slice(0, most);
}

/** µs in which something ran. */
export function busyUs(root: Frame): number {
	return root.totalUs - root.children.reduce((sum, { name, totalUs }) => sum + (name === IDLE ? totalUs : 0), 0);
}

function childOf(parent: Frame, { callFrame }: ProfileNode): Frame {
	const name = callFrame.functionName === '' ? '(anonymous)' : callFrame.functionName;
	const place = placeOf(callFrame);
	const known = parent.children.find((child) => child.name === name && child.place === place);
	if (known !== undefined) return known;
	const added: Frame = { name, place, selfUs: 0, totalUs: 0, children: [] };
	parent.children.push(added);
	return added;
}

/** The last three parts of the file's path, and the line, from 1. */
function placeOf({ url, lineNumber }: ProfileNode['callFrame']): string {
	if (typeof url !== 'string' || url === '') return '';
	const path = url.startsWith('node:')
		? url
		: url
				.replace(/^file:\/\//, '')
				.split('/')
				.slice(-3)
				.join('/');
	return Number.isInteger(lineNumber) && lineNumber >= 0 ? `${path}:${lineNumber + 1}` : path;
}

/** No deeper than `DEEPEST`. */
function addUp(frame: Frame): number {
	frame.totalUs = frame.selfUs;
	for (const child of frame.children) frame.totalUs += addUp(child);
	frame.children.sort((a, b) => b.totalUs - a.totalUs);
	return frame.totalUs;
}
