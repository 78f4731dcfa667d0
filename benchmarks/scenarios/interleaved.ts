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
	/** PSS of the tree right after the load. */
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

/** Starts all, warms each up, measures round by round, ends all. */
export async function measureInterleaved(bench: Bench, entrants: readonly Entrant[], plan: Plan): Promise<Measured> {
	const notes: string[] = [];
	const up: { entrant: Entrant; running: RunningPeer; samples: Sample[] }[] = [];
	try {
		for (const entrant of entrants) {
			const setup = {
				...entrant.setup,
				folder: join(bench.folder, `${plan.name}-${entrant.label.replace(/\W+/g, '-')}`),
				upstreams: bench.upstreams,
			};
			try {
				up.push({ entrant, running: await entrant.peer.start(setup), samples: [] });
			} catch (error) {
				notes.push(`${entrant.label}: did not start: ${(error as Error).message}`);
			}
		}
		for (const one of up) await runLoad(loadFor(one.running, plan, plan.warmUpSeconds));
		for (let round = 1; round <= plan.rounds; round++) {
			bench.say(`${plan.name}: round ${round} of ${plan.rounds}`);
			for (const one of up) one.samples.push(await measure(one.running, loadFor(one.running, plan)));
		}
	} finally {
		for (const one of up) await one.running.stop();
	}
	for (const { entrant, samples } of up) {
		const errors = samples.reduce((sum, sample) => sum + sample.errors, 0);
		if (errors > 0) notes.push(`${entrant.label}: ${errors} errors under load; its figures do not count.`);
	}
	return { samples: new Map(up.map((one) => [one.entrant.label, one.samples])), notes };
}

function loadFor(running: RunningPeer, plan: Plan, seconds = plan.load.seconds): LoadPlan {
	return { ...plan.load, url: `http://127.0.0.1:${running.port}${plan.load.url}`, seconds };
}

async function measure(running: RunningPeer, load: LoadPlan): Promise<Sample> {
	const pids = running.program.tree();
	const before = cpuMicros(pids);
	const result = await runLoad(load);
	const spent = cpuMicros(pids) - before;
	return { ...result, cpuMicros: spent, memoryBytes: memoryOf(running.program.tree()).pss };
}
