/** What processes use together. NaN: it cannot be told here. */
export interface Usage {
	/** A total that never falls, of those that are and were. */
	cpuSeconds: number;
	/** Resident; what processes share counts for each. */
	memoryBytes: number;
	fds: number;
	processes: number;
}

/** Looks at the processes of this machine. */
export interface ProcessTrees {
	/**
	 * Of each root its whole tree: the process, all that descend from it, and who is in its group or session
	 * though its parent is no more. Of each of `alone` the process itself. null: there is none.
	 */
	sample(roots: readonly number[], alone: readonly number[]): Promise<{ trees: (Usage | null)[]; alone: Usage | null }>;
}

/** Most processes that are looked at of one tree. */
export const MOST_OF_A_TREE = 1000;

export interface Kin {
	parent: number;
	group: number;
	session: number;
}

/** Who belongs to whom. */
export class Family {
	readonly #children = new Map<number, number[]>();

	constructor(processes: ReadonlyMap<number, Kin>) {
		for (const [pid, { parent, group, session }] of processes) {
			for (const elder of new Set([parent, group, session])) if (elder !== pid) this.#add(elder, pid);
		}
	}

	#add(elder: number, pid: number): void {
		const known = this.#children.get(elder);
		if (known === undefined) this.#children.set(elder, [pid]);
		else known.push(pid);
	}

	/** The root and those that belong to it. */
	treeOf(root: number): Set<number> {
		const tree = new Set([root]);
		for (const pid of tree) {
			for (const child of this.#children.get(pid) ?? []) if (tree.size < MOST_OF_A_TREE) tree.add(child);
		}
		return tree;
	}
}

/** Keeps the CPU time of each tree from falling when a process goes whose time nobody took over. */
export class CpuTotals {
	readonly #totals = new Map<number, { last: number; total: number }>();

	/** @param seconds of those of the tree that are there now */
	total(root: number, seconds: number): number {
		const known = this.#totals.get(root);
		if (known === undefined) {
			this.#totals.set(root, { last: seconds, total: seconds });
			return seconds;
		}
		known.total += Math.max(0, seconds - known.last);
		known.last = seconds;
		return known.total;
	}

	/** Forgets all others. */
	retain(roots: readonly number[]): void {
		const kept = new Set(roots);
		for (const root of this.#totals.keys()) if (!kept.has(root)) this.#totals.delete(root);
	}
}
