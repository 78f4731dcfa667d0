/** Panic: too few are ready, so the others are used again. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { DEFAULT_FAILOVER } from '../balancing/failover-config.ts';
import { Outcome, SlotState } from '../core/board.ts';
import { atEnd } from '../core/testing/at-end.ts';
import { TestingHost } from '../instances/run/testing-host.ts';
import { until } from '../instances/testing-watcher.ts';
import { Fleet } from './fleet.ts';
import { type Api, api, LOOK_MS, OUTLIERS, poolOf, urls } from './fleet-outliers-testing.ts';
import { config, pool as poolConfig, service, TCP, TestingSink } from './fleet-testing.ts';

describe('panic', { concurrency: 3 }, () => {
	test('panic: what is ejected or only answers its probe wrongly is used again, and not when enough are ready', async () => {
		const pool = await poolOf(4, { panic: 0.5, most: 0.5, ejection: { baseMs: 60_000, mostMs: 60_000 } });
		const [one, two, three] = pool.apis as [Api, Api, Api];
		pool.ends(3, Outcome.status5xx, 5);
		one.status = 500;
		await until(() => [0, 3].every((at) => pool.state(at) === SlotState.down));
		assert.equal(pool.figures()?.panic, false);
		two.status = 503;
		await until(() => pool.figures()?.panic === true);
		assert.deepEqual(pool.sink.texts('panic'), [
			'api: panic: 1 of 4 instances is ready, less than 50%; used again, although ejected or failing the probe: 3',
		]);
		assert.deepEqual([0, 1, 2, 3].map(pool.state), Array(4).fill(SlotState.ready));
		assert.deepEqual([pool.view(0).state, pool.fleet.ready()[0]?.ready], ['down', 1]);
		assert.equal(pool.view(0).note, 'its probe failed: GET / answered 500; used all the same, since too few are ready');
		// One that cannot be connected to is no help.
		three.close();
		pool.ends(2, Outcome.connectFailed);
		await until(() => pool.state(2) === SlotState.down);
		pool.apis[2] = await api(three.port);
		one.status = two.status = 200;
		await until(() => pool.sink.texts('panic_ends').length === 1, undefined, 20_000);
		assert.match(
			pool.sink.texts('panic_ends')[0] as string,
			/^api: panic ends after \d+ s: 3 of 4 instances are ready$/,
		);
		// What is ejected still is.
		assert.deepEqual([0, 1, 2, 3].map(pool.state), [SlotState.ready, SlotState.ready, SlotState.ready, SlotState.down]);
		assert.equal(pool.figures()?.panics, 1);
	});

	test('when the last ready one goes, what is ejected is used at once', async () => {
		const pool = await poolOf(2, { panic: 0.5, ejection: { baseMs: 60_000, mostMs: 60_000 } }, 0, 60_000);
		pool.ends(0, Outcome.status5xx, 5);
		await until(() => pool.state(0) === SlotState.down);
		pool.apis[1]?.close();
		const calls = pool.sink.calls.length;
		pool.ends(1, Outcome.connectFailed);
		await until(() => pool.state(0) === SlotState.ready);
		const [gone, used] = pool.sink.calls.slice(calls);
		assert.deepEqual([gone, used], [`down ${pool.view(1).id}`, `ready ${pool.view(0).id}`]);
		assert.deepEqual([pool.view(0).state, pool.view(0).breaker.state, pool.figures()?.panic], ['down', 'open', true]);
	});

	test('no panic where another pool of the service can take over', async () => {
		const [one, two, three, standby] = [await api(), await api(), await api(), await api()];
		const sink = new TestingSink();
		const host = new TestingHost();
		const fleet = new Fleet({ sink, host, lookMs: LOOK_MS });
		atEnd(
			() => host.close(),
			() => fleet.stop(0),
		);
		const pools = [
			poolConfig('main', urls([one, two, three])),
			poolConfig('standby', urls([standby]), { priority: 2 }),
		];
		const health = { ...TCP, kind: 'http' as const };
		await fleet.apply(
			config(
				service('api', null, { pools, failover: DEFAULT_FAILOVER, health, outliers: { ...OUTLIERS, panic: 0.5 } }),
			),
		);
		await until(() => sink.pickable().length === 4);
		await new Promise((resolve) => setTimeout(resolve, 2 * LOOK_MS));
		for (const each of [one, two, three]) each.status = 500;
		await until(() => fleet.ready()[0]?.ready === 0);
		await new Promise((resolve) => setTimeout(resolve, 4 * LOOK_MS));
		assert.equal(fleet.ready()[0]?.outliers.panic, false);
		assert.equal(sink.pickable().length, 1);
		standby.status = 500;
		await until(() => fleet.ready().every(({ outliers }) => outliers.panic));
		assert.equal(sink.pickable().length, 4);
	});
});
