import assert from 'node:assert/strict';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { loadConfig } from '../../src/config/load.ts';
import type { ScalePolicy } from '../../src/scaling/policy.ts';
import { constant, type Distribution, fromQuantiles } from '../../src/scaling/simulator/distribution.ts';
import { forecast } from '../../src/scaling/simulator/forecast.ts';
import { readTrace } from '../../src/scaling/simulator/read-trace.ts';
import { simulatedPolicy } from '../../src/scaling/simulator/simulated-policy.ts';
import { SERVER_JS } from '../support/api-file.ts';
import { type Ballast, startBallast } from '../support/ballast.ts';
import { eventually, statusOf } from '../support/suite.ts';

/** How long an instance works on a request, one after the other, ms. */
const WORK_MS = [10, 15, 20, 20, 25, 60];
/** Requests a second, and for how long, s. */
const COURSE = [
	[10, 6],
	[70, 14],
	[10, 20],
] as const;
/** Of the real run. */
const WITHIN = 0.15;

describe('a forecast', () => {
	let ballast: Ballast;
	before(async () => {
		const scale = {
			...{ min: 1, max: 6, perInstance: { requestsPerSecond: 20 }, window: '4s', panic: { window: '2s' } },
			...{ cooldown: '4s', warmUp: '0s' },
		};
		const app = { instances: { run: 'node server.js', grace: '2s' }, scale, health: { path: '/', interval: '300ms' } };
		const logs = { access: './access.log' };
		ballast = await startBallast({ workers: 1, logs, services: { app } }, { files: { 'server.js': SERVER_JS } });
	});
	after(async () => {
		await ballast?.stop();
	});

	test('agrees with the real run on the same requests within 15 % in instance-seconds', async (context) => {
		await eventually(
			async () => (await statusOf(ballast)).services[0]?.ready,
			(ready) => ready === 1,
			10_000,
		);
		const watching = watch(ballast);
		const { rows, failed } = await ask(ballast);
		const real = await watching.end();
		assert.equal(failed, 0);
		const serviceTime = await learned(ballast, rows.length);
		const model = {
			...{ serviceTime, concurrency: 100, cpuMs: null, cores: 1, warmUpMs: 0, warmUpFactor: 1 },
			...{ startUp: constant(real.startMs), patienceMs: 10_000, queue: Number.POSITIVE_INFINITY, hold: 1000 },
		};
		const policy = simulatedPolicy('app', await policyOf(ballast));
		const { instanceSeconds, most, changes } = forecast(rows, policy, { model, first: 1 });
		const { meanMs } = serviceTime;
		const said = `real ${real.instanceSeconds.toFixed(1)} s and ${real.most} at most, forecast ${instanceSeconds.toFixed(1)} s and ${most}; a start took ${Math.round(real.startMs)} ms, a request ${meanMs.toFixed(1)} ms in the mean by the access log`;
		context.diagnostic(said);
		const worked = WORK_MS.reduce((sum, ms) => sum + ms, 0) / WORK_MS.length;
		assert.ok(meanMs >= worked && meanMs < 2 * worked, said);
		assert.ok(real.most > 2 && changes.length > 1, said);
		assert.ok(Math.abs(instanceSeconds / real.instanceSeconds - 1) <= WITHIN, said);
	});
});

async function policyOf({ folder }: Ballast): Promise<ScalePolicy> {
	const loaded = await loadConfig(`${folder}/ballast.yaml`);
	assert.ok(loaded.ok);
	return loaded.config.services[0]?.pools[0]?.scale as ScalePolicy;
}

/** How long requests took, as `ballast simulate --trace access.log` learns it. */
async function learned({ folder }: Ballast, count: number): Promise<Distribution> {
	const { load } = await eventually(
		() => readTrace(join(folder, 'access.log'), 'app'),
		({ load }) => load.total === count,
	);
	const shares = Array.from({ length: 1001 }, (_, n) => n / 1000);
	return fromQuantiles(
		'learned',
		shares.map((share) => [share, load.works.percentile(share) ?? 0] as const),
	);
}

/** Sends the course, evenly; what came when. */
async function ask({ url }: Ballast): Promise<{ rows: (readonly [number, number])[]; failed: number }> {
	const rows: (readonly [number, number])[] = [];
	const answers: Promise<boolean>[] = [];
	let dueMs = Date.now();
	for (const [perSecond, seconds] of COURSE) {
		for (let n = 0; n < perSecond * seconds; n++) {
			dueMs += 1000 / perSecond;
			await sleep(Math.max(0, dueMs - Date.now()));
			rows.push([Date.now(), 1]);
			const asked = fetch(`${url}/?ms=${WORK_MS[rows.length % WORK_MS.length]}`, {
				signal: AbortSignal.timeout(10_000),
			});
			answers.push(asked.then(async (answer) => (await answer.text()) !== '' && answer.ok).catch(() => false));
		}
	}
	return { rows, failed: (await Promise.all(answers)).filter((answered) => !answered).length };
}

/** Counts the instances that are there, whatever they do, several times a second. */
function watch(ballast: Ballast) {
	const seen = new Map<string, { firstMs: number; readyMs: number }>();
	const ending = new AbortController();
	let [instanceMs, most] = [0, 0];
	const done = (async () => {
		let lastMs = performance.now();
		for (let isFirst = true; !ending.signal.aborted; isFirst = false) {
			const instances = (await statusOf(ballast)).services[0]?.instances ?? [];
			const nowMs = performance.now();
			instanceMs += instances.length * (nowMs - lastMs);
			lastMs = nowMs;
			most = Math.max(most, instances.filter(({ state }) => state === 'ready').length);
			for (const { id, state } of instances) {
				const one = seen.get(id) ?? { firstMs: isFirst ? Number.NaN : nowMs, readyMs: Number.NaN };
				if (state === 'ready' && Number.isNaN(one.readyMs)) one.readyMs = nowMs;
				seen.set(id, one);
			}
			await sleep(100);
		}
	})();
	return {
		async end() {
			ending.abort();
			await done;
			const starts = [...seen.values()].map(({ firstMs, readyMs }) => readyMs - firstMs).filter((ms) => ms >= 0);
			const startMs = starts.reduce((sum, ms) => sum + ms, 0) / Math.max(1, starts.length);
			return { instanceSeconds: instanceMs / 1000, most, startMs };
		},
	};
}
