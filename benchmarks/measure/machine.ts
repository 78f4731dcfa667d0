/** What the figures were measured on. */
import { spawnSync } from 'node:child_process';
import { cpus, loadavg, release, totalmem } from 'node:os';

/** Most load average (1 minute) at which a machine counts as quiet. */
const QUIET = 0.5;

/** One line: processor, cores, memory, kernel, Node. */
export function describeMachine(): string {
	const all = cpus();
	const gigabytes = Math.round(totalmem() / 2 ** 30);
	return `${all[0]?.model.trim() ?? 'unknown processor'}, ${all.length} cores, ${gigabytes} GiB, Linux ${release()}, Node ${process.version}`;
}

/** Why the figures may be off, one sentence each; empty on a quiet machine that has two cores. */
export function machineWarnings(): string[] {
	const warnings: string[] = [];
	const load = loadavg()[0] ?? 0;
	if (load > QUIET)
		warnings.push(
			`The machine is not quiet (load ${load.toFixed(1)}): every figure rises by up to a third; ratios hold better.`,
		);
	if (cpus().length < 2) warnings.push('One core only: the load shares it with what is measured.');
	return warnings;
}

/** Moves this process, and so what it starts unpinned, away from the measured core. */
export function pinSelf(cores: string): void {
	spawnSync('taskset', ['-a', '-p', '-c', cores, String(process.pid)]);
}
