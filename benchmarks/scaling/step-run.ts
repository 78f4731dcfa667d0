/** The example behind Ballast, with five times the load for a while. */
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { type LoadSecond, startLoad } from '../../examples/load.ts';
import { loadConfig } from '../../src/config/load.ts';
import type { KeptDecision } from '../../src/scaling/decision-store.ts';
import type { ScalePolicy } from '../../src/scaling/policy.ts';
import { type Ballast, startBallast } from '../../test/support/ballast.ts';
import { decisionsOf, readyAre, SizeWatch } from '../../test/support/sizes.ts';
import { neededOf, type StepPlan, scaleOf } from './plan.ts';

const EXAMPLE = join(import.meta.dirname, '..', '..', 'examples', 'video-api');

/** What was so at the end of a second. */
export interface StepSecond {
	/** From the step on; negative before it. */
	second: number;
	rate: number;
	desired: number;
	ready: number;
	p95Ms: number;
	failed: number;
}

export interface StepRun {
	seconds: StepSecond[];
	/** When it went up and down, epoch ms. */
	stepMs: number;
	calmMs: number;
	/** Since the step; Infinity: never. */
	decidedMs: number;
	/** Since the step until as many are ready as it needs. */
	readyMs: number;
	/** Of one instance, from its start, the median. */
	startMs: number;
	most: number;
	requests: number;
	failed: number;
	failures: Record<string, number>;
	/** Since the end of the rush; Infinity: not in time. */
	backMs: number;
	/** Instances went out again after they had gone in, or in while the rush lasted. */
	flaps: number;
	p50Ms: number;
	p95Ms: number;
	/** All sizes that were decided. */
	decisions: KeptDecision[];
	policy: ScalePolicy;
}

function config(plan: StepPlan, dataFolder: string): Record<string, unknown> {
	const videos = {
		match: ['/v1/*', '/healthz'],
		instances: {
			run: 'node server.ts',
			cwd: EXAMPLE,
			// A render of minutes takes about a second.
			env: { HOST: '127.0.0.1', DATA_DIR: dataFolder, SPEED: '600' },
			grace: '10s',
		},
		health: { path: '/healthz', interval: '1s' },
		upstream: { idle: '60s' },
		timeouts: { firstByte: '30s', request: '60s' },
		scale: scaleOf(plan),
	};
	return { stop: '2s', services: { videos } };
}

/** Runs it; `tell` has each second as it ends. */
export async function runStep(plan: StepPlan, tell: (second: StepSecond) => void): Promise<StepRun> {
	await using ballast = await startBallast(config(plan, './data'), { startMs: 60_000 });
	await readyAre(ballast, 'videos', plan.min, 30_000);
	await using watch = new SizeWatch(ballast, 'videos');
	const seconds: StepSecond[] = [];
	const zero = plan.calmSeconds;
	const onSecond = ({ second, rate, p95Ms, failed }: LoadSecond): void => {
		const { desired = 0, ready = 0 } = watch.last ?? {};
		const now = { second: second - zero, rate, desired, ready, p95Ms, failed };
		seconds.push(now);
		tell(now);
	};
	const load = startLoad({ url: ballast.url, rate: plan.calm, seconds: 3600, onSecond });
	await sleep(plan.calmSeconds * 1000);
	load.setRate(plan.rush);
	const stepMs = Date.now();
	await sleep(plan.rushSeconds * 1000);
	load.setRate(plan.calm);
	const calmMs = Date.now();
	const backMs = await untilBack(watch, plan, calmMs);
	// Whether it goes out again.
	await sleep(8000);
	const summary = await load.stop();
	await watch.stop();
	const decisions = await decisionsOf(ballast, 'videos');
	return {
		...{ seconds, stepMs, calmMs, backMs, decisions, policy: await policyOf(ballast) },
		decidedMs: firstOut(decisions, stepMs) - stepMs,
		readyMs:
			(watch.moments.find(({ atMs, ready }) => atMs > stepMs && ready >= neededOf(plan))?.atMs ?? Number.NaN) - stepMs,
		startMs: medianStart(ballast.output()),
		most: watch.most(),
		...{ requests: summary.requests, failed: summary.failed, failures: summary.failures },
		flaps: flapsOf(decisions, calmMs),
		...{ p50Ms: summary.p50Ms, p95Ms: summary.p95Ms },
	};
}

async function untilBack(watch: SizeWatch, { min, backSeconds }: StepPlan, calmMs: number): Promise<number> {
	for (;;) {
		const { there = 0, desired = 0 } = watch.last ?? {};
		if (there === min && desired === min) return Date.now() - calmMs;
		if (Date.now() - calmMs > backSeconds * 1000) return Number.POSITIVE_INFINITY;
		await sleep(100);
	}
}

const firstOut = (decisions: readonly KeptDecision[], stepMs: number): number =>
	decisions.find(({ atMs, decision }) => atMs > stepMs && decision.desired > decision.before)?.atMs ??
	Number.POSITIVE_INFINITY;

/** Turns that no change of the load asks for. */
function flapsOf(decisions: readonly KeptDecision[], calmMs: number): number {
	return decisions.filter(({ atMs, decision }) => {
		const out = decision.desired > decision.before;
		// Within the first seconds the windows are still of the rush.
		return out ? atMs > calmMs + 5000 : atMs < calmMs;
	}).length;
}

function medianStart(output: string): number {
	const starts = [...output.matchAll(/ ready after ([\d.]+) s on /g)].map(([, s]) => Number(s) * 1000);
	return starts.toSorted((a, b) => a - b)[Math.floor(starts.length / 2)] ?? Number.NaN;
}

async function policyOf({ folder }: Ballast): Promise<ScalePolicy> {
	const loaded = await loadConfig(join(folder, 'ballast.yaml'));
	if (!loaded.ok) throw new Error('the configuration does not load');
	return loaded.config.services[0]?.pools[0]?.scale as ScalePolicy;
}
