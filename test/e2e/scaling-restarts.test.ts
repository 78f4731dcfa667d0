/** A pool's size outlives a core, and the program. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { SERVER_JS } from '../support/api-file.ts';
import { type Ballast, startBallast } from '../support/ballast.ts';
import { RateLoad } from '../support/rate-load.ts';
import { decisionsOf, pidsOf, readyAre, SizeWatch, sentencesOf } from '../support/sizes.ts';
import { eventually, statusOf } from '../support/suite.ts';

const NEEDED = 4;
const RUSH = 78;

const scale = {
	...{ min: 1, max: 8, perInstance: { requestsPerSecond: 20 } },
	...{ window: '4s', panic: { window: '2s' }, cooldown: '5s' },
};
const config = {
	workers: 1,
	stop: '2s',
	services: {
		app: { instances: { run: 'node server.js', grace: '2s' }, health: { path: '/', interval: '300ms' }, scale },
	},
};

describe('the size that was decided', () => {
	const state = mkdtempSync(join(tmpdir(), 'ballast-scaling-state-'));
	const start = (): Promise<Ballast> =>
		startBallast(config, { files: { 'server.js': SERVER_JS }, env: { XDG_STATE_HOME: state } });
	let ballast: Ballast;
	before(async () => {
		ballast = await start();
	});
	after(async () => {
		await ballast?.stop();
		rmSync(state, { recursive: true, force: true });
	});
	const load = (): RateLoad => new RateLoad({ port: ballast.port, rate: RUSH, path: '/?ms=5' });

	test('an upgrade of the core under load: the size stays, no request fails, and it goes on from there', async () => {
		await using asking = load();
		await readyAre(ballast, 'app', NEEDED);
		const pids = await pidsOf(ballast, 'app');
		const { core } = await statusOf(ballast);
		await using watch = new SizeWatch(ballast, 'app');
		await ballast.control('upgrade');
		assert.notEqual((await statusOf(ballast)).core.pid, core.pid);
		await sleep(3000);
		assert.deepEqual(watch.sizes(), [NEEDED], (await sentencesOf(ballast, 'app')).join('\n'));
		assert.deepEqual(await pidsOf(ballast, 'app'), pids);
		asking.rate = RUSH + 20;
		await readyAre(ballast, 'app', NEEDED + 1);
		assert.deepEqual(asking.failures, []);
		assert.deepEqual((await decisionsOf(ballast, 'app')).map(({ decision }) => decision.desired).slice(-1), [
			NEEDED + 1,
		]);
	});

	test('kill -9 of the core under load: the size stays, and only what was in flight fails', async () => {
		await using asking = load();
		await eventually(
			() => statusOf(ballast),
			({ services }) => (services[0]?.ready ?? 0) >= NEEDED,
		);
		await sleep(1000);
		const pids = await pidsOf(ballast, 'app');
		await using watch = new SizeWatch(ballast, 'app');
		const { core } = await statusOf(ballast);
		const inFlight = asking.inFlight;
		process.kill(core.pid, 'SIGKILL');
		await eventually(
			() => statusOf(ballast).catch(() => null),
			(status) => status !== null && status.core.pid !== core.pid,
			10_000,
		);
		await sleep(2500);
		assert.ok(Math.min(...watch.sizes()) >= NEEDED, `${watch.sizes()}`);
		const kept = await pidsOf(ballast, 'app');
		assert.deepEqual(
			pids.filter((pid) => !kept.includes(pid)),
			[],
		);
		// Those that a worker had taken in the moment before are seen by their client only as they are sent: on a busy
		// machine that moment is longer.
		assert.ok(asking.failures.length <= inFlight + RUSH / 6, asking.failures.join('\n'));
		asking.rate = 5;
		await readyAre(ballast, 'app', 1, 25_000);
	});

	test('Ballast started anew under load begins with as many as before', async () => {
		{
			await using _ = load();
			await readyAre(ballast, 'app', NEEDED);
			await ballast.stop();
		}
		ballast = await start();
		await using asking = load();
		await using watch = new SizeWatch(ballast, 'app');
		await ballast.printed(`1 → ${NEEDED}: as before the restart of Ballast`);
		await readyAre(ballast, 'app', NEEDED);
		await sleep(1500);
		assert.deepEqual(watch.sizes().slice(-1), [NEEDED]);
		assert.deepEqual(asking.failures, []);
	});
});
