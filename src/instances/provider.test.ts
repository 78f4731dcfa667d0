/** What every provider must do, run for each of them. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { DnsProvider } from './dns/dns-provider.ts';
import { TestingDns } from './dns/testing-dns.ts';
import { addressId, isResizable, isRestartable, learnsStartTimes, type Provider } from './provider.ts';
import { Processes } from './run/processes.ts';
import { RunProvider } from './run/run-provider.ts';
import { TestingHost } from './run/testing-host.ts';
import { TestingWatcher, until } from './testing-watcher.ts';
import { UrlsProvider } from './urls/urls-provider.ts';

interface Subject {
	/** Comes to two instances. */
	provider: Provider<never>;
	extensions: boolean;
	close(): Promise<void>;
}

const SUBJECTS: Record<string, () => Promise<Subject>> = {
	urls: async () => {
		const url = { port: 80, tls: false, weight: 1 };
		const urls = [
			{ ...url, host: 'a' },
			{ ...url, host: 'b' },
		];
		return { provider: new UrlsProvider('api', { kind: 'urls', urls }), extensions: false, close: async () => {} };
	},
	dns: async () => {
		const dns = await TestingDns.start({ a: ['10.0.0.1', '10.0.0.2'] });
		const config = { kind: 'dns', name: 'api.example', port: 80, tls: false, resolveMs: 50, family: 'any' } as const;
		const provider = new DnsProvider('api', { ...config, resolver: dns.address });
		return { provider, extensions: false, close: async () => dns.close() };
	},
	run: async () => {
		const host = new TestingHost();
		const provider = new RunProvider({
			service: 'api',
			config: {
				kind: 'run',
				command: [process.execPath, '-e', 'setInterval(() => {}, 1000)'],
				cwd: '/',
				env: {},
				secretEnv: [],
				user: null,
				graceMs: 1000,
				startMs: 5000,
				portEnv: 'PORT',
			},
			processes: new Processes(host),
			desired: 2,
		});
		return { provider, extensions: true, close: () => host.close() };
	},
};

for (const [kind, make] of Object.entries(SUBJECTS)) {
	test(`${kind}: a provider keeps the contract of the port`, async () => {
		const { provider, extensions, close } = await make();
		assert.equal(provider.kind, kind);
		for (const has of [isResizable, isRestartable, learnsStartTimes]) assert.equal(has(provider), extensions);

		const watcher = new TestingWatcher();
		provider.watch(watcher);
		provider.setActive(true);
		await until(() => watcher.ids('running').length === 2);
		watcher.agreesWith(provider);
		for (const instance of watcher.instances.values()) {
			assert.ok(instance.id.startsWith('api') && instance.port > 0 && instance.epoch > 0 && instance.weight === 1);
			provider.reached(instance.id, false, 'refused');
			provider.reached(instance.id, true, '');
		}
		provider.reached('nobody', true, '');
		await provider.remove('nobody', Date.now());
		assert.equal(watcher.ids('running').length, 2);

		provider.retire();
		assert.deepEqual([watcher.ids('leaving').length, watcher.ids('running').length], [2, 0]);
		watcher.agreesWith(provider);
		await Promise.all(watcher.ids('leaving').map((id) => provider.remove(id, Date.now() + 1000)));
		assert.equal(watcher.instances.size, 0);
		watcher.agreesWith(provider);
		await new Promise((resolve) => setTimeout(resolve, 80));
		assert.equal(watcher.instances.size, 0);

		provider.close();
		provider.close();
		await close();
	});
}

test('ids by address write IPv6 in brackets', () => {
	assert.equal(addressId('legacy', '10.0.0.5', 8080), 'legacy@10.0.0.5:8080');
	assert.equal(addressId('legacy', '::1', 80), 'legacy@[::1]:80');
});
