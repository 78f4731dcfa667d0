import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { UrlInstance, UrlsConfig } from '../config.ts';
import { TestingWatcher } from '../testing-watcher.ts';
import { UrlsProvider } from './urls-provider.ts';

const url = (host: string, changes: Partial<UrlInstance> = {}): UrlInstance => ({
	host,
	port: 80,
	tls: false,
	weight: 1,
	...changes,
});
const config = (...urls: UrlInstance[]): UrlsConfig => ({ kind: 'urls', urls });

function watched(...urls: UrlInstance[]): { provider: UrlsProvider; watcher: TestingWatcher } {
	const provider = new UrlsProvider('api', config(...urls));
	const watcher = new TestingWatcher();
	provider.watch(watcher);
	return { provider, watcher };
}

test('every address is an instance with an id of its own, stable over changes', () => {
	const { provider, watcher } = watched(
		url('10.0.0.5', { port: 8080, weight: 2 }),
		url('::1', { port: 443, tls: true }),
	);
	assert.deepEqual(watcher.ids('running'), ['api@10.0.0.5:8080', 'api@[::1]:443']);
	assert.equal(watcher.instances.get('api@10.0.0.5:8080')?.weight, 2);
	provider.apply(config(url('::1', { port: 443, tls: true }), url('10.0.0.5', { port: 8080, weight: 2 })));
	assert.equal(watcher.changes.length, 2);
	watcher.agreesWith(provider);
});

test('a changed list: new ones join before missing ones leave; a removed one is gone, a kept one untouched', async () => {
	const { provider, watcher } = watched(url('a'), url('b'));
	provider.apply(config(url('b'), url('c')));
	assert.deepEqual(watcher.changes.slice(2), ['api@c:80 running', 'api@a:80 leaving']);
	await provider.remove('api@a:80');
	assert.deepEqual(watcher.changes.slice(4), ['api@a:80 gone']);
	watcher.agreesWith(provider);
});

test('an address that comes back while it leaves runs on, and after its removal it is a new one', async () => {
	const { provider, watcher } = watched(url('a'), url('b'));
	provider.apply(config(url('b')));
	provider.apply(config(url('a'), url('b')));
	assert.deepEqual(watcher.ids('running'), ['api@a:80', 'api@b:80']);
	provider.apply(config(url('b')));
	await provider.remove('api@a:80');
	provider.apply(config(url('a'), url('b')));
	assert.deepEqual(watcher.ids('running'), ['api@a:80', 'api@b:80']);
	watcher.agreesWith(provider);
});

test('weights change in place; a change of TLS is a new life once the old one is gone', async () => {
	const { provider, watcher } = watched(url('a'));
	provider.apply(config(url('a', { weight: 3 })));
	assert.equal(watcher.instances.get('api@a:80')?.weight, 3);
	provider.apply(config(url('a', { tls: true })));
	assert.deepEqual(watcher.ids('leaving'), ['api@a:80']);
	await provider.remove('api@a:80');
	assert.deepEqual(watcher.changes.slice(-2), ['api@a:80 gone', 'api@a:80 running']);
	assert.equal(watcher.instances.get('api@a:80')?.tls, true);
	watcher.agreesWith(provider);
});
