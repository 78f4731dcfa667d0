/** Ejection, half-open, panic and slow start of real instances; the workers' part is written on the board. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { Guard, Outcome, SlotState } from '../core/board.ts';
import { atEnd } from '../core/testing/at-end.ts';
import { TestingHost } from '../instances/run/testing-host.ts';
import { until } from '../instances/testing-watcher.ts';
import { Fleet } from './fleet.ts';
import { type Api, api, LOOK_MS, OUTLIERS, poolOf } from './fleet-outliers-testing.ts';
import { config, looping, run, service, TCP, TestingSink } from './fleet-testing.ts';

describe('outliers of a fleet', { concurrency: 4 }, () => {
	test('five failures in a row eject at once; after its time one request tries it; a good one closes it', async () => {
		const pool = await poolOf(2);
		const { id, slot } = pool.view(0);
		pool.ends(0, Outcome.status5xx, 4);
		assert.equal(pool.state(0), SlotState.ready);
		pool.ends(0, Outcome.failed);
		await until(() => pool.state(0) === SlotState.down);
		assert.equal(pool.board.guard(slot), Guard.open);
		const { state, note, breaker } = pool.view(0);
		assert.deepEqual([state, note, breaker.state], ['down', 'ejected for 0.3 s: 5 failures in a row', 'open']);
		assert.ok((breaker.until as number) > Date.now() - 1000);
		assert.deepEqual(pool.sink.texts('ejected'), [`${id} ejected for 0.3 s: 5 failures in a row`]);
		assert.equal(pool.sink.texts('down').length, 0);
		assert.deepEqual([pool.figures()?.ejected, pool.figures()?.ejections.failures], [1, 1]);
		assert.equal(pool.board.seen(slot).row, 0);

		await until(() => pool.board.guard(slot) === Guard.halfOpen);
		assert.deepEqual([pool.state(0), pool.view(0).breaker.state], [SlotState.ready, 'half-open']);
		assert.equal(pool.view(0).note, 'half-open: one request at a time tries it');
		assert.match(
			pool.sink.texts('half_open')[0] as string,
			new RegExp(`^${id} half-open after \\d\\.\\d s: one request`),
		);
		pool.trial(0, Outcome.ok);
		assert.deepEqual(pool.sink.texts('returned'), [`${id} returned: its trial went well`]);
		assert.deepEqual([pool.view(0).note, pool.view(0).breaker.state], ['', 'closed']);
		assert.equal(pool.figures()?.ejected, 0);
		assert.equal(pool.view(0).breaker.ejections.failures, 1);
	});

	test('a failed trial ejects for longer, each time; a worker that died with one leaves it half-open', async () => {
		const pool = await poolOf(2);
		pool.ends(0, Outcome.timedOut, 5);
		for (const length of ['0.6', '0.9', '1.0']) {
			await until(() => pool.board.guard(pool.slot(0)) === Guard.halfOpen, undefined, 6000);
			pool.trial(0, Outcome.failed);
			assert.equal(pool.sink.texts('ejected').at(-1), `${pool.view(0).id} ejected for ${length} s: its trial failed`);
			assert.equal(pool.state(0), SlotState.down);
		}
		await until(() => pool.board.guard(pool.slot(0)) === Guard.halfOpen, undefined, 6000);
		pool.board.moveGuard(pool.slot(0), Guard.halfOpen, Guard.trial);
		await until(() => pool.board.guard(pool.slot(0)) === Guard.halfOpen, undefined, 6000);
		assert.deepEqual(pool.view(0).breaker.ejections, {
			failures: 1,
			connect: 0,
			flaps: 0,
			successRate: 0,
			latency: 0,
			trial: 3,
		});
	});

	test('no more than the share that may be ejected, the worst first; all alike stay, and it is said once', async () => {
		const pool = await poolOf(4);
		for (let at = 0; at < 3; at++)
			for (let done = 0; done < 5 + at; done++) pool.board.ended(pool.slot(at), 0, Outcome.status5xx, 1000);
		pool.fleet.suspect(pool.slot(0));
		await until(() => pool.figures()?.ejected === 2);
		assert.deepEqual([0, 1, 2, 3].map(pool.state), [SlotState.ready, SlotState.down, SlotState.down, SlotState.ready]);
		assert.deepEqual(pool.sink.texts('outlier_stays'), [
			`api: ${pool.view(0).id} stays: 5 failures in a row, but 2 of 4 are ejected already`,
		]);

		const alike = await poolOf(3);
		for (let at = 0; at < 3; at++) alike.ends(at, Outcome.status5xx, 4);
		for (let at = 0; at < 3; at++) alike.ends(at, Outcome.status5xx, 4);
		await until(() => alike.sink.texts('outlier_stays').length === 1);
		assert.match(
			alike.sink.texts('outlier_stays')[0] as string,
			/stays: \d failures in a row, but no other instance of its pool does better/,
		);
		await new Promise((resolve) => setTimeout(resolve, 3 * LOOK_MS));
		assert.equal(alike.figures()?.ejected, 0);
		assert.equal(alike.sink.texts('outlier_stays').length, 1);
	});

	test('a row that an idle worker keeps ends once others did well there for the window; without a good one it stays', async () => {
		const pool = await poolOf(3, { windowMs: 3 * LOOK_MS });
		pool.board.workers = 2;
		for (const at of [0, 1]) pool.ends(at, Outcome.status5xx, OUTLIERS.failures - 1);
		await until(() => {
			pool.board.ended(pool.slot(0), 1, Outcome.ok, 1000);
			return pool.board.row(pool.slot(0), 0) === 0;
		});
		await new Promise((resolve) => setTimeout(resolve, 5 * LOOK_MS));
		assert.equal(pool.board.row(pool.slot(1), 0), OUTLIERS.failures - 1);
		for (const at of [0, 1]) pool.ends(at, Outcome.status5xx);
		await until(() => pool.state(1) === SlotState.down);
		assert.equal(pool.state(0), SlotState.ready);
	});

	test('one that cannot be connected to is down by its probe at once, not ejected, and back with it', async () => {
		const pool = await poolOf(2);
		const [first] = pool.apis as [Api];
		first.close();
		const began = performance.now();
		pool.ends(0, Outcome.failed, 20);
		await until(() => pool.view(0).note.startsWith('its probe failed'));
		assert.ok(performance.now() - began < 1000, `${performance.now() - began} ms`);
		assert.deepEqual([pool.view(0).breaker.state, pool.board.guard(pool.slot(0))], ['closed', Guard.closed]);
		pool.apis[0] = await api(first.port);
		await until(() => pool.state(0) === SlotState.ready);
		assert.equal(pool.board.seen(pool.slot(0)).row, 0);
	});

	test('what failed before its probes took it out is not held against it once it is back', async () => {
		const pool = await poolOf(2);
		const { port } = pool.apis[0] as Api;
		pool.ends(0, Outcome.connectFailed, OUTLIERS.connectFailures - 1);
		pool.apis[0]?.close();
		await until(() => pool.state(0) === SlotState.down);
		await api(port);
		await until(() => pool.state(0) === SlotState.ready);
		pool.ends(0, Outcome.connectFailed);
		await new Promise((resolve) => setTimeout(resolve, 2 * LOOK_MS));
		assert.deepEqual([pool.state(0), pool.sink.texts('ejected')], [SlotState.ready, []]);
	});

	test('one that comes and goes has to wait in the end, longer each time', async () => {
		const pool = await poolOf(2, { ejection: { baseMs: 1000, mostMs: 9000 } });
		const [first] = pool.apis as [Api];
		for (let round = 0; round < 3; round++) {
			first.status = 500;
			await until(() => pool.view(0).state === 'down');
			first.status = 200;
			await until(() => pool.sink.texts('ready').length >= 3 + round);
		}
		await until(() => pool.view(0).breaker.state === 'open');
		assert.equal(pool.view(0).note, 'ejected for 1.0 s: its probes took it out 3 times within a minute');
		assert.equal(pool.view(0).state, 'down');
	});

	test('being gone ends a first ejection, but no second one soon after it', async () => {
		const pool = await poolOf(2, { ejection: { baseMs: 20_000, mostMs: 60_000 } });
		const [{ port }] = pool.apis as [Api];
		for (const after of ['closed', 'open']) {
			pool.ends(0, Outcome.status5xx, 5);
			await until(() => pool.view(0).breaker.state === 'open');
			pool.apis[0]?.close();
			if (after === 'closed') await until(() => pool.view(0).breaker.state === 'closed');
			else await new Promise((resolve) => setTimeout(resolve, 5 * TCP.intervalMs));
			assert.deepEqual([pool.view(0).breaker.state, pool.state(0)], [after, SlotState.down]);
			pool.apis[0] = await api(port);
			if (after === 'closed') await until(() => pool.state(0) === SlotState.ready);
		}
		await new Promise((resolve) => setTimeout(resolve, 5 * TCP.intervalMs));
		assert.deepEqual([pool.view(0).breaker.state, pool.state(0)], ['open', SlotState.down]);
	});

	test('slow answers: a few are enough while the others are fast; a slow trial does not bring it back', async () => {
		const pool = await poolOf(3, { ejection: { baseMs: 2000, mostMs: 9000 } });
		const second = async (slowOnes: number) => {
			for (const at of [1, 2]) pool.ends(at, Outcome.ok, 20);
			pool.ends(0, Outcome.ok, slowOnes, 2000);
			await new Promise((resolve) => setTimeout(resolve, 500));
		};
		pool.ends(0, Outcome.ok, 20);
		await second(0);
		for (let looks = 0; looks < 4 && pool.state(0) === SlotState.ready; looks++) await second(1);
		await until(() => pool.state(0) === SlotState.down);
		assert.match(pool.view(0).note, /^ejected for 2\.0 s: answers after 2\.0 s where the others take 5 ms$/);
		await until(() => pool.board.guard(pool.slot(0)) === Guard.halfOpen);
		pool.trial(0, Outcome.ok, 2000);
		assert.match(pool.view(0).note, /^ejected for 4\.0 s: its trial took 2\.0 s$/);
		await until(() => pool.board.guard(pool.slot(0)) === Guard.halfOpen);
		pool.trial(0, Outcome.ok, 5);
		assert.equal(pool.view(0).breaker.state, 'closed');
	});

	test('slow start: a tenth of the weight at first, all of it in the end, before it gets its first request', async () => {
		const pool = await poolOf(2, {}, 2000);
		const weights = (at: number) =>
			pool.sink.calls.flatMap((call) =>
				call.startsWith(`weight ${pool.view(at).id} `) ? [Number(call.split(' ')[2])] : [],
			);
		await until(() => pool.board.weight(pool.slot(0)) === 1000, undefined, 5000);
		const before = weights(0).length;
		pool.ends(0, Outcome.failed, 5);
		await until(() => pool.board.guard(pool.slot(0)) === Guard.halfOpen);
		pool.trial(0, Outcome.ok);
		assert.ok(pool.board.weight(pool.slot(0)) <= 200);
		assert.ok(pool.view(0).weight <= 0.2);
		await until(() => pool.board.weight(pool.slot(0)) === 1000, undefined, 5000);
		const ramp = weights(0).slice(before);
		const lastStart = ramp.lastIndexOf(0.1);
		const rise = ramp.slice(lastStart);
		assert.ok(rise.length >= 4, `${rise}`);
		assert.deepEqual(
			rise,
			[...rise].sort((a, b) => a - b),
		);
		// At its return after a probe the weight falls before it is ready.
		(pool.apis[1] as Api).status = 500;
		await until(() => pool.view(1).state === 'down');
		const from = pool.sink.calls.length;
		(pool.apis[1] as Api).status = 200;
		await until(() => pool.view(1).state === 'ready');
		const calls = pool.sink.calls.slice(from).filter((call) => call.includes(pool.view(1).id));
		assert.deepEqual(calls.slice(0, 2), [`weight ${pool.view(1).id} 0.1`, `ready ${pool.view(1).id}`]);
	});

	test('a reload that switches it off lets all of them back', async () => {
		const pool = await poolOf(2, { ejection: { baseMs: 60_000, mostMs: 60_000 } });
		pool.ends(0, Outcome.status5xx, 5);
		await until(() => pool.state(0) === SlotState.down);
		await pool.apply({ ...OUTLIERS, failures: 0, connectFailures: 0, flaps: 0, latency: null });
		await until(() => pool.state(0) === SlotState.ready);
		assert.equal(pool.board.guard(pool.slot(0)), Guard.closed);
		assert.match(pool.sink.texts('returned')[0] as string, /returned: outlier detection was switched off$/);
	});

	test('what failed in an earlier life is not held against the next one in the same slot', async () => {
		const sink = new TestingSink();
		const host = new TestingHost();
		const fleet = new Fleet({ sink, host, lookMs: LOOK_MS });
		atEnd(
			() => host.close(),
			() => fleet.stop(0),
		);
		const outliers = {
			...OUTLIERS,
			successRate: { deviations: 1.9, requests: 10 },
			ejection: { baseMs: 60_000, mostMs: 60_000 },
		};
		await fleet.apply(config(service('videos', run(), { scale: { min: 3, max: 3 }, outliers })));
		await until(() => sink.pickable().length === 3);
		const load = looping(sink, 4);
		atEnd(() => load.end());
		const [first] = fleet.list();
		const slot = first?.slot as number;
		for (let done = 0; done < 4; done++) sink.board.ended(slot, 0, Outcome.failed, 0);
		for (let done = 0; done < 100; done++)
			for (const each of sink.pickable()) sink.board.ended(each, 0, Outcome.ok, 5000);
		await new Promise((resolve) => setTimeout(resolve, 2 * LOOK_MS));
		process.kill(first?.pid as number, 'SIGKILL');
		for (let done = 0; done < 20; done++) sink.board.ended(slot, 0, Outcome.connectFailed, 0);
		fleet.suspect(slot);
		await until(
			() =>
				sink.pickable().length === 3 && fleet.list().every(({ state, pid }) => state === 'ready' && pid !== first?.pid),
		);
		assert.ok(
			fleet.list().some((view) => view.slot === slot),
			'the slot was used again, or this shows nothing',
		);
		for (let looks = 0; looks < 6; looks++) {
			for (let done = 0; done < 5; done++)
				for (const each of sink.pickable()) sink.board.ended(each, 0, Outcome.ok, 5000);
			await new Promise((resolve) => setTimeout(resolve, LOOK_MS));
		}
		assert.deepEqual(
			fleet.list().map(({ state, breaker }) => [state, breaker.state]),
			Array(3).fill(['ready', 'closed']),
		);
	});
});
