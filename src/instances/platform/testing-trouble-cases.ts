/** What every platform must do when something is wrong, and at its end. */
import assert from 'node:assert/strict';
import { until } from '../testing-watcher.ts';
import { FREE, type Play, rest, type Stage, told } from './testing-platform-stage.ts';

function holdsBoth({ provider }: Stage, why: RegExp): void {
	assert.match(provider.trouble.out ?? '', why);
	assert.equal(provider.trouble.in, provider.trouble.out);
}

export const TROUBLE_CASES = {
	async partial(play: Play): Promise<void> {
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
	async stuck(play: Play): Promise<void> {
		const stage = await play.begin();
		const { fake, provider, running } = stage;
		await running(3);
		fake.stick(true);
		provider.resize(4);
		await told(stage, 'stuck');
		assert.match(provider.trouble.out ?? '', /3 of 4 running/);
		assert.equal(provider.trouble.in, null);
		assert.equal(fake.size(), 4);
		fake.stick(false);
		await running(4);
		await told(stage, 'unstuck');
		assert.deepEqual([provider.trouble, fake.changes], [FREE, ['4']]);
	},
	async capacity(play: Play): Promise<void> {
		const stage = await play.begin();
		const { fake, provider, running, watcher } = stage;
		await running(3);
		fake.capacity(4);
		provider.resize(6);
		await told(stage, 'resize_failed');
		assert.equal(provider.desired, 3);
		assert.ok(provider.trouble.out !== null && provider.complaint !== null);
		assert.equal(provider.trouble.in, null);
		provider.resize(6);
		await rest(100);
		assert.deepEqual(fake.changes, [], 'held back');
		await until(() => provider.trouble.out === null);
		assert.ok(provider.complaint !== null, 'an alert stays until it works');
		fake.capacity(100);
		provider.resize(6);
		await running(6);
		assert.deepEqual([fake.size(), provider.complaint, watcher.texts('resize_failed').length], [6, null, 1]);
	},
	async fullShrinks(play: Play): Promise<void> {
		const stage = await play.begin({ settings: { holdMs: [60_000, 60_000] } });
		const { fake, provider, running, watcher } = stage;
		await running(3);
		fake.capacity(3);
		provider.resize(5);
		// Refused, or taken and told of later.
		await until(() => provider.trouble.out !== null);
		assert.equal(provider.trouble.in, null);
		provider.resize(2);
		await stage.drainUntil(() => fake.alive().length === 2 && fake.size() === 2);
		await running(2);
		assert.deepEqual([provider.desired, provider.trouble.in, watcher.texts('resized_outside')], [2, null, []]);
	},
	async stuckShrinks(play: Play): Promise<void> {
		const stage = await play.begin();
		const { fake, provider, watcher, running } = stage;
		await running(3);
		fake.stick(true);
		provider.resize(5);
		await told(stage, 'stuck');
		provider.resize(2);
		await stage.drainUntil(() => fake.alive().length === 2);
		await running(2);
		assert.deepEqual([fake.size(), provider.desired], [2, 2]);
		assert.deepEqual(watcher.texts('resized_outside'), []);
		await until(() => provider.trouble.out === null);
	},
	async refusedGrows(play: Play): Promise<void> {
		const stage = await play.begin({ settings: { holdMs: [60_000, 60_000] } });
		const { fake, provider, running, watcher } = stage;
		await running(3);
		fake.deny('remove');
		provider.resize(2);
		await stage.drain();
		await told(stage, 'resize_failed');
		assert.deepEqual([provider.trouble.out, provider.desired], [null, 3]);
		assert.match(provider.trouble.in ?? '', /could not be removed: .*permission needed: \S+/);
		provider.resize(5);
		await running(5);
		assert.deepEqual([fake.size(), provider.desired, fake.changes], [5, 5, ['5']]);
		assert.ok(provider.trouble.in !== null);
		assert.deepEqual(watcher.texts('resized_outside'), []);
	},
	async denied(play: Play): Promise<void> {
		const stage = await play.begin();
		const { fake, provider, running, watcher } = stage;
		await running(3);
		fake.deny('resize');
		provider.resize(4);
		await told(stage, 'resize_failed');
		assert.match(watcher.texts('resize_failed')[0] ?? '', /could not be set to 4: .*permission needed: \S+/);
		assert.deepEqual([fake.size(), provider.desired, provider.permissionMissing], [3, 3, true]);
		fake.deny(null);
		await until(() => provider.trouble.out === null);
		assert.ok(provider.permissionMissing, 'until it works');
		provider.resize(4);
		await running(4);
		await until(() => !provider.permissionMissing);
	},
	async deniedRead(play: Play): Promise<void> {
		const stage = await play.begin({ fake: (fake) => fake.deny('read') });
		const { provider, watcher } = stage;
		await told(stage, 'provider_trouble');
		assert.match(watcher.texts('provider_trouble')[0] ?? '', /cannot be read: .*permission needed: \S+/);
		assert.ok(provider.trouble.out !== null && provider.trouble.in === provider.trouble.out);
		assert.ok(provider.permissionMissing);
		stage.fake.deny(null);
		await stage.running(3);
		await told(stage, 'provider_recovered');
		assert.ok(!provider.permissionMissing);
	},
	async autoscaler(play: Play): Promise<void> {
		const stage = await play.begin();
		await stage.running(3);
		stage.fake.autoscaler('their-own');
		await told(stage, 'native_autoscaler');
		stage.provider.resize(5);
		await rest(150);
		assert.deepEqual([stage.fake.size(), stage.provider.desired, stage.fake.changes], [3, 3, []]);
		assert.match(stage.watcher.texts('native_autoscaler')[0] ?? '', /their-own.*nativeAutoscaler: warn/);
		holdsBoth(stage, /their-own/);
		stage.fake.autoscaler(null);
		await until(() => stage.provider.trouble.out === null);
		stage.provider.resize(4);
		await stage.running(4);
	},
	async warned(play: Play): Promise<void> {
		const stage = await play.begin({ warn: true, fake: (fake) => fake.autoscaler('their-own') });
		await stage.running(3);
		await told(stage, 'native_autoscaler');
		stage.provider.resize(4);
		await stage.running(4);
		assert.equal(stage.fake.size(), 4);
	},
	async bounds(play: Play): Promise<void> {
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
	async silent(play: Play): Promise<void> {
		const stage = await play.begin();
		const { fake, provider, running, watcher } = stage;
		await running(3);
		fake.silence(true);
		await told(stage, 'provider_trouble');
		assert.equal(watcher.ids('running').length, 3);
		assert.equal(provider.desired, 3);
		holdsBoth(stage, /its 3 instances and its size stay as they are/);
		fake.silence(false);
		await told(stage, 'provider_recovered');
		assert.deepEqual([provider.trouble, watcher.texts('provider_trouble').length, fake.changes], [FREE, 1, []]);
		assert.equal(watcher.ids('running').length, 3);
	},
	async missing(play: Play): Promise<void> {
		const stage = await play.begin({ fake: (fake) => fake.vanish() });
		await told(stage, 'provider_trouble');
		assert.match(stage.watcher.texts('provider_trouble')[0] ?? '', /cannot be read: /);
	},
	async passive(play: Play): Promise<void> {
		const { fake, provider, running } = await play.begin({ active: false });
		await running(3);
		provider.resize(5);
		fake.outsideResize(4);
		await running(4);
		assert.deepEqual([provider.desired, fake.changes], [4, []]);
	},
	async retires(play: Play): Promise<void> {
		const { fake, provider, running, watcher } = await play.begin();
		await running(3);
		provider.retire();
		assert.equal(watcher.ids('leaving').length, 3);
		await Promise.all(watcher.ids('leaving').map((id) => provider.remove(id, Date.now())));
		await rest(100);
		assert.deepEqual([watcher.instances.size, fake.size(), fake.alive().length, fake.changes], [0, 3, 3, []]);
	},
	async closes(play: Play): Promise<void> {
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
