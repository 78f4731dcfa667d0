import assert from 'node:assert/strict';
import { createServer } from 'node:net';
import { describe, test } from 'node:test';
import { atEnd } from '../../core/testing/at-end.ts';
import type { RunConfig } from '../config.ts';
import type { ProvidedInstance } from '../provider.ts';
import { until } from '../testing-watcher.ts';
import { Processes } from './processes.ts';
import { RunProvider } from './run-provider.ts';
import { TestingHost } from './testing-host.ts';
import { runConfig, SERVER, Tending } from './testing-run.ts';

function start(config: RunConfig, desired: number, host = new TestingHost(), active = true) {
	const provider = new RunProvider({ service: 'api', config, processes: new Processes(host), desired });
	const watcher = new Tending();
	watcher.provider = provider;
	provider.watch(watcher);
	provider.setActive(active);
	const close = () => {
		watcher.closed = true;
		provider.close();
	};
	atEnd(async () => {
		close();
		await host.close();
	});
	return { provider, watcher, host, close };
}

describe('instances that are processes', { concurrency: 3 }, () => {
	test('the desired number runs, each on a port of its own, and what starts take is learned', async () => {
		const { provider, watcher, host } = start(runConfig(SERVER, { env: { MODE: 'fast' } }), 3);
		await until(
			() => provider.startTimes.length === 3,
			() => watcher.events,
		);
		assert.deepEqual(watcher.ids('running'), ['api-1', 'api-2', 'api-3']);
		assert.equal(new Set([...watcher.instances.values()].map((instance) => instance.port)).size, 3);
		assert.ok((provider.startTimeMs as number) > 0);
		const spec = host.specs[0];
		assert.equal(spec?.env['PORT'], spec?.labels['port']);
		assert.deepEqual(
			[spec?.env['BALLAST_INSTANCE'], spec?.env['MODE'], spec?.labels['service']],
			['api-1', 'fast', 'api'],
		);
		watcher.agreesWith(provider);
	});

	test('resize starts what is missing and lets the youngest go, in order', async () => {
		const { provider, watcher, host } = start(runConfig(SERVER), 1);
		provider.resize(3);
		await until(() => provider.startTimes.length === 3);
		provider.resize(1);
		await until(() => watcher.instances.size === 1);
		assert.deepEqual(watcher.ids('running'), ['api-1']);
		assert.deepEqual(host.signals.sort(), ['api-2 SIGTERM', 'api-3 SIGTERM']);
		provider.resize(0);
		await until(() => watcher.instances.size === 0);
		assert.equal(host.list().length, 0);
	});

	test('a killed instance is replaced at once, under the same id', async () => {
		const { provider, watcher, host } = start(runConfig(SERVER), 1);
		await until(() => provider.startTimes.length === 1);
		host.kill('api-1', 'SIGKILL');
		await until(() => provider.startTimes.length === 2);
		assert.equal(watcher.instances.get('api-1')?.restarts, 1);
		assert.deepEqual(watcher.texts('exited'), ['api-1 was killed by SIGKILL, restarting at once']);
	});

	test('a crash loop: restarts back off, and the report says what it printed, without its secrets', async () => {
		const code = `console.error('Error: token ' + process.env.TOKEN + ' is not valid'); process.exit(3)`;
		const config = runConfig(code, { env: { TOKEN: 'tok-secret' }, secretEnv: ['TOKEN'] });
		const { watcher, host } = start(config, 1);
		await until(
			() => watcher.texts('crash_loop').length === 1,
			() => watcher.events,
		);
		const exits = watcher.texts('exited');
		assert.equal(exits[0], 'api-1 exited with code 3, restarting at once: Error: token ••• is not valid');
		assert.match(exits[1] as string, /restarting in 0\.[456] s/);
		assert.match(
			watcher.texts('crash_loop')[0] as string,
			/keeps failing: 5 times within 60 s.*exited with code 3; it printed: Error: token •••/,
		);
		assert.equal(watcher.events.find((event) => event.kind === 'crash_loop')?.level, 'error');
		assert.ok(!JSON.stringify(watcher.events).includes('tok-secret'));
		assert.equal(host.specs.length, 5);
	});

	test('one that is not ready in time is stopped, reported with its last probe, and tried again', async () => {
		const { watcher, host } = start(
			runConfig(`console.log('waiting for godot'); setInterval(() => {}, 1000)`, { startMs: 1500 }),
			1,
		);
		await until(
			() => watcher.texts('start_timeout').length === 2,
			() => watcher.events,
		);
		assert.match(
			watcher.texts('start_timeout')[0] as string,
			/api-1 was not ready within 1\.5 s \(last its probe failed: the connection was refused\) and is stopped: it must listen on the port that PORT names \(\d+\); it printed: waiting for godot/,
		);
		assert.match(
			watcher.texts('exited')[0] as string,
			/was not ready within .* and was killed by SIGTERM, restarting at once/,
		);
		assert.equal(host.specs.length, 2);
	});

	test('a command that cannot be started says which and why, and is tried again', async () => {
		const { watcher } = start(runConfig('', { command: ['/nowhere/api', '--port'] }), 1);
		await until(() => watcher.texts('exited').length === 2);
		assert.match(
			watcher.texts('exited')[0] as string,
			/api-1 could not be started \(\/nowhere\/api: .*ENOENT\), restarting at once/,
		);
	});

	test('a command that could never be started is told loudly, once for all instances; another command anew', async () => {
		const { provider, watcher } = start(runConfig('', { command: ['/nowhere/api'] }), 2);
		await until(() => watcher.texts('exited').length >= 4);
		assert.equal(watcher.texts('cannot_start').length, 1);
		assert.match(
			watcher.texts('cannot_start')[0] as string,
			/^the command cannot be started: \/nowhere\/api: .*ENOENT/,
		);
		provider.apply(runConfig('', { command: ['sh', '-c', 'echo words; exec /nowhere/other'] }));
		await until(() => watcher.texts('cannot_start').length === 2);
		assert.match(
			watcher.texts('cannot_start')[1] as string,
			/^the command cannot be started: sh exited with code 127; it printed: words \| .*\/nowhere\/other/,
		);
	});

	test('what has run before is not called hopeless when its command is gone', async () => {
		const code = `${SERVER}; setTimeout(() => process.exit(127), 100)`;
		const { watcher } = start(runConfig(code), 1);
		await until(() => watcher.texts('exited').length === 2);
		assert.match(watcher.texts('exited')[0] as string, /exited with code 127/);
		assert.deepEqual(watcher.texts('cannot_start'), []);
	});

	test('when another program has the port in the meantime, another one is tried at once', async () => {
		const host = new TestingHost();
		const spawn = host.spawn.bind(host);
		const thief = createServer();
		let stolen = 0;
		host.spawn = async (spec) => {
			if (stolen === 0) {
				stolen = Number(spec.env['PORT']);
				await new Promise<void>((resolve) => thief.listen(stolen, '127.0.0.1', resolve));
			}
			return spawn(spec);
		};
		const code = SERVER.replace('.listen', `.on('error', (e) => { console.error(String(e)); process.exit(1) }).listen`);
		const { provider, watcher } = start(runConfig(code), 1, host);
		// The thief answers the knock, so the first life looks ready unless it ended before.
		provider.reached = () => {};
		await until(
			() => watcher.texts('port_retry').length === 1,
			() => watcher.events,
		);
		await until(() => watcher.ids('running').length === 1 && watcher.instances.get('api-1')?.port !== stolen);
		assert.deepEqual(watcher.texts('exited'), []);
		thief.close();
	});

	test('SIGTERM that is ignored is followed by SIGKILL at the deadline', async () => {
		const { provider, watcher, host } = start(runConfig(`process.on('SIGTERM', () => {}); ${SERVER}`), 1);
		await until(() => provider.startTimes.length === 1);
		const began = Date.now();
		watcher.provider = null;
		const ended = provider.remove('api-1', began + 300);
		await ended;
		assert.ok(Date.now() - began >= 290);
		assert.deepEqual(host.signals, ['api-1 SIGTERM', 'api-1 SIGKILL']);
	});

	test('restart replaces one by one: no old one goes before its successor is ready', async () => {
		const { provider, watcher, host } = start(runConfig(SERVER), 2);
		await until(() => provider.startTimes.length === 2);
		const pids = host.list().map((process) => process.pid);
		let least = 2;
		let most = 2;
		const look = setInterval(() => {
			least = Math.min(least, watcher.ids('running').length);
			most = Math.max(most, host.list().length);
		}, 1);
		await provider.restart();
		clearInterval(look);
		assert.equal(host.list().length, 2);
		assert.ok(host.list().every((process) => !pids.includes(process.pid)));
		assert.ok(least >= 2, `only ${least} were there`);
		assert.equal(most, 3);
		assert.match(watcher.texts('rolled')[0] as string, /api: 2 instances were replaced in/);
	});

	test('a changed command rolls; one whose successor never becomes ready stops and keeps the old', async () => {
		const { provider, watcher, host } = start(runConfig(SERVER), 2);
		await until(() => provider.startTimes.length === 2);
		const pids = host.list().map((process) => process.pid);
		provider.apply(runConfig(`console.error('Error: new and broken'); process.exit(1)`));
		await until(
			() => watcher.texts('roll_failed').length === 1 && watcher.instances.size === 2,
			() => watcher.events,
		);
		assert.match(
			watcher.texts('roll_failed')[0] as string,
			/the old instances stay: api-3 exited with code 1, 3 times in a row; it printed: Error: new and broken/,
		);
		assert.deepEqual(
			host.list().map((process) => process.pid),
			pids,
		);
		await assert.rejects(provider.restart(), { code: 'start_failed' });
		provider.apply(runConfig('', { command: ['/nowhere/api'] }));
		await until(() => watcher.texts('roll_failed').length === 3);
		assert.match(watcher.texts('roll_failed')[2] as string, /could not be started: \/nowhere\/api/);
		provider.apply(runConfig(`/* good again */ ${SERVER}`));
		await until(
			() => watcher.texts('rolled').length === 1,
			() => watcher.events,
		);
		assert.ok(host.list().every((process) => !pids.includes(process.pid)));
		assert.equal(host.list().length, 2);
	});

	test('what is applied while a roll waits for a broken successor is what it goes on with', async () => {
		const { provider, watcher, host } = start(runConfig(SERVER), 2);
		await until(() => provider.startTimes.length === 2);
		const pids = host.list().map((process) => process.pid);
		provider.apply(runConfig('setInterval(() => {}, 1000)'));
		await until(() => host.specs.length === 3);
		provider.apply(runConfig(`/* good again */ ${SERVER}`));
		await until(
			() => watcher.texts('rolled').length === 1,
			() => watcher.events,
		);
		assert.deepEqual(watcher.texts('roll_failed'), []);
		assert.ok(host.list().every((process) => !pids.includes(process.pid)));
		assert.ok(host.list().every(({ labels }) => labels['hash'] === host.specs.at(-1)?.labels['hash']));
		assert.equal(host.list().length, 2);
	});

	test('a changed grace alone replaces nothing', async () => {
		const { provider, host } = start(runConfig(SERVER), 1);
		await until(() => provider.startTimes.length === 1);
		provider.apply(runConfig(SERVER, { graceMs: 10, startMs: 9000 }));
		await new Promise((resolve) => setTimeout(resolve, 100));
		assert.equal(host.specs.length, 1);
	});

	test('adoption: what runs already is taken over and not started again, also what is outdated or too many', async () => {
		const first = start(runConfig(SERVER), 3);
		await until(() => first.provider.startTimes.length === 3);
		const pids = new Map(first.host.list().map((process) => [process.id, process.pid]));
		first.close();
		const second = start(runConfig(SERVER), 2, first.host, false);
		assert.deepEqual(second.watcher.ids('running'), ['api-1', 'api-2', 'api-3']);
		second.provider.setActive(true);
		await until(() => second.watcher.instances.size === 2);
		assert.equal(second.host.specs.length, 3);
		for (const { id, pid } of second.host.list()) assert.equal(pids.get(id), pid);
		second.close();
		const third = start(runConfig(`/* newer */ ${SERVER}`), 2, first.host);
		await until(
			() => third.watcher.texts('rolled').length === 1,
			() => third.watcher.events,
		);
		assert.ok(third.host.list().every((process) => ![...pids.values()].includes(process.pid)));
	});

	test('an adopted instance of an older configuration that ends is started from the present one', async () => {
		const first = start(runConfig(SERVER), 1);
		await until(() => first.provider.startTimes.length === 1);
		first.close();
		const second = start(runConfig(`/* newer */ ${SERVER}`), 1, first.host, false);
		second.provider.setActive(true);
		first.host.kill('api-1', 'SIGKILL');
		await until(() => second.watcher.texts('rolled').length + second.watcher.texts('exited').length >= 1);
		await until(() => second.host.list().length === 1 && second.watcher.ids('running').length === 1);
		assert.ok(second.host.list().every((process) => process.labels['hash'] !== second.host.specs[0]?.labels['hash']));
	});

	test('passive: nothing is started, stopped or restarted; starts and ends by others are noticed', async () => {
		const leader = start(runConfig(SERVER), 2);
		await until(() => leader.provider.startTimes.length === 2);
		const mirror = start(runConfig(`/* other */ ${SERVER}`), 5, leader.host, false);
		assert.deepEqual(mirror.watcher.ids('running'), ['api-1', 'api-2']);
		leader.provider.resize(3);
		await until(() => mirror.watcher.ids('running').length === 3);
		const { pid } = mirror.watcher.instances.get('api-1') as ProvidedInstance;
		leader.host.kill('api-1', 'SIGKILL');
		await until(() => mirror.watcher.instances.get('api-1')?.pid !== pid);
		await until(() => mirror.watcher.ids('running').length === 3);
		mirror.provider.retire();
		assert.equal(mirror.watcher.instances.size, 0);
		assert.equal(leader.host.specs.length, 4);
		assert.deepEqual(leader.host.signals, []);
	});

	test('a leader that steps back in the middle of a roll stops nothing more', async () => {
		const { provider, watcher, host } = start(runConfig(SERVER), 2);
		await until(() => provider.startTimes.length === 2);
		const restarted = provider.restart();
		await until(() => host.list().length === 3);
		// Nobody goes on with it: whoever asked must not take it for done.
		const cut = assert.rejects(restarted, /api: the restart was cut off: another core leads now/);
		provider.setActive(false);
		await cut;
		await new Promise((resolve) => setTimeout(resolve, 100));
		assert.equal(host.list().length, 3);
		assert.deepEqual(host.signals, []);
		await until(() => watcher.ids('running').length === 3);
		provider.setActive(true);
		await until(() => watcher.instances.size === 2 && host.list().length === 2);
	});
});
