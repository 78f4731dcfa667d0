/** The fleet with local processes under load: nothing fails while instances come and go. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { atEnd } from '../core/testing/at-end.ts';
import { TestingHost } from '../instances/run/testing-host.ts';
import { until } from '../instances/testing-watcher.ts';
import { Fleet } from './fleet.ts';
import { api, config, looping, run, service, TCP, TestingSink } from './fleet-testing.ts';

function fleetOf(options: { host?: TestingHost; passive?: boolean } = {}) {
	const sink = new TestingSink();
	const host = options.host ?? new TestingHost();
	const fleet = new Fleet({ sink, host, passive: options.passive === true });
	atEnd(
		() => host.close(),
		() => fleet.stop(0),
	);
	return { fleet, sink, host };
}

function loadOn(sink: TestingSink, count: number, path?: string) {
	const load = looping(sink, count, path);
	atEnd(() => load.end());
	return load;
}

const videos = (changes: Parameters<typeof run>[0] = {}, min = 2, max = min) =>
	service('videos', run(changes), { scale: { min, max }, health: { ...TCP, kind: 'http' } });
const pids = (host: TestingHost) => host.list().map((process) => process.pid);
const ready = (fleet: Fleet) => fleet.ready()[0]?.ready;
const failures = (answers: Map<string, number>) =>
	[...answers].filter(([answer]) => !/^200 (slow )?videos-\d+$/.test(answer));

describe('a fleet of processes', { concurrency: 3 }, () => {
	test('min instances start and become ready, each with its line', async () => {
		const { fleet, sink, host } = fleetOf();
		await fleet.apply(config(videos()));
		await until(
			() => ready(fleet) === 2,
			() => sink.events,
		);
		const [one] = fleet.list();
		assert.equal(one?.pid, host.list()[0]?.pid);
		assert.match(sink.texts('started')[0] as string, /^videos-[12] started on 127\.0\.0\.1:\d+ \(pid \d+\)$/);
		assert.match(sink.texts('ready')[0] as string, /^videos-[12] ready after \d+\.\d s on 127\.0\.0\.1:\d+$/);
		const [readiness] = fleet.ready();
		assert.deepEqual(
			{ ...readiness, startTimeMs: 0, outliers: null, probes: null },
			{
				outliers: null,
				probes: null,
				sleeps: false,
				trouble: null,
				permissionMissing: false,
				service: 'videos',
				pool: 'main',
				ready: 2,
				total: 2,
				desired: 2,
				out: 0,
				drained: false,
				starting: 0,
				startMs: 5000,
				startTimeMs: 0,
			},
		);
		assert.ok((readiness?.startTimeMs as number) > 0);
		assert.deepEqual((fleet.snapshot() as { startTimes: Record<string, number[]> }).startTimes['videos']?.length, 2);
	});

	test('rolling restarts under looping clients lose nothing, slow requests included', async () => {
		const { fleet, sink, host } = fleetOf();
		await fleet.apply(config(videos()));
		await until(() => ready(fleet) === 2);
		const before = pids(host);
		const quick = loadOn(sink, 8);
		const slow = loadOn(sink, 4, '/slow');
		const lines: string[] = [];
		for (let round = 0; round < 2; round++)
			await fleet.orders.restart(round === 0 ? 'videos' : null, (line) => lines.push(line));
		assert.deepEqual(failures(await quick.end()), []);
		assert.deepEqual(failures(await slow.end()), []);
		assert.ok(pids(host).length === 2 && pids(host).every((pid) => !before.includes(pid)));
		assert.ok(
			host.signals.every((signal) => signal.endsWith('SIGTERM')),
			`${host.signals}`,
		);
		// Order: ready → the old drains → the workers let it go → SIGTERM.
		const first = lines.slice(0, 5).map((line) => line.replace(/videos-/g, '').replace(/ (after|on|\().*/, ''));
		assert.deepEqual(first, ['3 started', '3 ready', '1 draining: replaced by 3', '1 removed', '1 started']);
		assert.equal(sink.known.size, 2);
	});

	test('kill -9: out at once, replaced at once; only requests in flight fail', async () => {
		const { fleet, sink, host } = fleetOf();
		await fleet.apply(config(videos()));
		await until(() => ready(fleet) === 2);
		host.kill('videos-1', 'SIGKILL');
		await until(() => sink.calls.includes('down videos-1'));
		await until(() => ready(fleet) === 2);
		const one = fleet.list().find((view) => view.id === 'videos-1');
		assert.equal(one?.restarts, 1);
		assert.match(sink.texts('exited')[0] as string, /^videos-1 was killed by SIGKILL, restarting at once$/);
		assert.equal(sink.known.size, 2);
		assert.equal(sink.known.get(one?.slot as number)?.port, one?.port);
	});

	test('scale out, in and to none; the size outlives a reload and is handed on', async () => {
		const { fleet, sink, host } = fleetOf();
		await fleet.apply(config(videos()));
		fleet.orders.scale('videos', 3);
		await until(() => ready(fleet) === 3);
		const load = loadOn(sink, 6);
		await fleet.apply(config(videos()));
		fleet.orders.scale('videos', 1);
		await until(() => fleet.list().length === 1);
		assert.deepEqual(failures(await load.end()), []);
		assert.deepEqual((fleet.snapshot() as { scale: object }).scale, { videos: 1 });
		assert.deepEqual(sink.texts('scaled'), [
			'videos: the number of instances is set to 3 (before: 2)',
			'videos: the number of instances is set to 1 (before: 3)',
		]);
		fleet.orders.scale('videos', 0);
		await until(() => host.list().length === 0 && sink.known.size === 0);
		await fleet.apply(config(videos({}, 1, 5)));
		await until(() => ready(fleet) === 1);
	});

	test('a size by hand outside of `scale` starts nothing, and is told what to do', async () => {
		const { fleet, host } = fleetOf();
		await fleet.apply(config(videos({}, 1, 4)));
		await until(() => ready(fleet) === 1);
		assert.throws(() => fleet.orders.scale('videos', 100), {
			code: 'bad_command',
			message:
				'videos cannot have 100 instances: `scale` keeps it from 1 to 4; change `max` there and `ballast reload`, then scale',
		});
		assert.deepEqual([host.list().length, fleet.list().length], [1, 1]);
		assert.deepEqual((fleet.snapshot() as { scale: object }).scale, {});
		fleet.orders.scale('videos', 4);
		await until(() => ready(fleet) === 4);
	});

	test('names stay within one more than there are instances, whatever replaces them', async () => {
		const { fleet, host } = fleetOf();
		const names = () => fleet.list().map(({ id }) => id.replace('videos-', ''));
		const seen = new Set<string>();
		const look = setInterval(() => names().forEach((name) => void seen.add(name)), 1);
		await fleet.apply(config(videos({}, 3)));
		await fleet.orders.settled('videos', () => {});
		assert.deepEqual(names(), ['1', '2', '3']);
		for (let release = 1; release <= 2; release++) await fleet.orders.restart('videos', () => {});
		host.kill(`videos-${names()[0]}`, 'SIGKILL');
		await until(() => ready(fleet) === 3);
		await fleet.orders.restart('videos', () => {});
		assert.deepEqual([...seen].sort(), ['1', '2', '3', '4']);
		assert.equal(new Set(names()).size, 3);
		fleet.orders.scale('videos', 5);
		await fleet.orders.settled('videos', () => {});
		clearInterval(look);
		assert.deepEqual(names().sort(), ['1', '2', '3', '4', '5']);
	});

	test('settled: all that are wanted were ready and the others are gone, or why one is not', async () => {
		const { fleet, sink, host } = fleetOf();
		const lines: string[] = [];
		await fleet.apply(config(videos()));
		await fleet.orders.settled('videos', () => {});
		assert.equal(ready(fleet), 2);
		fleet.orders.scale('videos', 4);
		const both = [fleet.orders.settled('videos', (line) => lines.push(line)), fleet.orders.settled('videos', () => {})];
		await Promise.all(both);
		assert.equal(ready(fleet), 4);
		assert.ok(
			lines.some((line) => line.startsWith('videos-4 ready after')),
			lines.join('\n'),
		);
		const slow = sink.request(0, '/slow');
		fleet.orders.scale('videos', 1);
		await fleet.orders.settled('videos', () => {});
		assert.deepEqual([host.list().length, fleet.list().length], [1, 1]);
		assert.match(await slow, /^200 slow/);
		// What is asked for meanwhile is waited for too.
		fleet.orders.scale('videos', 2);
		const settled = fleet.orders.settled('videos', () => {});
		fleet.orders.scale('videos', 3);
		await settled;
		assert.equal(ready(fleet), 3);
		await assert.rejects(
			fleet.orders.settled('other', () => {}),
			{ code: 'unknown_service' },
		);
		await fleet.apply(config(videos(), service('bad', run({ code: `console.error('Error: no'); process.exit(1)` }))));
		await assert.rejects(
			fleet.orders.settled('bad', () => {}),
			{ code: 'start_failed', message: /^bad: not all of the 1 became ready: .*exited with code 1.*Error: no/ },
		);
	});

	test('a reload with a changed command rolls without a loss; a broken one keeps the old and says why', async () => {
		const { fleet, sink, host } = fleetOf();
		await fleet.apply(config(videos()));
		await until(() => ready(fleet) === 2);
		const load = loadOn(sink, 6);
		await fleet.apply(config(videos({ env: { RELEASE: '2' } })));
		await until(
			() => sink.texts('rolled').length === 1,
			() => sink.events,
		);
		const good = pids(host);
		await fleet.apply(config(videos({ code: `console.error('Error: no such table'); process.exit(1)` })));
		await until(() => sink.texts('roll_failed').length === 1);
		await until(() => host.list().length === 2 && fleet.list().length === 2);
		assert.deepEqual(pids(host), good);
		assert.match(sink.texts('roll_failed')[0] as string, /the old instances stay: .*it printed: Error: no such table/);
		await assert.rejects(
			fleet.orders.restart('videos', () => {}),
			{ code: 'start_failed' },
		);
		assert.deepEqual(failures(await load.end()), []);
		assert.ok(host.specs.some((spec) => spec.env['RELEASE'] === '2'));
	});

	test('an instance that is up but not healthy never serves, and the report names its probe', async () => {
		const { fleet, sink } = fleetOf();
		const health = { ...TCP, kind: 'http' as const, path: '/', statuses: [[204, 204]] as [number, number][] };
		await fleet.apply(config(service('videos', run({ startMs: 1500 }), { health })));
		await until(() => fleet.list()[0]?.note === 'its probe failed: GET / answered 200');
		assert.equal(fleet.list()[0]?.state, 'starting');
		const report = /not ready within 1\.5 s \(last its probe failed: GET \/ answered 200\)/;
		await until(
			() => sink.texts('start_timeout').some((text) => report.test(text)),
			() => sink.events,
		);
		assert.equal(sink.calls.filter((call) => call.startsWith('ready')).length, 0);
	});

	test('stop drains, ends all in order within its grace, and kills what does not end', async () => {
		const { fleet, sink, host } = fleetOf();
		const stubborn = videos({ code: api(`process.removeAllListeners('SIGTERM').on('SIGTERM', () => {})`) }, 1);
		await fleet.apply(config(videos(), { ...stubborn, name: 'stubborn' }));
		await until(
			() => fleet.ready().every((each) => each.ready === each.desired),
			() => sink.events,
		);
		const slow = sink.request(0, '/slow');
		const began = Date.now();
		await fleet.stop(800);
		const tookMs = Date.now() - began;
		assert.match(await slow, /^200 slow/);
		assert.equal(host.list().length, 0);
		assert.ok(tookMs < 6000, `took ${tookMs} ms`);
		assert.deepEqual(
			host.signals.filter((signal) => signal.endsWith('KILL')),
			['stubborn-1 SIGKILL'],
		);
		assert.equal(sink.known.size, 0);
		assert.throws(() => fleet.orders.scale('videos', 1), { code: 'command_failed' });
	});

	test('requests that take longer than the grace do not hold a removal up', async () => {
		const { fleet, sink } = fleetOf();
		await fleet.apply(config(videos({ graceMs: 300, code: api(`setInterval(() => {}, 1000)`) })));
		await until(() => ready(fleet) === 2);
		for (const slot of sink.pickable()) sink.board.addInFlight(slot, 0, 1);
		fleet.orders.scale('videos', 1);
		await until(() => fleet.list().length === 1);
		assert.match(
			sink.texts('grace_over')[0] as string,
			/videos-2: 1 in flight at the end of its grace period of 0\.3 s/,
		);
	});

	test('a removed service drains and ends; what belongs to nobody in a new core is ended too', async () => {
		const { fleet, host } = fleetOf();
		await fleet.apply(config(videos()));
		await until(() => ready(fleet) === 2);
		fleet.deactivate();
		const next = fleetOf({ host });
		await next.fleet.apply(config(service('other', null)));
		await until(() => host.list().length === 0);
		assert.equal(next.sink.texts('orphan').length, 2);
	});

	test('upgrade: the passive core learns, probes and serves; it acts only once it leads', async () => {
		const old = fleetOf();
		await old.fleet.apply(config(videos()));
		await until(() => ready(old.fleet) === 2);
		const before = pids(old.host);
		const next = fleetOf({ host: old.host, passive: true });
		next.fleet.adopt(JSON.parse(JSON.stringify(old.fleet.snapshot())));
		await next.fleet.apply(config(videos({ env: { RELEASE: '2' } })));
		await until(() => ready(next.fleet) === 2);
		assert.throws(() => next.fleet.orders.scale('videos', 5), { code: 'command_failed' });
		const loads = [loadOn(old.sink, 3), loadOn(next.sink, 3)];
		old.host.kill('videos-1', 'SIGKILL');
		await until(() => old.host.specs.length === 3 && ready(old.fleet) === 2);
		await until(
			() => next.fleet.list().every((view) => pids(old.host).includes(view.pid as number)) && ready(next.fleet) === 2,
		);
		await loads[0]?.end();
		await loads[1]?.end();

		const load = loadOn(next.sink, 6);
		old.fleet.deactivate();
		next.fleet.activate();
		await until(
			() => next.sink.texts('rolled').length === 1,
			() => next.sink.events,
		);
		assert.deepEqual(failures(await load.end()), []);
		assert.ok(pids(old.host).every((pid) => !before.includes(pid)));
		assert.deepEqual(next.sink.texts('started').length, 2);
		await until(() => old.fleet.list().every((view) => pids(old.host).includes(view.pid as number)));
	});

	test('a core that died: the next one takes the processes over and probes them before it trusts them', async () => {
		const old = fleetOf();
		await old.fleet.apply(config(videos()));
		await until(() => ready(old.fleet) === 2);
		const before = pids(old.host);
		old.fleet.deactivate();
		const next = fleetOf({ host: old.host });
		await next.fleet.apply(config(videos()));
		assert.deepEqual(
			next.fleet.list().map((view) => view.state),
			['starting', 'starting'],
		);
		await until(() => ready(next.fleet) === 2);
		assert.deepEqual(pids(old.host), before);
		assert.match(next.sink.texts('adopted')[0] as string, /^videos-1 taken over on 127\.0\.0\.1:\d+ \(pid \d+\)$/);
		assert.match(next.sink.texts('ready')[0] as string, /^videos-\d ready on/);
	});
});
