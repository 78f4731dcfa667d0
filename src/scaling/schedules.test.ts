import assert from 'node:assert/strict';
import test from 'node:test';
import { decide, EMPTY_STATE } from './decide.ts';
import type { ScalingState } from './decision.ts';
import type { Schedule } from './policy.ts';
import { boundsAt, isOn } from './schedules.ts';
import { each, policyOf, samplesOf } from './testing-policy.ts';

const HOUR = 3_600_000;

function daily(extra: Partial<Schedule> = {}): Schedule {
	return { cron: '0 8 * * 1-5', timeZone: 'Europe/Berlin', forMs: 10 * HOUR, min: 6, max: null, ...extra };
}
const on = (schedule: Schedule, time: string) => isOn(schedule, Date.parse(time));

test('on from each of its times for as long as it says', () => {
	// Monday, winter: 08:00 in Berlin is 07:00 UTC.
	assert.equal(on(daily(), '2026-01-05T06:59:59.999Z'), false);
	assert.equal(on(daily(), '2026-01-05T07:00:00.000Z'), true);
	assert.equal(on(daily(), '2026-01-05T16:59:59.999Z'), true);
	assert.equal(on(daily(), '2026-01-05T17:00:00.000Z'), false);
	assert.equal(on(daily(), '2026-01-10T09:00:00Z'), false, 'a Saturday');
	// Time may go back, as it does between two simulations.
	assert.equal(on(daily(), '2026-01-05T08:00:00Z'), true);
});

test('over the change of clocks it begins at the same time of the day', () => {
	const every = daily({ cron: '0 8 * * *' });
	assert.equal(on(every, '2026-03-28T07:00:00Z'), true);
	assert.equal(on(every, '2026-03-29T05:59:59Z'), false);
	assert.equal(on(every, '2026-03-29T06:00:00Z'), true);
	assert.equal(on(every, '2026-10-24T06:00:00Z'), true);
	assert.equal(on(every, '2026-10-25T06:59:59Z'), false);
	assert.equal(on(every, '2026-10-25T07:00:00Z'), true);
	// A time that the clocks leave out comes with the first one after it, one that comes twice counts once.
	const night = daily({ cron: '30 2 * * *', forMs: HOUR / 2 });
	assert.equal(on(night, '2026-03-29T01:00:00Z'), true);
	assert.equal(on(night, '2026-10-25T00:30:00Z'), true);
	assert.equal(on(night, '2026-10-25T01:30:00Z'), false);
});

test('with seconds, without a time zone, and none that ever comes', () => {
	assert.equal(on(daily({ cron: '*/10 * * * * *', timeZone: null, forMs: 2000 }), '2026-01-05T00:00:31Z'), true);
	assert.equal(on(daily({ cron: '*/10 * * * * *', timeZone: null, forMs: 2000 }), '2026-01-05T00:00:32Z'), false);
	assert.equal(on(daily({ cron: '0 0 30 2 *' }), '2026-01-05T00:00:32Z'), false);
});

test('of several at once the largest bounds count, instead of those of the policy', () => {
	const schedules = [
		daily(),
		daily({ min: 8, max: 20 }),
		daily({ min: null, max: 30 }),
		daily({ cron: '0 20 * * *', min: 50 }),
	];
	const policy = { min: 2, max: 10, schedules };
	assert.deepEqual(boundsAt(policy, Date.parse('2026-01-05T09:00:00Z')), {
		...{ min: 8, max: 30, scheduledMin: true, scheduledMax: true },
	});
	assert.deepEqual(boundsAt(policy, Date.parse('2026-01-05T18:00:00Z')), {
		...{ min: 2, max: 10, scheduledMin: false, scheduledMax: false },
	});
});

test('a schedule raises the size, and the load decides again when it is over', () => {
	const policy = policyOf({ min: 2, schedules: [daily()] });
	const at = (time: string, size: number, state: ScalingState = EMPTY_STATE) =>
		decide(state, samplesOf(size, { cpu: each(0.3, size) }), policy, Date.parse(time));
	const morning = at('2026-01-05T07:00:00Z', 3);
	assert.deepEqual(
		[morning.desired, morning.clamps.at(-1)],
		[6, { by: 'schedule', from: 2, to: 6, why: 'at least 6 by schedule' }],
	);
	assert.equal(at('2026-01-05T17:00:00Z', 6, morning.state).desired, 3);
});

test('without a signal the size is what the schedules say', () => {
	const policy = policyOf({ signals: [], min: 2, schedules: [daily()] });
	const size = (time: string, of: number) => decide(EMPTY_STATE, samplesOf(of, {}), policy, Date.parse(time)).desired;
	assert.equal(size('2026-01-05T08:00:00Z', 2), 6);
	assert.equal(size('2026-01-05T18:00:00Z', 6), 2);
});

test('a schedule that lets go to none does not count as switched off by hand', () => {
	const night = daily({ cron: '0 20 * * *', forMs: 8 * HOUR, min: 0 });
	const policy = policyOf({ min: 1, schedules: [night] });
	const idle = samplesOf(1, { cpu: each(0, 1) }, { idleForMs: HOUR });
	const asleep = decide(EMPTY_STATE, idle, policy, Date.parse('2026-01-05T21:00:00Z'));
	assert.equal(asleep.desired, 0);
	const still = decide(asleep.state, samplesOf(0, { cpu: null }), policy, Date.parse('2026-01-05T22:00:00Z'));
	assert.equal(still.desired, 0);
	assert.equal(decide(still.state, samplesOf(0, { cpu: null }), policy, Date.parse('2026-01-06T04:00:00Z')).desired, 1);
});
