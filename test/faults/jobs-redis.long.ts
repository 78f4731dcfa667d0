/** Jobs in a Redis that fails, at nodes that clients go on asking. Shorter versions: test/conformance/redis-jobs-failover.test.ts. */
import { setTimeout as sleep } from 'node:timers/promises';
import { type Ballast, startBallast } from '../support/ballast.ts';
import { connect } from '../support/raw-client.ts';
import { NO_REDIS, RedisServer } from '../support/redis.ts';
import { RedisFailover } from '../support/redis-failover.ts';
import { eventually, get } from '../support/suite.ts';
import { AlertWatch } from './alert-watch.ts';
import { JobCallers, type JobView, statesOf } from './job-callers.ts';
import { workedOff } from './job-queues.ts';
import { JobUpstream } from './job-upstream.ts';
import { count, faultTest, type Judge } from './judge.ts';
import { PROMISED } from './plan.ts';

const CALLERS = 64;
const PAUSE_MS = 100;
const STOPPED_MS = 16_000;
const OUTAGE_MOST_MS = 10_000;
/** As docs/jobs.md says it. */
const SAFE = ['--min-replicas-to-write', '1', '--min-replicas-max-lag', '3'];

interface Stage {
	nodes: readonly [Ballast, Ballast];
	upstream: JobUpstream;
	callers: JobCallers;
}

async function setUp(stack: AsyncDisposableStack, redis: Record<string, unknown>, body: string): Promise<Stage> {
	const upstream = await JobUpstream.start();
	stack.defer(() => upstream.close());
	const app = {
		instances: [upstream.url],
		cache: { ttl: '10m' },
		offload: { upstreamKey: {}, backoff: { base: '100ms', most: '1s' }, webhook: 'off' },
	};
	const config = { workers: 1, stop: '0s', state: { redis }, jobs: { store: 'redis' }, services: { app } };
	const start = async (): Promise<Ballast> => stack.use(await startBallast(config));
	const nodes = [await start(), await start()] as const;
	const ports = nodes.map(({ port }) => port);
	const callers = stack.use(new JobCallers({ ports, callers: CALLERS, pauseMs: PAUSE_MS, path: '/render', body }));
	return { nodes, upstream, callers };
}

const sentinelsOf = ({ place }: RedisFailover): Record<string, unknown> => ({
	sentinels: { name: place.name, nodes: place.nodes.map(({ host, port }) => `${host}:${port}`) },
});

/** All that was acknowledged is there, and was carried out. */
async function judgeJobs(judge: Judge, { nodes, upstream, callers }: Stage): Promise<void> {
	await callers.stop();
	await workedOff(nodes[0]);
	const views = await callers.views();
	const isLost = ([id, view]: [string, JobView | null]): boolean => view === null || !upstream.came.has(id);
	const lost = [...views].filter(isLost).length;
	const { succeeded = 0, ...others } = statesOf(views);
	judge(
		'nothing acknowledged is lost',
		`${lost} of ${count(views.size)}; instead of 202: ${callers.shown()}`,
		lost === 0 && views.size > 500,
	);
	judge(
		'whole again once the fault ends: all is carried out',
		`${count(succeeded)} succeeded${Object.keys(others).length > 0 ? `, ${JSON.stringify(others)}` : ''}, ${upstream.repeated} of them by a second attempt`,
		succeeded === views.size,
	);
}

async function judgeFailover(judge: Judge, callers: JobCallers): Promise<void> {
	const { outageMs } = callers;
	judge('outage ≤ 10 s', `${(outageMs / 1000).toFixed(1)} s without a 202`, outageMs <= OUTAGE_MOST_MS);
	judge(
		'who is refused is told when to ask again',
		`${callers.unhinted} × 503 without Retry-After`,
		callers.unhinted === 0,
	);
}

/** Other requests, all the while. @returns how many were not answered with 200 */
async function passing(
	{ nodes }: Stage,
	path: (n: number) => string,
	until: () => boolean,
): Promise<{ asked: number; failed: number }> {
	const counts = { asked: 0, failed: 0 };
	for (let n = 0; !until(); n++) {
		const client = await connect((nodes[n % 2] as Ballast).port);
		try {
			client.send(get(path(n)));
			if ((await client.answer()).status !== 200) counts.failed++;
		} catch {
			counts.failed++;
		} finally {
			client.destroy();
		}
		counts.asked++;
		await sleep(50);
	}
	return counts;
}

faultTest('10', '', async (judge, { stack, leaveOut }) => {
	if (NO_REDIS !== false) return leaveOut('nothing acknowledged is lost', NO_REDIS);
	const group = await RedisFailover.start(SAFE);
	stack.defer(() => group.end());
	const stage = await setUp(stack, sentinelsOf(group), 'a cat');
	const { callers, nodes } = stage;
	await callers.more(500);
	const alert = new AlertWatch(nodes[0], PROMISED['10']);
	callers.faultBegins();
	await group.servers[0]?.end('SIGKILL');
	await sleep(1000);
	await callers.more(1000);
	await alert.judge(judge);
	await judgeJobs(judge, stage);
	await judgeFailover(judge, callers);
});

faultTest('11', '', async (judge, { stack, leaveOut }) => {
	if (NO_REDIS !== false) return leaveOut('nothing acknowledged is lost', NO_REDIS);
	const group = await RedisFailover.start(SAFE);
	stack.defer(() => group.end());
	const stage = await setUp(stack, sentinelsOf(group), 'a cat');
	const { callers, nodes } = stage;
	const [primary] = group.servers as [RedisServer];
	await callers.more(500);
	const alert = new AlertWatch(nodes[0], PROMISED['11']);
	callers.faultBegins();
	primary.freeze();
	await sleep(STOPPED_MS);
	primary.thaw();
	await eventually(
		() => primary.ask('ROLE'),
		(role) => role.includes('slave'),
		30_000,
	);
	await callers.more(1000);
	await alert.judge(judge);
	await judgeJobs(judge, stage);
	await judgeFailover(judge, callers);
});

faultTest('14', '', async (judge, { stack, leaveOut }) => {
	if (NO_REDIS !== false) return leaveOut('enqueue 503', NO_REDIS);
	const redis = await RedisServer.start(['--maxmemory', '48mb', '--maxmemory-policy', 'noeviction']);
	stack.defer(() => redis.end());
	const stage = await setUp(stack, { url: redis.url }, 'x'.repeat(50_000));
	const { callers, nodes, upstream } = stage;
	const alert = new AlertWatch(nodes[0], PROMISED['14']);
	const full = (): boolean => callers.refused.has('503 jobs_unavailable');
	await eventually(full, (is) => is, 60_000);
	const others = upstream.others;
	let over = false;
	const cached = passing(
		stage,
		(n) => `/page-${n >> 2}`,
		() => over,
	);
	await alert.fired();
	over = true;
	const { asked, failed } = await cached;
	judge(
		'enqueue 503',
		callers.shown(),
		[...callers.refused.keys()].every((what) => what === '503 jobs_unavailable'),
	);
	judge(
		'the cache is passed by: all else is answered',
		`${failed} of ${count(asked)} failed, ${upstream.others - others} asked upstream`,
		failed === 0 && asked > 20,
	);
	await alert.judge(judge);
	const before = callers.acknowledged.length;
	await redis.ask('CONFIG', 'SET', 'maxmemory', '512mb');
	await callers.more(64);
	judge('taken in again once there is memory', `${callers.acknowledged.length - before} more`, true);
	await judgeJobs(judge, stage);
});
