import assert from 'node:assert/strict';
import { afterEach, test } from 'node:test';
import type { InstanceSize, RunConfig } from '../config.ts';
import { until } from '../testing-watcher.ts';
import { instanceEnvironment } from './environment.ts';
import { Processes } from './processes.ts';
import { RunProvider } from './run-provider.ts';
import type { ProcessSizes } from './sizes/process-sizes.ts';
import { TestingHost } from './testing-host.ts';
import { runConfig, SERVER, Tending } from './testing-run.ts';

const MIB = 1_048_576;

/** Notes what it is to give, and says what it is told to. */
class NotedSizes implements ProcessSizes {
	readonly kind = 'notes';
	readonly holds = { cpu: true, memory: false };
	/** As `api-1 0.5 134217728`. */
	readonly given: string[] = [];
	failure: string | null = null;
	outOfMemory = false;

	give(id: string, pid: number, { cpu, memoryBytes }: InstanceSize): string | null {
		assert.ok(pid > 1);
		this.given.push(`${id} ${cpu} ${memoryBytes}`);
		return this.failure;
	}

	ended(): boolean {
		return this.outOfMemory;
	}
}

const closing: (() => Promise<void>)[] = [];

afterEach(async () => {
	for (const close of closing.splice(0)) await close();
});

const sized = (cpu: number | null, memoryBytes: number | null): RunConfig =>
	runConfig(SERVER, { size: { cpu, memoryBytes } });

async function start(config: RunConfig, sizes = new NotedSizes(), host = new TestingHost()) {
	const provider = new RunProvider({ service: 'api', config, processes: new Processes(host), desired: 1, sizes });
	const watcher = new Tending();
	watcher.provider = provider;
	provider.watch(watcher);
	provider.setActive(true);
	const close = (): void => {
		watcher.closed = true;
		provider.close();
	};
	closing.push(async () => {
		close();
		await host.close();
	});
	await until(() => watcher.ids('running').length === 1);
	return { provider, watcher, sizes, host, close };
}

const pidsOf = (host: TestingHost): number[] => host.list().map(({ pid }) => pid);

test('the size is given to each process as it starts, and what holds it is said once', async () => {
	const { provider, watcher, sizes, host } = await start(sized(0.5, null));
	await until(() => provider.startTimes.length === 1);
	host.kill('api-1', 'SIGKILL');
	await until(() => provider.startTimes.length === 2);
	assert.deepEqual(sizes.given, ['api-1 0.5 null', 'api-1 0.5 null']);
	assert.deepEqual(watcher.texts('size'), [
		'api: instances are held to their size by notes; memory is not bounded, for want of cgroups',
	]);
});

test('CPU changes as the process runs; without a bound it is let go once', async () => {
	const { provider, sizes, host } = await start(sized(0.5, null));
	await until(() => provider.startTimes.length === 1);
	const pids = pidsOf(host);
	provider.apply(sized(2, null));
	provider.apply(sized(null, null));
	provider.apply(runConfig(SERVER, { size: { cpu: null, memoryBytes: null }, graceMs: 1000 }));
	assert.deepEqual(sizes.given, ['api-1 0.5 null', 'api-1 2 null', 'api-1 null null']);
	assert.deepEqual(pidsOf(host), pids);
	assert.equal(host.specs.length, 1);
});

test('memory changes by replacing one after the other, and the heap of Node.js with it', async () => {
	const { provider, watcher, sizes, host } = await start(sized(1, 128 * MIB));
	await until(() => provider.startTimes.length === 1);
	const [pid] = pidsOf(host);
	provider.apply(sized(1, 256 * MIB));
	await until(() => watcher.texts('rolled').length === 1);
	assert.equal(host.list().length, 1);
	assert.notEqual(pidsOf(host)[0], pid);
	assert.deepEqual(sizes.given, [`api-1 1 ${128 * MIB}`, `api-2 1 ${256 * MIB}`]);
	assert.deepEqual(
		host.specs.map(({ env }) => env['NODE_OPTIONS']?.split(' ').at(-1)),
		['--max-old-space-size=96', '--max-old-space-size=192'],
	);
});

test('one that ends for want of memory is told of, and started again', async () => {
	const { provider, watcher, sizes, host } = await start(sized(null, 128 * MIB));
	await until(() => provider.startTimes.length === 1);
	sizes.outOfMemory = true;
	host.kill('api-1', 'SIGKILL');
	await until(() => provider.startTimes.length === 2);
	assert.deepEqual(watcher.texts('out_of_memory'), ['api-1 needed more than the 128MiB of memory that it is given']);
	assert.deepEqual(watcher.texts('exited'), [
		'api-1 was killed by SIGKILL for want of memory (128MiB), restarting at once',
	]);
});

test('a size that cannot be given is told once for each reason, and the instance runs', async () => {
	const sizes = new NotedSizes();
	sizes.failure = 'no such group';
	const { provider, watcher } = await start(sized(0.5, null), sizes);
	await until(() => provider.startTimes.length === 1);
	provider.apply(sized(0.6, null));
	provider.apply(sized(0.7, null));
	assert.deepEqual(watcher.texts('size').slice(1), ['api-1: no such group']);
	assert.deepEqual(watcher.ids('running'), ['api-1']);
});

test('one that is taken over from another core has its size given anew', async () => {
	const first = await start(sized(0.5, null));
	await until(() => first.provider.startTimes.length === 1);
	first.close();
	const second = await start(sized(0.5, null), new NotedSizes(), first.host);
	assert.deepEqual(second.sizes.given, ['api-1 0.5 null']);
	assert.equal(first.host.specs.length, 1);
});

test('the heap of Node.js: three quarters of the memory, unless somebody said otherwise', () => {
	const optionsOf = (config: Partial<RunConfig>, inherited?: string): string | undefined =>
		instanceEnvironment(
			runConfig('', config),
			{ id: 'api-1', port: 1 },
			inherited === undefined ? {} : { NODE_OPTIONS: inherited },
		)['NODE_OPTIONS'];
	const size = { cpu: null, memoryBytes: 100 * MIB };
	assert.equal(optionsOf({}), undefined);
	assert.equal(optionsOf({ size: { cpu: 1, memoryBytes: null } }), undefined);
	assert.equal(optionsOf({ size }), '--max-old-space-size=75');
	assert.equal(optionsOf({ size }, '--enable-source-maps'), '--enable-source-maps --max-old-space-size=75');
	assert.equal(
		optionsOf({ size, env: { NODE_OPTIONS: '--no-warnings' } }, '--x'),
		'--no-warnings --max-old-space-size=75',
	);
	assert.equal(optionsOf({ size }, '--max-old-space-size=50'), '--max-old-space-size=50');
	assert.equal(optionsOf({ size, env: { NODE_OPTIONS: '--max_old_space_size=40' } }), '--max_old_space_size=40');
	assert.equal(optionsOf({ size: { cpu: null, memoryBytes: MIB } }), '--max-old-space-size=16');
});
