/**
 * What simulating costs: `node benchmarks/simulate.ts`. The targets: 10,000,000 requests, each by itself, in 10 s;
 * a day of a value a second in 1 s; 10,000 instances with 1,000,000 requests a second are modelled.
 */
import { DEFAULT_SCALE } from '../src/scaling/default-policy.ts';
import type { ScalePolicy } from '../src/scaling/policy.ts';
import { constant, type Distribution, lognormal } from '../src/scaling/simulator/distribution.ts';
import type { EngineName } from '../src/scaling/simulator/engine.ts';
import { generateTrace } from '../src/scaling/simulator/generate-trace.ts';
import type { Model } from '../src/scaling/simulator/model.ts';
import { type Simulated, simulate } from '../src/scaling/simulator/simulate.ts';
import { simulatedPolicy } from '../src/scaling/simulator/simulated-policy.ts';

const model: Model = {
	serviceTime: lognormal(80, 400) as Distribution,
	...{ concurrency: 10, cpuMs: null, cores: 1, startUp: constant(2000), warmUpMs: 0, warmUpFactor: 1 },
	...{ patienceMs: 10_000, queue: Number.POSITIVE_INFINITY, hold: 1000 },
};
const policy: ScalePolicy = {
	...DEFAULT_SCALE,
	min: 2,
	max: 20_000,
	signals: [
		{ name: 'cpu', source: { from: 'cpu' }, kind: 'each', target: 0.6, unit: 'ratio' },
		{ name: 'requestsPerSecond', source: { from: 'requests' }, kind: 'total', target: 75, unit: 'per-second' },
	],
};

/** CPU seconds, the best of a few runs: other programs share the machine. */
function measure(
	name: string,
	trace: string,
	{ engine, baselines, runs }: { engine: EngineName; baselines: boolean; runs: number },
): void {
	const load = generateTrace(trace, 1);
	let best = Number.POSITIVE_INFINITY;
	let simulated: Simulated | undefined;
	for (let run = 0; run < runs; run++) {
		const started = process.cpuUsage();
		simulated = simulate({
			load,
			model,
			policies: [simulatedPolicy('it', policy)],
			engine,
			seed: 1,
			first: null,
			baselines,
		});
		const { user, system } = process.cpuUsage(started);
		best = Math.min(best, (user + system) / 1000);
	}
	const outcome = simulated?.policies[0];
	console.log(
		`${name.padEnd(46)} ${(best / 1000).toFixed(2).padStart(6)} s  ${load.total} requests, ${outcome?.most} instances at most, ${Math.round(outcome?.unmet ?? 0)} unmet`,
	);
}

measure('10,000,000 requests, each by itself', 'diurnal:2780:period=1h,for=1h', {
	engine: 'events',
	baselines: false,
	runs: 2,
});
measure('the same, with both baselines', 'diurnal:2780:period=1h,for=1h', {
	engine: 'events',
	baselines: true,
	runs: 1,
});
measure('a day of 1 Hz data', 'diurnal:300,noise:20%,for=24h', { engine: 'fluid', baselines: false, runs: 3 });
measure('the same, with both baselines', 'diurnal:300,noise:20%,for=24h', {
	engine: 'fluid',
	baselines: true,
	runs: 3,
});
measure('1,000,000 requests/s, 13,000 instances, an hour', 'diurnal:500000:swing=100%:period=1h,for=1h', {
	engine: 'fluid',
	baselines: true,
	runs: 1,
});
