/** Process trees from `ps`, where there is no `/proc`. Open files cannot be told. */
import { execFile } from 'node:child_process';
import { CpuTotals, Family, type Kin, type ProcessTrees, type Usage } from './process-trees.ts';

interface Row extends Kin {
	cpuSeconds: number;
	memoryBytes: number;
}

const OWN = -1;

export class PsTrees implements ProcessTrees {
	readonly #totals = new CpuTotals();

	async sample(
		roots: readonly number[],
		alone: readonly number[],
	): Promise<{ trees: (Usage | null)[]; alone: Usage | null }> {
		const rows = parseProcesses(await list());
		const family = new Family(rows);
		const trees = roots.map((root) => this.#usage(root, family.treeOf(root), rows));
		this.#totals.retain([...roots, OWN]);
		return { trees, alone: alone.length === 0 ? null : this.#usage(OWN, new Set(alone), rows) };
	}

	#usage(root: number, pids: Set<number>, rows: ReadonlyMap<number, Row>): Usage | null {
		const found = [...pids].flatMap((pid) => rows.get(pid) ?? []);
		if (found.length === 0) return null;
		const sum = (of: (row: Row) => number): number => found.reduce((all, row) => all + of(row), 0);
		return {
			cpuSeconds: this.#totals.total(
				root,
				sum(({ cpuSeconds }) => cpuSeconds),
			),
			memoryBytes: sum(({ memoryBytes }) => memoryBytes),
			fds: Number.NaN,
			processes: found.length,
		};
	}
}

function list(): Promise<string> {
	const columns = 'pid=,ppid=,pgid=,rss=,time=';
	return new Promise((resolve, reject) => {
		execFile('ps', ['-A', '-o', columns], { timeout: 5000, maxBuffer: 4_194_304 }, (error, text) => {
			if (error === null) resolve(text);
			else reject(error);
		});
	});
}

/** Lines of pid, parent, group, KiB and `[days-]hours:minutes:seconds`. */
export function parseProcesses(text: string): Map<number, Row> {
	const rows = new Map<number, Row>();
	for (const line of text.split('\n')) {
		const [pid, parent, group, kilobytes, time] = line.trim().split(/\s+/);
		if (time === undefined) continue;
		const [clock = '', days = '0'] = time.split('-').reverse();
		const seconds = clock.split(':').reduce((sum, part) => sum * 60 + Number(part), 0) + Number(days) * 86_400;
		const numbers = [pid, parent, group, kilobytes].map(Number);
		if (![...numbers, seconds].every(Number.isFinite)) continue;
		const [id = 0, elder = 0, leader = 0, size = 0] = numbers;
		rows.set(id, { parent: elder, group: leader, session: leader, cpuSeconds: seconds, memoryBytes: size * 1024 });
	}
	return rows;
}
