/** What every platform must do, asked of a `PlatformProvider` over its adapter and a stateful fake of the platform. */
import assert from 'node:assert/strict';
import { afterEach, describe, it } from 'node:test';
import { TestingWatcher, until } from '../testing-watcher.ts';
import type { Platform } from './platform.ts';
import { PlatformProvider } from './platform-provider.ts';
import type { PlatformSettings } from './settings.ts';

/** What a test can do to the platform behind the adapter. `make` gives a group of three running members. */
export interface PlatformFake {
	/** The adapter under test, its client pointed at the fake. */
	open(): Platform;
	/** The size that the platform really aims at. */
	size(): number;
	/** Ids of the members that really live, those that start included. */
	alive(): string[];
	/** Changes of the size that the platform took, in order: `4`, and `-api-1` for a member that was removed. */
	readonly changes: readonly string[];
	/** The next calls are answered with the platform's own words for too many. */
	throttleNext(calls: number): void;
	/** The credentials in use are refused from now on; fresh ones lie where the adapter reads them. */
	expireCredentials(): void;
	/** Reads show what was so long ago. */
	lag(ms: number): void;
	/** There is room for so many and no more; a larger size is refused in the platform's own way. */
	capacity(members: number): void;
	/** This is not permitted from now on; null: all is. */
	deny(action: 'read' | 'resize' | 'remove' | null): void;
	/** Members that are yet to come do not come. */
	stick(stuck: boolean): void;
	/** No call is answered. */
	silence(silent: boolean): void;
	/** Somebody else sets the size. */
	outsideResize(size: number): void;
	/** A member dies by itself; the platform replaces it. */
	kill(id: string): void;
	/** The next removal of several does this many of them, then fails. */
	partial(members: number): void;
	/** The platform's own autoscaler is at work on the group under this name; null: none is. */
	autoscaler(name: string | null): void;
	/** The group's own bounds. */
	bounds(min: number | null, max: number | null): void;
	/** The group is deleted. */
	vanish(): void;
	/** @throws when something is open still that the adapter should have closed */
	close(): Promise<void>;
}

const CASES = {
	lists: 'lists its members as instances',
	out: 'scales out',
	in: 'scales in: chosen ones leave, are drained, then removed',
	order: 'chooses who is not running first, then the youngest',
	keeps: 'keeps whom it chose when more are wanted again',
	idempotent: 'setting the same size twice is one change',
	outside: 'takes over a size that somebody else set',
	replaced: 'a member that died is replaced and not missed in the size',
	throttled: 'waits when it is throttled',
	credentials: 'reads expired credentials anew',
	lag: 'is not misled by late answers',
	partial: 'does the rest of a removal that failed halfway, and no more',
	stuck: 'says that a change is stuck',
	capacity: 'holds back when there is no room',
	denied: 'names the permission that is missing',
	deniedRead: 'says at the start that it may not look',
	autoscaler: 'refuses beside the platform’s own autoscaler',
	warned: 'warns of the platform’s own autoscaler if told to',
	bounds: 'keeps to the bounds of the group',
	silent: 'keeps everything when the platform does not answer',
	missing: 'says that the group is not there',
	passive: 'only mirrors while passive',
	retires: 'lets go of its members and ends none when it retires',
	closes: 'closes without a leak',
} as const;

export type PlatformCase = keyof typeof CASES;

/** Quick, so that a suite takes seconds. */
export const SUITE_SETTINGS: Partial<PlatformSettings> = {
	pollMs: 60,
	limitMs: 800,
	retryMs: 20,
	batchMs: 10,
	holdMs: [400, 800],
	stuckMs: 400,
};

export interface PlatformSuiteOptions {
	/** What the platform cannot do, with the reason. */
	readonly cannot?: Partial<Record<PlatformCase, string>>;
	readonly settings?: Partial<PlatformSettings>;
	/** How late reads are in the case `lag`, ms; must be below what the adapter says as `lagMs`. Default 300. */
	readonly lagMs?: number;
}

interface Stage {
	readonly fake: PlatformFake;
	readonly provider: PlatformProvider<{ kind: string }>;
	readonly watcher: TestingWatcher;
	/** Resolves once so many run, no more and no fewer. */
	running(count: number): Promise<void>;
	/** Drains and removes whoever is to leave, as the fleet does. */
	drain(): Promise<void>;
	kinds(): string[];
}

class Play {
	readonly #options: PlatformSuiteOptions;
	readonly #make: () => Promise<PlatformFake>;
	#ends: (() => Promise<void>)[] = [];

	constructor(make: () => Promise<PlatformFake>, options: PlatformSuiteOptions) {
		this.#make = make;
		this.#options = options;
	}

	async begin(how: { fake?: (fake: PlatformFake) => void; active?: boolean; warn?: boolean } = {}): Promise<Stage> {
		const fake = await this.#make();
		how.fake?.(fake);
		const watcher = new TestingWatcher();
		const provider = new PlatformProvider({
			service: 'api',
			config: { kind: 'test' },
			settings: { ...SUITE_SETTINGS, ...this.#options.settings },
			nativeAutoscaler: how.warn ? 'warn' : 'refuse',
			open: () => fake.open(),
		});
		this.#ends.push(async () => {
			provider.close();
			await fake.close();
		});
		provider.watch(watcher);
		provider.setActive(how.active ?? true);
		const running = (count: number) =>
			until(
				() => watcher.ids('running').length === count && watcher.instances.size === count,
				() => [count, [...watcher.instances.values()], watcher.events, fake.changes],
			);
		const drain = async (): Promise<void> => {
			await until(
				() => watcher.ids('leaving').length > 0,
				() => watcher.events,
			);
			await Promise.all(watcher.ids('leaving').map((id) => provider.remove(id, Date.now() + 5000)));
		};
		return { fake, provider, watcher, running, drain, kinds: () => watcher.events.map(({ kind }) => kind) };
	}

	async end(): Promise<void> {
		for (const end of this.#ends.splice(0)) await end();
	}
}

const told = (stage: Stage, kind: string): Promise<void> =>
	until(
		() => stage.kinds().includes(kind),
		() => [kind, stage.watcher.events, stage.fake.changes],
	);

const rest = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

const TESTS: Record<PlatformCase, (play: Play, options: PlatformSuiteOptions) => Promise<void>> = {
	async lists(play) {
		const { fake, provider, watcher, running } = await play.begin();
		await running(3);
		watcher.agreesWith(provider as never);
		assert.deepEqual(
			watcher.ids('running'),
			fake
				.alive()
				.map((id) => `api@${id}`)
				.sort(),
		);
		for (const { host, port } of provider.list()) assert.ok(host !== '' && port > 0, `${host}:${port}`);
		assert.equal(provider.desired, 3);
		assert.equal(provider.trouble, null);
		assert.deepEqual(fake.changes, []);
	},
	async out(play) {
		const { fake, provider, running, watcher } = await play.begin();
		await running(3);
		provider.resize(5);
		assert.equal(provider.desired, 5);
		const settled = provider.settled();
		await running(5);
		for (const { id } of provider.list()) provider.reached(id, true, '');
		assert.equal(await settled, null);
		assert.deepEqual([fake.size(), provider.desired, fake.changes], [5, 5, ['5']]);
		assert.equal(watcher.texts('resized').length, 1);
		assert.ok(provider.startTimeMs !== null, 'the start time was learned');
	},
	async in(play) {
		const { fake, provider, watcher, running } = await play.begin();
		await running(3);
		provider.resize(1);
		await until(() => watcher.ids('leaving').length === 2);
		assert.equal(provider.desired, 1);
		assert.deepEqual([fake.size(), fake.changes.length], [3, 0], 'nothing is removed before it is drained');
		const [stays] = watcher.ids('running');
		const leaving = watcher.ids('leaving');
		await Promise.all(leaving.map((id) => provider.remove(id, Date.now() + 5000)));
		await running(1);
		await until(() => fake.alive().length === 1);
		assert.deepEqual([fake.size(), watcher.ids('running'), fake.alive()], [1, [stays], [stays?.slice(4)]]);
		assert.deepEqual([...fake.changes].sort(), leaving.map((id) => `-${id.slice(4)}`).sort());
	},
	async order(play) {
		const { fake, provider, watcher, running } = await play.begin();
		await running(3);
		for (const { id } of provider.list()) provider.reached(id, true, '');
		fake.stick(true);
		provider.resize(4);
		await until(() => fake.alive().length === 4 && watcher.instances.size === 4);
		const [pending] = watcher.ids('pending');
		provider.resize(3);
		await until(() => watcher.ids('leaving').length === 1);
		assert.deepEqual(watcher.ids('leaving'), [pending]);
		await provider.remove(pending as string, Date.now() + 5000);
		await running(3);
		assert.equal(fake.size(), 3);
	},
	async keeps(play) {
		const { fake, provider, watcher, running } = await play.begin();
		await running(3);
		provider.resize(1);
		await until(() => watcher.ids('leaving').length === 2);
		provider.resize(2);
		await until(() => watcher.ids('leaving').length === 1);
		provider.resize(3);
		await running(3);
		await rest(100);
		assert.deepEqual([fake.size(), fake.changes], [3, []]);
	},
	async idempotent(play) {
		const { fake, provider, running } = await play.begin();
		await running(3);
		provider.resize(4);
		provider.resize(4);
		await running(4);
		provider.resize(4);
		await rest(150);
		assert.deepEqual([fake.size(), fake.changes], [4, ['4']]);
		const platform = fake.open();
		await platform.setDesired(4, AbortSignal.timeout(2000));
		assert.deepEqual([fake.size(), fake.changes], [4, ['4']]);
		platform.close();
	},
	async outside(play) {
		const stage = await play.begin();
		const { fake, provider, watcher, running } = stage;
		await running(3);
		provider.resize(2);
		await until(() => watcher.ids('leaving').length === 1);
		fake.outsideResize(5);
		await running(5);
		await told(stage, 'resized_outside');
		assert.match(watcher.texts('resized_outside')[0] ?? '', /set to 5 by somebody else \(before: 3\)/);
		assert.deepEqual([fake.size(), provider.desired, fake.changes], [5, 5, []]);
		provider.resize(6);
		await running(6);
		assert.deepEqual([fake.size(), fake.changes], [6, ['6']], 'what is decided anew holds');
	},
	async replaced(play) {
		const stage = await play.begin();
		const { fake, watcher, running, provider } = stage;
		await running(3);
		const [victim] = fake.alive();
		fake.kill(victim as string);
		await until(() => watcher.ids('running').length === 3 && !watcher.ids('running').includes(`api@${victim}`));
		await Promise.all(watcher.ids('leaving').map((id) => provider.remove(id, Date.now() + 5000)));
		await running(3);
		assert.deepEqual([fake.size(), fake.changes], [3, []]);
		assert.deepEqual(watcher.texts('resized_outside'), []);
	},
	async throttled(play) {
		const { fake, provider, running, kinds } = await play.begin();
		await running(3);
		fake.throttleNext(2);
		provider.resize(4);
		await running(4);
		assert.deepEqual([fake.size(), fake.changes], [4, ['4']]);
		assert.ok(!kinds().includes('resize_failed'));
	},
	async credentials(play) {
		const { fake, provider, running } = await play.begin();
		await running(3);
		fake.expireCredentials();
		provider.resize(4);
		await running(4);
		assert.deepEqual([fake.size(), fake.changes, provider.complaint], [4, ['4'], null]);
	},
	async lag(play, { lagMs = 300 }) {
		const { fake, provider, watcher, running, drain } = await play.begin();
		await running(3);
		fake.lag(lagMs);
		provider.resize(5);
		await running(5);
		provider.resize(4);
		await drain();
		await rest(lagMs * 2);
		await running(4);
		assert.equal(fake.size(), 4);
		assert.equal(fake.changes.length, 2, fake.changes.join());
		assert.deepEqual(watcher.texts('resized_outside'), []);
	},
	async partial(play) {
		const { fake, provider, running, drain, watcher } = await play.begin();
		await running(3);
		fake.partial(1);
		provider.resize(1);
		await until(() => watcher.ids('leaving').length === 2);
		await drain();
		await running(1);
		await until(() => fake.alive().length === 1);
		assert.equal(fake.size(), 1);
		assert.deepEqual(watcher.texts('resized_outside'), []);
	},
	async stuck(play) {
		const stage = await play.begin();
		const { fake, provider, running } = stage;
		await running(3);
		fake.stick(true);
		provider.resize(4);
		await told(stage, 'stuck');
		assert.match(provider.trouble ?? '', /3 of 4 running/);
		assert.equal(fake.size(), 4);
		fake.stick(false);
		await running(4);
		await told(stage, 'unstuck');
		assert.deepEqual([provider.trouble, fake.changes], [null, ['4']]);
	},
	async capacity(play) {
		const stage = await play.begin();
		const { fake, provider, running, watcher } = stage;
		await running(3);
		fake.capacity(4);
		provider.resize(6);
		await told(stage, 'resize_failed');
		assert.equal(provider.desired, 3);
		assert.ok(provider.trouble !== null && provider.complaint !== null);
		provider.resize(6);
		await rest(100);
		assert.deepEqual(fake.changes, [], 'held back');
		await until(() => provider.trouble === null);
		assert.ok(provider.complaint !== null, 'an alert stays until it works');
		fake.capacity(100);
		provider.resize(6);
		await running(6);
		assert.deepEqual([fake.size(), provider.complaint, watcher.texts('resize_failed').length], [6, null, 1]);
	},
	async denied(play) {
		const stage = await play.begin();
		const { fake, provider, running, watcher } = stage;
		await running(3);
		fake.deny('resize');
		provider.resize(4);
		await told(stage, 'resize_failed');
		assert.match(watcher.texts('resize_failed')[0] ?? '', /could not be set to 4: .*permission needed: \S+/);
		assert.deepEqual([fake.size(), provider.desired], [3, 3]);
	},
	async deniedRead(play) {
		const stage = await play.begin({ fake: (fake) => fake.deny('read') });
		const { provider, watcher } = stage;
		await told(stage, 'provider_trouble');
		assert.match(watcher.texts('provider_trouble')[0] ?? '', /cannot be read: .*permission needed: \S+/);
		assert.ok(provider.trouble !== null);
		stage.fake.deny(null);
		await stage.running(3);
		await told(stage, 'provider_recovered');
	},
	async autoscaler(play) {
		const stage = await play.begin();
		await stage.running(3);
		stage.fake.autoscaler('their-own');
		await told(stage, 'native_autoscaler');
		stage.provider.resize(5);
		await rest(150);
		assert.deepEqual([stage.fake.size(), stage.provider.desired, stage.fake.changes], [3, 3, []]);
		assert.match(stage.watcher.texts('native_autoscaler')[0] ?? '', /their-own.*nativeAutoscaler: warn/);
		assert.match(stage.provider.trouble ?? '', /their-own/);
		stage.fake.autoscaler(null);
		await until(() => stage.provider.trouble === null);
		stage.provider.resize(4);
		await stage.running(4);
	},
	async warned(play) {
		const stage = await play.begin({ warn: true, fake: (fake) => fake.autoscaler('their-own') });
		await stage.running(3);
		await told(stage, 'native_autoscaler');
		stage.provider.resize(4);
		await stage.running(4);
		assert.equal(stage.fake.size(), 4);
	},
	async bounds(play) {
		const stage = await play.begin({ fake: (fake) => fake.bounds(2, 4) });
		await stage.running(3);
		stage.provider.resize(9);
		await stage.running(4);
		assert.equal(stage.fake.size(), 4);
		assert.equal(stage.watcher.texts('size_bounded').length, 1);
		await until(() => stage.provider.desired === 4);
		stage.provider.resize(1);
		await until(() => stage.watcher.ids('leaving').length === 2);
		await stage.drain();
		await stage.running(2);
		assert.equal(stage.fake.size(), 2);
	},
	async silent(play) {
		const stage = await play.begin();
		const { fake, provider, running, watcher } = stage;
		await running(3);
		fake.silence(true);
		await told(stage, 'provider_trouble');
		assert.equal(watcher.ids('running').length, 3);
		assert.equal(provider.desired, 3);
		assert.match(provider.trouble ?? '', /its 3 instances and its size stay as they are/);
		fake.silence(false);
		await told(stage, 'provider_recovered');
		assert.deepEqual([provider.trouble, watcher.texts('provider_trouble').length, fake.changes], [null, 1, []]);
		assert.equal(watcher.ids('running').length, 3);
	},
	async missing(play) {
		const stage = await play.begin({ fake: (fake) => fake.vanish() });
		await told(stage, 'provider_trouble');
		assert.match(stage.watcher.texts('provider_trouble')[0] ?? '', /cannot be read: /);
	},
	async passive(play) {
		const { fake, provider, running } = await play.begin({ active: false });
		await running(3);
		provider.resize(5);
		fake.outsideResize(4);
		await running(4);
		assert.deepEqual([provider.desired, fake.changes], [4, []]);
	},
	async retires(play) {
		const { fake, provider, running, watcher } = await play.begin();
		await running(3);
		provider.retire();
		assert.equal(watcher.ids('leaving').length, 3);
		await Promise.all(watcher.ids('leaving').map((id) => provider.remove(id, Date.now())));
		await rest(100);
		assert.deepEqual([watcher.instances.size, fake.size(), fake.alive().length, fake.changes], [0, 3, 3, []]);
	},
	async closes(play) {
		const { fake, provider, running, watcher } = await play.begin();
		await running(3);
		provider.resize(4);
		await rest(20);
		provider.close();
		const changes = watcher.changes.length;
		await fake.close();
		await rest(100);
		assert.equal(watcher.changes.length, changes, 'nothing is told after the end');
	},
};

/** Declares the tests of one platform. `make`: a fresh fake with a group of three running members. */
export function platformSuite(
	name: string,
	make: () => Promise<PlatformFake>,
	options: PlatformSuiteOptions = {},
): void {
	describe(`${name} as a platform`, () => {
		const play = new Play(make, options);
		afterEach(() => play.end());
		for (const [id, title] of Object.entries(CASES) as [PlatformCase, string][]) {
			const why = options.cannot?.[id];
			it(why === undefined ? title : `${title} (not here: ${why})`, { skip: why ?? false }, () =>
				TESTS[id](play, options),
			);
		}
	});
}
