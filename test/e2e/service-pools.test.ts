/** Services with several pools of instances: requests, commands and reloads. */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { SERVER_JS } from '../support/api-file.ts';
import { type Ballast, startBallast } from '../support/ballast.ts';
import { Load } from '../support/load.ts';
import { connect } from '../support/raw-client.ts';
import { eventually, get, post, statusOf } from '../support/suite.ts';

const files = { 'server.js': SERVER_JS };
const RUN = { run: 'node server.js', grace: '2s' };
const LOOKS = { health: { path: '/', interval: '200ms', timeout: '1s' } };
const PRIMARY = { instances: RUN, scale: 2 };
const STANDBY = { instances: RUN, scale: 1, priority: 2 };

const config = (videos: Record<string, unknown>, workers = 2) => ({
	workers,
	stop: '2s',
	services: { videos: { ...LOOKS, ...videos } },
});

const videosOf = async (ballast: Ballast) => {
	const [videos] = (await statusOf(ballast)).services;
	assert.ok(videos !== undefined);
	return videos;
};
const readyIn = async (ballast: Ballast) =>
	Object.fromEntries((await videosOf(ballast)).pools.map(({ name, ready }) => [name, ready]));
const ids = async (ballast: Ballast) => (await videosOf(ballast)).instances.map(({ id }) => id).sort();

/** Which pools answered: `videos`, `videos-standby`, …. */
const poolsIn = (load: Load) =>
	[...new Set([...load.byBody.keys()].map((text) => text.replace(/-\d+ \d+$/, '')))].sort();

const loadOn = ({ port }: Ballast) =>
	new Load({ port, clients: 8, fresh: 2, request: (i) => (i % 2 === 0 ? get('/?ms=2') : post('/?ms=2', 'body')) });

describe('pools of a service', () => {
	let ballast: Ballast;
	before(async () => {
		ballast = await startBallast(config({ pools: { main: PRIMARY, standby: STANDBY } }), { files });
		await eventually(
			() => readyIn(ballast),
			({ main, standby }) => main === 2 && standby === 1,
			15_000,
		);
	});
	after(() => ballast?.stop());

	test('the first priority has all of the traffic while it is ready', async () => {
		const load = loadOn(ballast);
		await eventually(
			() => load.answered,
			(count) => count > 300,
			10_000,
		);
		await load.stop();
		assert.deepEqual(load.failures, []);
		assert.deepEqual(poolsIn(load), ['videos']);
		assert.deepEqual(await ids(ballast), ['videos-1', 'videos-2', 'videos-standby-1']);
	});

	test('scale and restart take SERVICE/POOL', async () => {
		await assert.rejects(ballast.control('scale', { service: 'videos', n: 1 }), {
			message: 'videos has several pools; say which one: videos/main, videos/standby',
		});
		await assert.rejects(ballast.control('scale', { service: 'videos/backup', n: 1 }), {
			message: "there is no pool 'videos/backup'; there are: videos/main, videos/standby",
		});
		await ballast.control('scale', { service: 'videos/standby', n: 2 });
		await eventually(
			() => readyIn(ballast),
			({ standby }) => standby === 2,
			10_000,
		);
		assert.ok((await ids(ballast)).includes('videos-standby-2'));
		const pids = async (pool: string) =>
			(await videosOf(ballast)).instances.filter((each) => each.pool === pool).map(({ pid }) => pid);
		const [main, standby] = [await pids('main'), await pids('standby')];
		await ballast.control('restart', { service: 'videos/standby' });
		assert.deepEqual(await pids('main'), main);
		assert.ok((await pids('standby')).every((pid) => !standby.includes(pid)));
	});

	test('a first pool that is gone: the standby answers at once', async () => {
		const load = loadOn(ballast);
		await eventually(
			() => load.answered,
			(count) => count > 50,
			10_000,
		);
		await ballast.control('scale', { service: 'videos/main', n: 0 });
		await eventually(
			() => readyIn(ballast),
			({ main }) => main === 0,
			10_000,
		);
		const before = load.answered;
		await eventually(
			() => load.answered,
			(count) => count > before + 100,
			10_000,
		);
		await load.stop();
		assert.deepEqual(load.failures, []);
		assert.deepEqual(poolsIn(load), ['videos', 'videos-standby']);
		await ballast.control('scale', { service: 'videos/main', n: 2 });
		await eventually(
			() => readyIn(ballast),
			({ main }) => main === 2,
			10_000,
		);
	});

	test('a crash of the core keeps the instances of all pools', async () => {
		const pids = async () => (await videosOf(ballast)).instances.map(({ pid }) => pid).sort();
		const before = await pids();
		const { core } = await statusOf(ballast);
		process.kill(core.pid, 'SIGKILL');
		await eventually(
			() =>
				statusOf(ballast)
					.then(({ core: { pid } }) => pid)
					.catch(() => core.pid),
			(pid) => pid !== core.pid,
			10_000,
		);
		await eventually(
			() => readyIn(ballast),
			({ main, standby }) => main === 2 && standby === 2,
			10_000,
		);
		assert.deepEqual(await pids(), before);
	});
});

describe('a reload of pools', () => {
	test('pools come and go under load: nothing fails, instances that stay and counts are kept', async () => {
		await using ballast = await startBallast(config({ instances: RUN, scale: 1 }), { files });
		const reload = async (videos: Record<string, unknown>) => {
			ballast.configure(config(videos));
			await ballast.control('reload');
		};
		const load = loadOn(ballast);
		const [first] = (await videosOf(ballast)).instances;
		await reload({ pools: { main: { ...PRIMARY, scale: 1 }, next: STANDBY } });
		await eventually(
			() => readyIn(ballast),
			({ main, next }) => main === 1 && next === 1,
			10_000,
		);
		assert.equal((await videosOf(ballast)).instances.find(({ id }) => id === first?.id)?.pid, first?.pid);
		// Its only instance serves on until the other pool can: it is there already.
		await reload({ pools: { next: STANDBY } });
		await eventually(
			() => ids(ballast),
			(all) => all.join() === 'videos-next-1',
			10_000,
		);
		// All at once: the old pool serves on until the new one is ready.
		await reload({ pools: { third: PRIMARY } });
		await eventually(
			() => ids(ballast),
			(all) => all.join() === 'videos-third-1,videos-third-2',
			10_000,
		);
		await reload({ instances: RUN, scale: 1 });
		await eventually(
			() => ids(ballast),
			(all) => all.join() === 'videos-1',
			10_000,
		);
		await load.stop();
		assert.deepEqual(load.failures, []);
		assert.deepEqual(poolsIn(load), ['videos', 'videos-next', 'videos-third']);
		// A client may have its answer a moment before it is counted.
		const { counts } = await eventually(
			() => videosOf(ballast),
			(service) => service.counts.requests >= load.answered,
		);
		assert.equal(counts.failed, 0);
		assert.doesNotMatch(ballast.output(), /worker \d+: |worker \d+ (?:failed|ended)/);
	});

	test('a worker that begins anew knows the pool that leaves', async () => {
		await using ballast = await startBallast(config({ instances: RUN, scale: 1 }, 1), { files });
		// The new pool never becomes ready, so that the old one stays.
		ballast.configure(config({ pools: { next: { instances: { run: 'sleep 1000', grace: '0s' }, scale: 1 } } }, 2));
		await ballast.control('reload');
		await eventually(
			() => statusOf(ballast).then(({ workers }) => workers.length),
			(count) => count === 2,
			10_000,
		);
		for (let turn = 0; turn < 20; turn++) {
			const client = await connect(ballast.port);
			client.send(get('/'));
			const answer = await client.answer();
			client.destroy();
			assert.match(answer.text, /^videos-1 /);
		}
	});
});
