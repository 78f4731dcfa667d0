/** Peers measured in turn, A B C A B C …, all of them up and warm the whole time. */
import { join } from 'node:path';
import { type LoadPlan, type LoadResult, runLoad } from '../measure/load.ts';
import { cpuMicros, memoryOf } from '../measure/proc-stat.ts';
import type { Peer, PeerSetup, RunningPeer } from '../peers/peer.ts';
import type { Bench } from './scenario.ts';

/** One peer under load for one round. */
export interface Sample extends LoadResult {
	/** User + system time of the peer's whole tree. */
	readonly cpuMicros: number;
	/** Memory of the tree right after the load. */
	readonly memoryBytes: number;
}

/** A peer as one scenario starts it; `label` names it in the table. */
export interface Entrant {
	readonly label: string;
	readonly peer: Peer;
	readonly setup: Omit<PeerSetup, 'folder' | 'upstreams'>;
}

/** How an interleaved measurement goes. */
export interface Plan {
	readonly name: string;
	readonly rounds: number;
	readonly warmUpSeconds: number;
	/** The load, but for the host and port: `url` is a path. */
	readonly load: LoadPlan;
}

export interface Measured {
	/** Samples by label, a round each. An entrant that failed is missing. */
	readonly samples: ReadonlyMap<string, readonly Sample[]>;
	readonly notes: readonly string[];
}

/** An entrant that is up. `gone`: why it is measured no more. */
interface Runner {
	readonly label: string;
	readonly running: RunningPeer;
	readonly samples: Sample[];
	gone: string | undefined;
}

/** Starts all, warms each up, measures round by round, ends all. */
export async function measureInterleaved(bench: Bench, entrants: readonly Entrant[], plan: Plan): Promise<Measured> {
	const notes: string[] = [];
	const runners: Runner[] = [];
	try {
		for (const entrant of entrants) {
			const folder = join(bench.folder, `${plan.name}-${entrant.label.replace(/\W+/g, '-')}`);
			try {
				const running = await entrant.peer.start({ ...entrant.setup, folder, upstreams: bench.upstreams });
				runners.push({ label: entrant.label, running, samples: [], gone: undefined });
			} catch (error) {
				notes.push(`${entrant.label}: did not start: ${(error as Error).message}`);
			}
		}
		for (const runner of runners) await attempt(runner, () => runLoad(loadFor(runner, plan, plan.warmUpSeconds)));
		for (let round = 1; round <= plan.rounds; round++) {
			bench.say(`${plan.name}: round ${round} of ${plan.rounds}`);
			for (const runner of runners) {
				await attempt(runner, async () => runner.samples.push(await measure(runner, loadFor(runner, plan))));
			}
		}
	} finally {
		for (const runner of runners) await runner.running.stop();
	}
	for (const runner of runners) notes.push(...complaints(runner));
	return { samples: new Map(runners.map((runner) => [runner.label, runner.samples])), notes };
}

/** One that cannot be loaded is left out from then on; the others go on. */
async function attempt(runner: Runner, work: () => Promise<unknown>): Promise<void> {
	if (runner.gone !== undefined) return;
	try {
		await work();
	} catch (error) {
		runner.gone = (error as Error).message.trim();
	}
}

function complaints(runner: Runner): string[] {
	const errors = runner.samples.reduce((sum, sample) => sum + sample.errors, 0);
	const found: string[] = [];
	if (errors > 0) found.push(`${runner.label}: ${errors} errors under load; those rounds do not count.`);
	if (runner.gone !== undefined) {
		found.push(`${runner.label}: broke down: ${runner.gone}: ${runner.running.program.output().slice(-300)}`);
	}
	return found;
}

function loadFor(runner: Runner, plan: Plan, seconds = plan.load.seconds): LoadPlan {
	return { ...plan.load, url: `http://127.0.0.1:${runner.running.port}${plan.load.url}`, seconds };
}

async function measure({ running }: Runner, load: LoadPlan): Promise<Sample> {
	const pids = running.program.tree();
	const before = cpuMicros(pids);
	const result = await runLoad(load);
	const spent = cpuMicros(pids) - before;
	const after = running.program.tree();
	const died = pids.find((pid) => !after.includes(pid));
	if (died !== undefined) throw new Error(`its process ${died} ended under load`);
	return { ...result, cpuMicros: spent, memoryBytes: memoryOf(after) };
}
