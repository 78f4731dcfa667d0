/** Whatever goes wrong and in whatever order: never a size that nobody asked for, and in the end the one that is asked for. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isDeepStrictEqual } from 'node:util';
import fc from 'fast-check';
import { TestingWatcher, until } from '../testing-watcher.ts';
import { PlatformProvider } from './platform-provider.ts';
import type { PlatformSettings } from './settings.ts';
import { MemoryPlatform } from './testing-memory-platform.ts';
import { rest } from './testing-platform-stage.ts';

const LAG_MS = 60;
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

async function live({ steps, last }: typeof scenario extends fc.Arbitrary<infer T> ? T : never): Promise<void> {
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
		let lags = false;
		for (const { step: one, restMs } of steps) {
			lags = one.do === 'lag' || (lags && one.do !== 'heal');
			// Who lowers it in the very moment in which members are removed lowers it twice.
			if (one.do === 'outside' && (lags || watcher.ids('leaving').length > 0)) continue;
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
		await until(
			() => {
				provider.resize(last);
				between();
				if (!isThere()) since = Date.now();
				return Date.now() - since > LAG_MS * 3;
			},
			show,
			20_000,
		);
	} finally {
		clearInterval(fleet);
		provider.close();
	}
}

test('property: whatever goes wrong, only sizes that were asked for, and the last one in the end', async () => {
	// The same ones each time; others by BALLAST_SEED.
	const all = fc.sample(scenario, { numRuns: 160, seed: Number(process.env['BALLAST_SEED'] ?? 20261128) });
	for (let from = 0; from < all.length; from += 40) await Promise.all(all.slice(from, from + 40).map(live));
});
