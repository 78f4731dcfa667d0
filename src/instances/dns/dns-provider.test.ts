import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { DnsConfig } from '../config.ts';
import { TestingWatcher, until } from '../testing-watcher.ts';
import { DnsProvider } from './dns-provider.ts';
import { TestingDns, type Zone } from './testing-dns.ts';

async function watched(zone: Zone, changes: Partial<DnsConfig> = {}) {
	const dns = await TestingDns.start(zone);
	const config: DnsConfig = {
		kind: 'dns',
		name: 'api.example',
		port: 8080,
		tls: false,
		resolveMs: 50,
		family: 'any',
		resolver: dns.address,
		...changes,
	};
	const provider = new DnsProvider('api', config);
	const watcher = new TestingWatcher();
	provider.watch(watcher);
	const close = () => {
		provider.close();
		dns.close();
	};
	return { dns, config, provider, watcher, close };
}

test('A and AAAA become instances; a later answer adds and takes away', async () => {
	const { dns, provider, watcher, close } = await watched({ a: ['10.0.0.1', '10.0.0.2'], aaaa: ['fd00::1'] });
	await until(() => watcher.ids('running').length === 3);
	assert.deepEqual(watcher.ids('running'), ['api@10.0.0.1:8080', 'api@10.0.0.2:8080', 'api@[fd00::1]:8080']);
	dns.zone = { a: ['10.0.0.2', '10.0.0.3'] };
	await until(() => watcher.ids('leaving').length === 2);
	assert.deepEqual(watcher.ids('running'), ['api@10.0.0.2:8080', 'api@10.0.0.3:8080']);
	assert.deepEqual(watcher.ids('leaving'), ['api@10.0.0.1:8080', 'api@[fd00::1]:8080']);
	watcher.agreesWith(provider);
	close();
});

test('NXDOMAIN and SERVFAIL keep the last good addresses, with one event each and one when they end', async () => {
	const { dns, watcher, close } = await watched({ a: ['10.0.0.1'] });
	await until(() => watcher.ids('running').length === 1);
	dns.zone = 'nxdomain';
	await until(() => watcher.texts('dns_failed').length === 1);
	const { queries } = dns;
	await until(() => dns.queries > queries + 4);
	dns.zone = 'servfail';
	await until(() => watcher.texts('dns_failed').length === 2);
	assert.deepEqual(watcher.ids('running'), ['api@10.0.0.1:8080']);
	dns.zone = { a: ['10.0.0.1'] };
	await until(() => watcher.texts('dns_recovered').length === 1);
	assert.deepEqual(watcher.texts('dns_failed'), [
		'api.example could not be resolved: the name has no addresses; the last 1 known address is kept',
		'api.example could not be resolved: the resolver failed; the last 1 known address is kept',
	]);
	assert.deepEqual(watcher.texts('dns_recovered'), ['api.example resolves again: 1 address']);
	assert.deepEqual(watcher.changes, ['api@10.0.0.1:8080 running']);
	close();
});

test('a resolver that is silent is a time-out; when it wakes the addresses come', async () => {
	const { dns, watcher, close } = await watched('silent');
	await until(() => watcher.texts('dns_failed').length === 1);
	assert.match(watcher.texts('dns_failed')[0] as string, /did not answer in time; no address is known yet/);
	assert.equal(watcher.events[0]?.level, 'error');
	dns.zone = { a: ['10.0.0.9'] };
	await until(() => watcher.ids('running').length === 1);
	close();
});

test('records are not asked for again before their TTL, and `family` asks for one kind only', async () => {
	const { dns, watcher, close } = await watched(
		{ a: ['10.0.0.1'], aaaa: ['fd00::1'], ttl: 30 },
		{ family: 4, resolveMs: 20 },
	);
	await until(() => watcher.ids('running').length === 1);
	await new Promise((resolve) => setTimeout(resolve, 200));
	assert.equal(dns.queries, 1);
	assert.deepEqual(watcher.ids('running'), ['api@10.0.0.1:8080']);
	close();
});

test('a new configuration is looked up at once; an answer for the old one does not count', async () => {
	const { config, provider, watcher, close } = await watched({ a: ['10.0.0.1'] }, { resolveMs: 60_000 });
	const other = await TestingDns.start({ a: ['10.0.0.2'] });
	provider.apply({ ...config, resolver: other.address });
	await until(() => watcher.ids('running').length === 1);
	assert.deepEqual(watcher.ids('running'), ['api@10.0.0.2:8080']);
	provider.apply({ ...config, resolver: other.address, port: 9090 });
	assert.deepEqual(watcher.ids('running'), ['api@10.0.0.2:9090']);
	provider.retire();
	assert.deepEqual(watcher.ids('running'), []);
	other.close();
	close();
});

test('names that only the system knows are found by it', async () => {
	const { watcher, close } = await watched('nxdomain', { name: 'localhost', resolver: null, family: 4 });
	await until(() => watcher.ids('running').includes('api@127.0.0.1:8080'));
	close();
});
