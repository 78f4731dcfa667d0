/** What is known at the beginning and behind a reload, and what is told of it. */
import assert from 'node:assert/strict';
import { afterEach, test } from 'node:test';
import { TestingWatcher, until } from '../testing-watcher.ts';
import type { Platform } from './platform.ts';
import { PlatformProvider } from './platform-provider.ts';
import { MemoryPlatform } from './testing-memory-platform.ts';
import { rest, SUITE_SETTINGS } from './testing-platform-stage.ts';

interface GroupConfig {
	kind: string;
	/** Which group it is. */
	name: string;
}

const ends: (() => void)[] = [];
afterEach(() => {
	for (const end of ends.splice(0)) end();
});

function made(more: Partial<Platform> & { missing?: string[]; scales?: boolean } = {}) {
	const fakes: Record<string, MemoryPlatform> = { a: new MemoryPlatform(), b: new MemoryPlatform() };
	const { missing, scales = true, ...rest } = more;
	const permissions = missing === undefined ? {} : { missingPermissions: async () => missing };
	const provider = new PlatformProvider<GroupConfig>({
		...{ service: 'api', config: { kind: 'test', name: 'a' }, scales },
		settings: () => ({ ...SUITE_SETTINGS, stuckMs: 60_000 }),
		open: ({ name }) => ({
			...{ ...(fakes[name] as MemoryPlatform).open(), identity: name, target: `group ${name}`, ...rest },
			...permissions,
		}),
	});
	const watcher = new TestingWatcher();
	const begin = () => {
		provider.watch(watcher);
		provider.setActive(true);
	};
	ends.push(() => provider.close());
	return { a: fakes['a'] as MemoryPlatform, b: fakes['b'] as MemoryPlatform, provider, watcher, begin };
}

test('credentials that are refused from the first are told at the first look', async () => {
	const { a, provider, watcher, begin } = made();
	a.expireCredentials();
	begin();
	await provider.firstLook;
	const [text = ''] = watcher.texts('provider_trouble');
	assert.match(
		text,
		/^group a does not answer: expired \(permission needed: memory:read\); nothing is known of it, and/,
	);
	assert.equal(provider.known, false);
	await until(() => provider.known);
	assert.equal(watcher.texts('provider_recovered').length, 1);
});

test('permissions that are missing are told at the beginning, once, and only where sizes are set', async () => {
	const { provider, watcher, begin } = made({ missing: ['patch scale', 'patch pods\u001b'] });
	begin();
	await provider.firstLook;
	await rest(150);
	const [text = '', ...more] = watcher.texts('permission_missing');
	assert.match(text, /^group a can be read, but not all .*\(permissions needed: patch scale, patch pods.*\)$/);
	assert.ok(!text.includes('\u001b'));
	assert.deepEqual([more, provider.permissionMissing], [[], true]);
	const free = made({ missing: [] });
	const follower = made({ missing: ['patch scale'], scales: false });
	for (const one of [free, follower]) {
		one.begin();
		await one.provider.firstLook;
		assert.deepEqual([one.watcher.events, one.provider.permissionMissing], [[], false]);
	}
});

test('behind a reload of the same group what was known holds until it is looked at anew', async () => {
	const { a, provider, watcher, begin } = made();
	begin();
	await until(() => watcher.ids('running').length === 3);
	a.silence(true);
	const sizes = new Set<number>();
	provider.apply({ kind: 'test', name: 'a' });
	for (let count = 0; count < 40; count++) {
		sizes.add(provider.desired);
		assert.deepEqual([provider.known, provider.group?.desired, watcher.ids('running').length], [true, 3, 3]);
		await rest(5);
	}
	assert.deepEqual([...sizes], [3]);
	// Asked for before it has answered: done once it has, from the size that it then has.
	a.silence(false);
	provider.resize(4);
	await until(() => watcher.ids('running').length === 4);
	assert.deepEqual([a.size(), a.changes, watcher.texts('resized_outside')], [4, ['4'], []]);
});

test('of another group nothing is known, and what was asked of the one before is not asked of it', async () => {
	const { a, b, provider, watcher, begin } = made();
	begin();
	await until(() => watcher.ids('running').length === 3);
	b.outsideResize(5);
	b.silence(true);
	a.lag(60_000);
	provider.resize(2);
	provider.apply({ kind: 'test', name: 'b' });
	assert.equal(provider.known, false);
	b.silence(false);
	await until(() => provider.known);
	await rest(100);
	assert.deepEqual([provider.desired, b.size(), b.changes, a.changes], [5, 5, [], []]);
});

test('reloads again and again, while sizes are asked for: never a size that nobody asked for', async () => {
	const { a, provider, watcher, begin } = made();
	begin();
	await until(() => watcher.ids('running').length === 3);
	for (let round = 0; round < 30; round++) {
		if (round % 3 === 0) provider.resize(round % 2 === 0 ? 5 : 4);
		if (round % 4 === 0) a.throttleNext(2);
		provider.apply({ kind: 'test', name: 'a' });
		for (const id of watcher.ids('leaving')) void provider.remove(id, Date.now() + 1000);
		assert.ok(provider.known && provider.desired >= 3 && provider.desired <= 5, `${provider.desired}`);
		assert.ok(a.size() >= 3 && a.size() <= 5, `${a.size()}`);
		await rest(round % 5);
	}
	await until(() => {
		provider.resize(4);
		for (const id of watcher.ids('leaving')) void provider.remove(id, Date.now() + 1000);
		return a.size() === 4 && watcher.ids('running').length === 4 && watcher.instances.size === 4;
	});
});
