/** What the system tells of a process and all that it started. Linux. */
import { readdirSync, readFileSync } from 'node:fs';

const read = (path: string): string => {
	try {
		return readFileSync(path, 'latin1');
	} catch {
		return '';
	}
};

/** The process and all below it that are alive now. A process whose parent has ended is not found. */
export function treeOf(root: number): number[] {
	const parents = new Map<number, number>();
	for (const name of readdirSync('/proc')) {
		if (!/^\d+$/.test(name)) continue;
		const fields = read(`/proc/${name}/stat`).split(') ')[1]?.split(' ');
		if (fields !== undefined && fields[0] !== 'Z') parents.set(Number(name), Number(fields[1]));
	}
	const tree = parents.has(root) ? [root] : [];
	for (let at = 0; at < tree.length; at++) {
		for (const [pid, parent] of parents) if (parent === tree[at]) tree.push(pid);
	}
	return tree;
}

/** Resident memory of the whole tree, bytes. */
export function rssOf(root: number): number {
	return treeOf(root).reduce(
		(sum, pid) => sum + Number(/VmRSS:\s+(\d+)/.exec(read(`/proc/${pid}/status`))?.[1] ?? 0) * 1024,
		0,
	);
}

export function isAlive(pid: number): boolean {
	const state = read(`/proc/${pid}/stat`).split(') ')[1]?.[0];
	return state !== undefined && state !== 'Z';
}
