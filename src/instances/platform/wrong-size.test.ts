/** Whatever goes wrong and in whatever order: never a size that nobody asked for, and in the end the one that is asked for. */
import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { isDeepStrictEqual } from 'node:util';
import fc from 'fast-check';
import { Random } from '../../wire/testing/random.ts';
import { TestingWatcher, until } from '../testing-watcher.ts';
import { PlatformProvider } from './platform-provider.ts';
import type { PlatformSettings } from './settings.ts';
import { MemoryPlatform } from './testing-memory-platform.ts';
import { rest } from './testing-platform-stage.ts';

const LAG_MS = 60;
const RUNS = 160;
/** The same ones each time; others by BALLAST_SEED. */
const SEED = Number(process.env['BALLAST_SEED'] ?? 20261128);
const SETTINGS: Partial<PlatformSettings> = {
	...{ pollMs: 20, limitMs: 60, retryMs: 5, tries: 3, batchMs: 3, stuckMs: 40 },
	holdMs: [20, 40],
};

type Step =
	| { do: 'resize' | 'outside' | 'room'; size: number }
	| { do: 'stick' | 'silence' | 'blind' | 'noResize' | 'noRemove' | 'throttle' | 'lag' | 'partial' | 'kill' | 'heal' };

const size = fc.integer({ min: 1, max: 7 });
const step: fc.Arbitrary<Step> = fc.oneof(
	{ weight: 8, arbitrary: size.map((count) => ({ do: 'resize', size: count }) as const) },
	{ weight: 1, arbitrary: size.map((count) => ({ do: 'outside', size: count }) as const) },
	{ weight: 2, arbitrary: size.map((count) => ({ do: 'room', size: count }) as const) },
	{
		weight: 8,
		arbitrary: fc
			.constantFrom(
				...(['stick', 'silence', 'blind', 'noResize', 'noRemove', 'throttle', 'lag', 'partial', 'kill'] as const),
			)
			.map((what) => ({ do: what })),
	},
	{ weight: 4, arbitrary: fc.constant({ do: 'heal' } as const) },
);
const scenario = fc.record({
	steps: fc.array(fc.record({ step, restMs: fc.constantFrom(0, 5, 30, 70) }), { minLength: 3, maxLength: 10 }),
	last: size,
});

type Scenario = typeof scenario extends fc.Arbitrary<infer T> ? T : never;

function act(fake: MemoryPlatform, one: Step): void {
	switch (one.do) {
		case 'outside':
			return fake.outsideResize(one.size);
		case 'room':
			return fake.capacity(one.size);
		case 'stick':
			return fake.stick(true);
		case 'silence':
			return fake.silence(true);
		case 'blind':
			return fake.deny('read');
		case 'noResize':
			return fake.deny('resize');
		case 'noRemove':
			return fake.deny('remove');
		case 'throttle':
			return fake.throttleNext(4);
		case 'lag':
			return fake.lag(LAG_MS / 2);
		case 'partial':
			return fake.partial(1);
		case 'kill':
			return fake.kill(fake.alive()[0] ?? '');
		case 'heal':
			return heal(fake);
		case 'resize':
	}
}

function heal(fake: MemoryPlatform): void {
	fake.capacity(1000);
	fake.stick(false);
	fake.silence(false);
	fake.deny(null);
	fake.throttleNext(0);
	fake.lag(0);
}

async function live({ steps, last }: Scenario): Promise<void> {
	const fake = new MemoryPlatform(LAG_MS);
	const watcher = new TestingWatcher();
	const provider = new PlatformProvider({
		...{ service: 'api', config: { kind: 'test' }, settings: () => SETTINGS, open: () => fake.open() },
	});
	const told: string[] = [];
	const asked = [3];
	const show = () => [told, fake.changes, watcher.events.map(({ text }) => text)];
	const between = (): void => {
		const [low, high] = [Math.min(...asked), Math.max(...asked)];
		assert.ok(fake.size() >= low && fake.size() <= high, `${fake.size()}: ${JSON.stringify(show(), null, 1)}`);
	};
	provider.watch(watcher);
	provider.setActive(true);
	const fleet = setInterval(() => {
		for (const id of watcher.ids('leaving')) void provider.remove(id, Date.now() + 1000);
	}, 3);
	try {
		await until(() => provider.known);
		let [lags, outsideMs] = [false, 0];
		for (const { step: one, restMs } of steps) {
			// What falls back behind a size that somebody else has just set cannot be told from one that is set anew.
			if (one.do === 'lag' && Date.now() - outsideMs < 2 * LAG_MS) continue;
			lags = one.do === 'lag' || (lags && one.do !== 'heal');
			// Who lowers it in the very moment in which members are removed lowers it twice.
			if (one.do === 'outside' && (lags || watcher.ids('leaving').length > 0)) continue;
			if (one.do === 'outside') outsideMs = Date.now();
			told.push(JSON.stringify(one));
			if ('size' in one && one.do !== 'room') asked.push(one.size);
			if (one.do === 'resize') provider.resize(one.size);
			else act(fake, one);
			await rest(restMs);
			between();
		}
		asked.push(last);
		heal(fake);
		told.push(`healed, ${last}`);
		const isThere = (): boolean => {
			const alive = fake.alive().map((id) => `api@${id}`);
			const same = isDeepStrictEqual(watcher.ids('running'), alive.sort());
			return same && fake.size() === last && provider.desired === last && alive.length === last;
		};
		// A call that was given up may be carried out still: it has to last.
		let since = Date.now();
		await until(() => {
			provider.resize(last);
			between();
			if (!isThere()) since = Date.now();
			return Date.now() - since > LAG_MS * 3;
		}, show);
	} finally {
		clearInterval(fleet);
		provider.close();
	}
}

/** All of them at once, on a clock that goes on as soon as nothing is left to be done at its time. @param stepMs its next step, ms */
async function onClock(context: TestContext, scenarios: readonly Scenario[], stepMs: () => number): Promise<void> {
	context.mock.timers.enable({ apis: ['setTimeout', 'setInterval', 'Date'], now: 1_800_000_000_000 });
	context.mock.method(performance, 'now', () => Date.now());
	const random = new Random(SEED);
	context.mock.method(Math, 'random', () => random.next());
	let isOver = false;
	const lives = Promise.allSettled(scenarios.map(live)).finally(() => {
		isOver = true;
	});
	while (!isOver) {
		await new Promise((resolve) => setImmediate(resolve));
		context.mock.timers.tick(stepMs());
	}
	for (const each of await lives) if (each.status === 'rejected') throw each.reason;
}

test('property: whatever goes wrong, only sizes that were asked for, and the last one in the end', (context) =>
	onClock(context, fc.sample(scenario, { numRuns: RUNS, seed: SEED }), () => 1));

test('property: the same in a process that gets to its timers late, many at a time', (context) => {
	const random = new Random(SEED);
	const lateMs = () => (random.chance(0.1) ? 1 + random.int(4 * LAG_MS) : 1);
	return onClock(context, fc.sample(scenario, { numRuns: RUNS, seed: SEED + 1 }), lateMs);
});
