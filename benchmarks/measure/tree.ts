/** Which processes belong to a program that was started: its descendants, and those that left its tree but carry its mark. */
import { type ProcStat, readAllStats, readEnvironment } from './proc-stat.ts';

/** The variable that marks all processes of one started program; detached ones that lost their parent still carry it. */
export const MARK = 'BALLAST_BENCH_MARK';

/** The pids of `root` and all its descendants among `stats`; empty when the root is not there. */
export function descendants(root: number, stats: readonly ProcStat[]): number[] {
	const children = Map.groupBy(stats, (stat) => stat.ppid);
	const found = stats.some((stat) => stat.pid === root) ? [root] : [];
	for (let at = 0; at < found.length; at++) {
		for (const child of children.get(found[at] as number) ?? []) found.push(child.pid);
	}
	return found;
}

/** The whole tree of a running program: descendants of `root`, processes marked with `mark`, and their descendants. */
export function processTree(root: number, mark: string): ProcStat[] {
	const stats = readAllStats();
	const pids = new Set(descendants(root, stats));
	for (const stat of stats) {
		if (pids.has(stat.pid) || readEnvironment(stat.pid, MARK) !== mark) continue;
		for (const pid of descendants(stat.pid, stats)) pids.add(pid);
	}
	return stats.filter((stat) => pids.has(stat.pid));
}
