import assert from 'node:assert/strict';
import test from 'node:test';
import { lintPolicy } from './lint.ts';
import type { ScalePolicy, Schedule, StepChange, StepPolicy } from './policy.ts';
import { CPU, P95, policyOf, REQUESTS } from './testing-policy.ts';

const NOW = { nowMs: Date.UTC(2026, 0, 5) };
const CALM = { ...policyOf().in, windowMs: 300_000, cooldownMs: 300_000 };
const MONDAYS: Schedule = { cron: '0 8 * * 1', timeZone: 'Europe/Berlin', forMs: 36_000_000, min: 6, max: null };

/** `warn in.window: It will flap …` of each finding. */
function found(extra: Partial<ScalePolicy>): string[] {
	return lintPolicy(policyOf({ in: CALM, ...extra }), NOW).map(
		({ level, path, message }) => `${level} ${path}: ${message}`,
	);
}

/** Exactly this is found; the message by its beginning. */
function finds(extra: Partial<ScalePolicy>, ...expected: string[]): void {
	const all = found(extra);
	const wrong = all.length !== expected.length || expected.some((text, at) => all[at]?.startsWith(text) !== true);
	assert.ok(!wrong, all.join('\n'));
}

function step(
	when: StepPolicy['when'],
	from: number,
	change: StepChange,
	source: StepPolicy['source'] = { from: 'cpu' },
): StepPolicy {
	return { name: `${when} ${from}`, source, unit: 'ratio', when, bands: [{ from, to: null, change }] };
}

test('nothing is wrong with plain policies', () => {
	finds({});
	finds({
		signals: [CPU, REQUESTS, P95],
		panic: { windowMs: 6000, threshold: 2 },
		brakeErrorRate: 0.2,
		schedules: [MONDAYS],
	});
	finds({ signals: [], steps: [step('above', 0.7, { by: 1 }), step('below', 0.3, { by: -1 })] });
	finds({ signals: [], min: 0, max: 1 });
	finds({ signals: [], min: 3, max: 3 });
	finds({ signals: [], min: 2, max: 8, schedules: [MONDAYS] });
});

test('each message is a whole sentence', () => {
	const all = found({
		...{ min: 9, max: 4, brakeErrorRate: 0, panic: { windowMs: 60_000, threshold: 1 }, in: policyOf().in },
		...{
			schedules: [
				{ ...MONDAYS, cron: 'nonsense', forMs: 0 },
				{ ...MONDAYS, cron: '0 0 30 2 *' },
			],
		},
		steps: [step('above', 0.3, { by: -1 }), step('below', 0.6, { to: 100 })],
	});
	assert.ok(all.length > 10, all.join('\n'));
	for (const text of all) assert.match(text, /^(?:error|warn) \S+: [A-Z`0-9=mI][^\n]*\.$/, text);
});

test('impossible bounds, and more than min without anything that asks for more', () => {
	finds({ min: 5, max: 3 }, 'error min: min 5 is more than max 3.');
	finds({ min: 0, max: 0, signals: [] }, 'error max: max 0 lets nothing run.');
	finds({ min: 3, max: 3 }, 'warn max: With min and max both 3 the size never changes');
	finds({ signals: [], min: 2, max: 8 }, 'error max: Nothing says when to go from 2 to 8: add a signal');
});

test('targets that nothing reaches', () => {
	const size = { cpu: 1, memoryBytes: 536_870_912 };
	finds(
		{ size, signals: [{ ...CPU, target: 0.95 }] },
		'warn perInstance.cpu: It never scales out: an instance is given 1 core and uses at most 100 % of it',
	);
	finds(
		{ size, signals: [{ ...CPU, name: 'memory', source: { from: 'memory' }, target: 1 }] },
		'warn perInstance.memory: It never scales out: an instance is given 512 MiB',
	);
	finds({ size, signals: [{ ...CPU, target: 0.9 }] });
	finds({ signals: [{ ...CPU, target: 2 }] });
	finds({ signals: [{ ...P95, target: 0 }] }, 'error keep.p95: A target is above 0.');
});

test('the same measured twice', () => {
	finds(
		{ signals: [CPU, { ...CPU, name: 'cpu2', target: 0.8 }] },
		'warn perInstance.cpu2: It measures the same as perInstance.cpu; only the lower',
	);
	finds({ signals: [CPU, { ...REQUESTS, name: 'cpu' }] }, 'error perInstance.cpu: There are two signals named cpu.');
});

test('steps that are too near, by what is left of the load after them', () => {
	// 2 at 40 % are 1 at 80 %; from 3 on, 3 → 2 is 60 %.
	finds(
		{ signals: [], steps: [step('above', 0.7, { by: 1 }), step('below', 0.4, { by: -1 })] },
		'warn steps.1.below: 40 % and 70 % are too near: with 1 instead of 2 instances 40 % becomes 80 %, which goes out again, so it does not go in there with 2 instances until',
	);
	finds(
		{ signals: [], min: 2, max: 4, steps: [step('above', 0.5, { by: 1 }), step('below', 0.45, { by: -1 })] },
		'warn steps.1.below: 45 % and 50 % are too near: with 2 instead of 3 instances 45 % becomes 68 %, which goes out again, so it never goes in there until',
	);
	finds(
		{ signals: [], steps: [step('above', 0.5, { by: 1 }), step('below', 0.6, { by: -1 })] },
		'error steps.1.below: From 50 % to 60 % it would go in and out at once.',
	);
	const shared = { from: 'requests' } as const;
	finds({ signals: [], steps: [step('above', 0.7, { by: 1 }, shared), step('below', 0.4, { by: -1 }, shared)] });
});

test('steps against targets', () => {
	finds(
		{ steps: [step('below', 0.58, { by: -1 })] },
		'warn steps.0.below: Below 58 % it would go in while perInstance.cpu of 60 % still keeps',
	);
	finds(
		{ steps: [step('above', 0.4, { by: 1 })] },
		'warn steps.0.above: Above 40 % it goes out while perInstance.cpu of 60 % would go in',
	);
	finds({ steps: [step('below', 0.5, { by: -1 }), step('above', 0.8, { by: 1 })], min: 4 });
});

test('steps that are never reached or do the opposite', () => {
	const bands = (list: StepPolicy['bands']) => ({
		signals: [],
		steps: [{ ...step('above', 0, { by: 1 }), bands: list }],
	});
	finds(bands([]), 'error steps.0.above: It has no threshold.');
	finds(
		bands([{ from: 0.5, to: 0.4, change: { by: 1 } }]),
		'error steps.0.above: The band from 50 % to 40 % holds no value.',
	);
	finds(
		bands([
			{ from: 0.5, to: null, change: { by: 1 } },
			{ from: 0.8, to: null, change: { by: 2 } },
		]),
		'error steps.0.above: The band from 80 % lies within the one before it and is never reached.',
	);
	finds(
		bands([{ from: 0.5, to: null, change: { by: -1 } }]),
		'error steps.0.above: At 50 % it would go in, but a step above only goes out.',
	);
	finds(bands([{ from: 0.5, to: null, change: { by: 0 } }]), 'warn steps.0.above: At 50 % it changes nothing.');
	finds(bands([{ from: 0.5, to: null, change: { to: 200 } }]), 'warn steps.0.above: =200 is over max 100');
	finds(
		{ ...bands([{ from: 1.2, to: null, change: { by: 1 } }]), size: { cpu: 2, memoryBytes: null } },
		'warn steps.0.above: 120 % is never reached: an instance is given 2 cores',
	);
});

test('schedules that never come, never end, or ask for what cannot be', () => {
	const one = (extra: Partial<Schedule>) => ({ schedules: [{ ...MONDAYS, ...extra }] });
	finds(one({ cron: '0 0 30 2 *' }), 'error schedule.0.cron: `0 0 30 2 *` never comes.');
	finds(one({ cron: '61 * * * *' }), 'error schedule.0.cron: `61 * * * *` in Europe/Berlin is no schedule: ');
	finds(one({ timeZone: 'Mars/Olympus' }), 'error schedule.0.cron: `0 8 * * 1` in Mars/Olympus is no schedule: ');
	finds(
		one({ cron: '0 * * * *', forMs: 3_600_000 }),
		'warn schedule.0.for: It is always on: it comes again within 1h and lasts 1h.',
	);
	finds(one({ min: 12, max: 8 }), 'error schedule.0.min: While it is on, min 12 is more than max 8.');
	finds(one({ min: 120 }), 'error schedule.0.min: While it is on, min 120 is more than the max 100 of the policy.');
	finds(
		{ min: 4, ...one({ min: null, max: 3 }) },
		'error schedule.0.max: While it is on, the min 4 of the policy is more than max 3.',
	);
	finds(one({ min: null, max: null }), 'error schedule.0: It changes neither min nor max.');
	finds(
		one({ forMs: 60_000 }),
		'warn schedule.0.for: It is over after 1m, but the cooldown keeps its instances for 5m.',
	);
});

test('what will flap', () => {
	const free = policyOf().in;
	finds({ in: free }, 'warn in.window: It will flap: with neither in.window nor a cooldown');
	finds({ in: free, flaps: { most: 3, overMs: 600_000 } }, 'warn in.window: It will flap, up to 3 times within 10m');
	finds({ in: { ...free, windowMs: 10_000 } }, 'warn in.window: Values are taken over 30s');
	finds({ in: { ...free, select: 'none' } });
	finds({ flaps: { most: 0, overMs: 600_000 } }, 'warn flaps: With no turn allowed');
});

test('directions, panic and brake', () => {
	finds({ in: { ...CALM, tolerance: 1 } }, 'warn in.tolerance: With a tolerance of 100%');
	finds(
		{ out: { ...policyOf().out, rates: [{ instances: 0, periodMs: 1000 }] } },
		'warn out.by: A rate of 0 lets nothing go out',
	);
	finds({ in: { ...CALM, windowMs: 90_000_000 } }, 'warn in.window: Over 1d1h the largest size counts');
	finds({ in: { ...CALM, cooldownMs: 90_000_000 } }, 'warn in.cooldown: After each change nothing goes in for 1d1h.');
	finds({ panic: { windowMs: 30_000, threshold: 2 } }, 'error panic.window: The panic window of 30s has to be shorter');
	finds({ panic: { windowMs: 6000, threshold: 1.1 } }, 'warn panic.threshold: Each step out would be a panic');
	finds({ brakeErrorRate: 0 }, 'error brake: A brake at 0% holds always');
});
