import { setTimeout as sleep } from 'node:timers/promises';
import { type Ballast, startBallast } from '../support/ballast.ts';
import { eventually, statusOf } from '../support/suite.ts';
import { AlertWatch } from './alert-watch.ts';
import type { Told } from './echo-client.ts';
import { startEchoes } from './echo-instances.ts';
import { EchoLoad } from './echo-load.ts';
import { count, faultTest, ms } from './judge.ts';
import { LONG, PROMISED, sized } from './plan.ts';
import { judgeWhole } from './wholeness.ts';

const INTERVAL_MS = 1000;
const PRIMARIES = 3;
const STANDBYS = 2;

/** Part of the traffic that the standby has, 0…1. */
async function standbyShare(ballast: Ballast): Promise<number> {
	const pools = (await statusOf(ballast)).services[0]?.pools ?? [];
	return pools.find(({ name }) => name === 'standby')?.share ?? 0;
}

/** Requests whose sending lies in this span. */
const sentBetween = (told: readonly Told[], fromMs: number, toMs: number) =>
	told.filter(({ atMs, tookMs }) => atMs - tookMs >= fromMs && atMs - tookMs < toMs);

faultTest('pool', '', async (judge, { stack }) => {
	const instances = await startEchoes(stack, PRIMARIES + STANDBYS);
	const primary = instances.slice(0, PRIMARIES);
	const url = ({ proxy }: (typeof instances)[number]) => proxy.url;
	const pools = {
		primary: { instances: primary.map(url) },
		standby: { instances: instances.slice(PRIMARIES).map(url), priority: 2 },
	};
	const app = {
		pools,
		health: { path: '/', interval: `${INTERVAL_MS}ms`, timeout: '500ms' },
		outliers: { ejection: '1s' },
		failover: { hold: '1s' },
	};
	const ballast = stack.use(await startBallast({ workers: 2, stop: '0s', services: { app } }));
	await eventually(
		async () => (await statusOf(ballast)).services[0]?.ready,
		(ready) => ready === PRIMARIES + STANDBYS,
		10_000,
	);
	const all: Told[] = [];
	const load = stack.use(
		new EchoLoad({
			port: ballast.port,
			clients: 24,
			fresh: 6,
			pauseMs: 2,
			request: (n) => (n % 2 === 0 ? { method: 'POST', bodySize: 300 } : {}),
		}),
	);
	load.onTold = (told) => all.push(told);
	const rounds = sized(1, 8);
	const moved: number[] = [];
	const returned: number[] = [];
	/** Within the two intervals that the move may take, and until it was made, which may be sooner by far. */
	const posts = { sent: 0, failed: 0, sooner: 0, soonerFailed: 0 };
	const badPosts: Told[] = [];
	for (let round = 0; round < rounds; round++) {
		await sleep(sized(2000, 10_000));
		const lost = performance.now();
		const alert = new AlertWatch(ballast, PROMISED.pool);
		for (const { proxy } of primary) proxy.die();
		await eventually(
			() => standbyShare(ballast),
			(share) => share === 1,
			20_000,
		);
		const failedOver = performance.now();
		moved.push(failedOver - lost);
		const until = Math.max(failedOver, lost + 2 * INTERVAL_MS);
		await sleep(until - performance.now() + 500);
		const between = sentBetween(all, lost, until).filter(({ asked }) => asked.method === 'POST');
		posts.sent += between.length;
		const bad = between.filter(({ status }) => status !== 200);
		posts.failed += bad.length;
		posts.sooner += sentBetween(between, lost, failedOver).length;
		posts.soonerFailed += sentBetween(bad, lost, failedOver).length;
		badPosts.push(...bad);
		// In the last round it is away for as long as the alert takes.
		if (LONG && round === rounds - 1) await alert.judge(judge);
		const healed = performance.now();
		for (const { proxy } of primary) await proxy.accept();
		await eventually(
			() => standbyShare(ballast),
			(share) => share === 0,
			60_000,
		);
		returned.push(performance.now() - healed);
		await sleep(500);
		all.length = 0;
	}
	await load.stop();
	const gets = load.failures.filter(({ asked }) => asked.method === 'GET');
	judge(
		'moved to the standby within 2 probe intervals',
		`after at most ${ms(Math.max(...moved))}, an interval being ${INTERVAL_MS} ms`,
		Math.max(...moved) <= 2 * INTERVAL_MS,
	);
	judge(
		'no failed GET, there and back',
		`${load.shown(gets)} of ${count(load.sent / 2)}, ${rounds} × lost and back`,
		gets.length === 0 && load.sent > 500,
	);
	judge(
		'≤ 1 % failed of the POSTs within the 2 probe intervals behind the loss',
		`${posts.failed} of ${count(posts.sent)} (${load.shown(badPosts)}), ${posts.soonerFailed} of ${posts.sooner} before the move; of all: ${load.failures.length - gets.length} of ${count(load.sent / 2)}`,
		// The move itself is too soon over for a share of it to mean much, unless there were several.
		posts.failed <= 0.01 * posts.sent && (posts.sooner < 100 || posts.soonerFailed <= 0.01 * posts.sooner),
	);
	judge('back', `after at most ${ms(Math.max(...returned))}`, true);
	await judgeWhole(ballast, judge, PRIMARIES + STANDBYS);
});
