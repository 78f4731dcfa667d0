import { setTimeout as sleep } from 'node:timers/promises';
import { startBallast } from '../support/ballast.ts';
import { AlertWatch } from './alert-watch.ts';
import { startEchoes } from './echo-instances.ts';
import { EchoLoad } from './echo-load.ts';
import { count, faultTest, ms, percentile } from './judge.ts';
import { LONG, PROMISED, sized } from './plan.ts';
import { judgeWhole } from './wholeness.ts';

const INSTANCES = 4;
/** What every answer takes anyhow: a baseline that a busy machine does not double. */
const USUAL_MS = 40;
const SLOW_MS = 2000;
const WINDOW_MS = 1000;
const QUIET_MS = sized(2500, 8000);
const MOST_MS = 20_000;
/** Longer than is watched: what comes back is another trial. */
const EJECTION_MS = sized(6000, 20_000);

/** Watches until the p99 of each window of a second was in bounds for a while; when that began. NaN: it never was. */
async function settles(load: EchoLoad, fromMs: number, limit: number): Promise<number> {
	let since = fromMs;
	while (performance.now() - fromMs < MOST_MS) {
		await sleep(250);
		const now = performance.now();
		if (percentile(load.tookBetween(now - WINDOW_MS, now), 0.99) > limit) since = now;
		// A window that is still before all of the first slow answers shows nothing.
		else if (now - since > QUIET_MS && now - fromMs > SLOW_MS + QUIET_MS) return since;
	}
	return Number.NaN;
}

for (const balance of LONG ? ['round-robin', 'least-connections'] : ['round-robin'])
	faultTest('4', `by ${balance}`, async (judge, { stack }) => {
		const instances = await startEchoes(stack, INSTANCES);
		for (const { proxy } of instances) proxy.latencyMs = USUAL_MS / 2;
		const app = {
			instances: instances.map(({ proxy }) => proxy.url),
			balance,
			health: { path: '/', interval: '1s' },
			outliers: { ejection: `${EJECTION_MS}ms` },
		};
		const ballast = stack.use(await startBallast({ workers: 2, stop: '0s', services: { app } }));
		const load = stack.use(
			new EchoLoad({
				port: ballast.port,
				clients: 40,
				fresh: 4,
				request: (n) => (n % 4 === 0 ? { method: 'POST', bodySize: 300 } : {}),
			}),
		);
		await sleep(1000);
		const warm = performance.now();
		await sleep(sized(2000, 5000));
		const slowed = performance.now();
		const baseline = percentile(load.tookBetween(warm, slowed), 0.99);
		const alert = new AlertWatch(ballast, PROMISED['4']);
		for (const { proxy } of instances.slice(0, 1)) proxy.latencyMs = SLOW_MS / 2;
		const tookMs = (await settles(load, slowed, 2 * baseline)) - slowed;
		for (const { proxy } of instances) proxy.latencyMs = USUAL_MS / 2;
		const worst = percentile(load.tookBetween(slowed, slowed + 3000), 0.99);
		await load.stop();
		judge(
			`p99 back to ≤ 2 × baseline in ≤ 10 s, by ${balance}`,
			`baseline ${ms(baseline)}, in the first 3 s ${ms(worst)}, back after ${(tookMs / 1000).toFixed(1)} s`,
			tookMs <= 10_000,
		);
		judge('no request fails', `${load.shown()} of ${count(load.sent)}`, load.failures.length === 0);
		await alert.judge(judge, `by ${balance}`);
		await judgeWhole(ballast, judge, INSTANCES);
	});
