/** Process trees from Linux's `/proc`. */
import { readdirSync, statSync } from 'node:fs';
import { type ProcessStat, parseProcessStat } from './proc-text.ts';
import { CpuTotals, Family, type ProcessTrees, type Usage } from './process-trees.ts';
import { readSmall } from './read-small.ts';

/** Most processes of the machine that are looked at. */
const MOST_PROCESSES = 20_000;
/** All are read anew after so many samples; in between only new ones and those that are asked for. */
const FRESH_EVERY = 15;

/** Bytes of a page: what this process has in both units tells. */
function pageBytes(): number {
	const kilobytes = Number(/^VmRSS:\s+(\d+) kB/m.exec(readSmall('/proc/self/status') ?? '')?.[1]);
	const pages = parseProcessStat(readSmall('/proc/self/stat') ?? '')?.memoryPages ?? 0;
	const bytes = 2 ** Math.round(Math.log2((kilobytes * 1024) / pages));
	return bytes >= 4096 && bytes <= 65_536 ? bytes : 4096;
}

export class ProcTrees implements ProcessTrees {
	#known = new Map<number, ProcessStat>();
	#samples = 0;
	readonly #pageBytes: number = pageBytes();
	readonly #totals = new CpuTotals();

	async sample(
		roots: readonly number[],
		alone: readonly number[],
	): Promise<{ trees: (Usage | null)[]; alone: Usage | null }> {
		const fresh = this.#refresh();
		const family = new Family(this.#known);
		const read = (pid: number): ProcessStat | undefined => (fresh.has(pid) ? this.#known.get(pid) : this.#read(pid));
		const trees = roots.map((root) => this.#usage(root, family.treeOf(root), read));
		this.#totals.retain([...roots, OWN]);
		return { trees, alone: alone.length === 0 ? null : this.#usage(OWN, new Set(alone), read) };
	}

	/** Finds out which processes there are; answers who was read just now. */
	#refresh(): Set<number> {
		const before = this.#samples++ % FRESH_EVERY === 0 ? new Map<number, ProcessStat>() : this.#known;
		const fresh = new Set<number>();
		this.#known = new Map();
		for (const name of readdirSync('/proc')) {
			const pid = Number(name);
			if (!Number.isInteger(pid) || this.#known.size >= MOST_PROCESSES) continue;
			const known = before.get(pid);
			if (known !== undefined) this.#known.set(pid, known);
			else if (this.#read(pid) !== undefined) fresh.add(pid);
		}
		return fresh;
	}

	#read(pid: number): ProcessStat | undefined {
		const stat = parseProcessStat(readSmall(`/proc/${pid}/stat`) ?? '');
		if (stat === undefined) this.#known.delete(pid);
		else this.#known.set(pid, stat);
		return stat;
	}

	#usage(root: number, pids: Set<number>, read: (pid: number) => ProcessStat | undefined): Usage | null {
		const usage: Usage = { cpuSeconds: 0, memoryBytes: 0, fds: 0, processes: 0 };
		for (const pid of pids) {
			const stat = read(pid);
			if (stat === undefined) continue;
			usage.cpuSeconds += stat.cpuSeconds;
			usage.memoryBytes += stat.memoryPages * this.#pageBytes;
			usage.fds += openFiles(pid);
			usage.processes++;
		}
		if (usage.processes === 0) return null;
		return { ...usage, cpuSeconds: this.#totals.total(root, usage.cpuSeconds) };
	}
}

/** Stands for the processes that are looked at alone. */
const OWN = -1;

/** Since Linux 6.2 the folder's size is their number. NaN: it is another user's process. */
function openFiles(pid: number): number {
	const folder = `/proc/${pid}/fd`;
	try {
		return statSync(folder).size || readdirSync(folder).length;
	} catch {
		return Number.NaN;
	}
}
