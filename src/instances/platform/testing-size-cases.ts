/** What every platform must do while all is well, and while reads are late. */
import assert from 'node:assert/strict';
import { until } from '../testing-watcher.ts';
import { FREE, type Play, rest, type StageOptions, told } from './testing-platform-stage.ts';

export const SIZE_CASES = {
	async lists(play: Play): Promise<void> {
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
		assert.deepEqual(provider.trouble, FREE);
		assert.deepEqual(fake.changes, []);
	},
	async out(play: Play): Promise<void> {
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
	async in(play: Play): Promise<void> {
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
	async order(play: Play): Promise<void> {
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
	async keeps(play: Play): Promise<void> {
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
	async idempotent(play: Play): Promise<void> {
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
	async outside(play: Play): Promise<void> {
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
	async replaced(play: Play): Promise<void> {
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
	async throttled(play: Play): Promise<void> {
		const { fake, provider, running, kinds } = await play.begin();
		await running(3);
		fake.throttleNext(2);
		provider.resize(4);
		await running(4);
		assert.deepEqual([fake.size(), fake.changes], [4, ['4']]);
		assert.ok(!kinds().includes('resize_failed'));
	},
	async credentials(play: Play): Promise<void> {
		const { fake, provider, running } = await play.begin();
		await running(3);
		fake.expireCredentials();
		provider.resize(4);
		await running(4);
		assert.deepEqual([fake.size(), fake.changes, provider.complaint], [4, ['4'], null]);
	},
	async lag(play: Play, { lagMs = 300 }: StageOptions): Promise<void> {
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
};
