import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { InstancesConfig } from '../../instances/config.ts';
import { execConfig } from '../../instances/exec/testing-exec-config.ts';
import type { ToldUsage } from '../../instances/provider.ts';
import { runConfig } from '../../instances/run/testing-run.ts';
import type { InstanceSize, ScalePolicy, VerticalPolicy } from '../../scaling/policy.ts';
import { config, service } from '../fleet-testing.ts';
import { InstanceUsage } from './instance-usage.ts';
import { PoolSizes } from './pool-sizes.ts';
import { TestingPool } from './testing/scaler-port.ts';

const MIB = 1_048_576;
const SECOND_MS = 1000;
const HOUR_MS = 3_600_000;
const BEGIN = Date.UTC(2026, 10, 28);

/** A pool of two that a platform tells of, and a clock of its own. */
function stage(
	mode: VerticalPolicy['mode'],
	more: Partial<VerticalPolicy> = {},
	instances: InstancesConfig = runConfig(''),
) {
	const pool = new TestingPool('api', 2, 0);
	const policy: VerticalPolicy = {
		...{ mode, minCpu: 0.1, maxCpu: null, minMemoryBytes: 64 * MIB, maxMemoryBytes: null, ...more },
	};
	const said: string[] = [];
	const given: InstanceSize[] = [];
	const now = { ms: BEGIN, rollout: false };
	const sizes = new PoolSizes({
		key: () => 'api',
		pool: () => pool,
		rollout: () => now.rollout,
		give: (_, size) => {
			given.push(size);
			return true;
		},
		event: (_, text) => void said.push(text),
		load: async () => null,
		save: () => {},
	});
	sizes.configure(config(service('api', instances, { scale: { vertical: policy } as Partial<ScalePolicy> })));
	sizes.leads = true;
	const tell = (use: Partial<ToldUsage>, each: Partial<ToldUsage>[] = [{}, {}]) => {
		const told = { cpu: null, memory: null, cores: 0.2, memoryBytes: 100 * MIB };
		const usual = { ...told, given: { cpu: 0.5, memoryBytes: 256 * MIB }, atMs: now.ms };
		pool.usage = new Map(each.map((one, at) => [`api-${at + 1}`, { ...usual, ...use, ...one }]));
	};
	/** So long, with a new figure each minute. */
	const pass = (ms: number, ...use: Parameters<typeof tell>) => {
		for (const until = now.ms + ms; now.ms < until; now.ms += 60 * SECOND_MS) {
			tell(...use);
			sizes.everySecond(new InstanceUsage(), now.ms);
		}
	};
	const outOfMemory = (told: number | null = null) =>
		sizes.outOfMemory({ service: 'api', pool: 'main', instance: 'api-1' }, told, now.ms);
	return { pool, sizes, said, given, now, tell, pass, outOfMemory };
}

const mib = ({ memoryBytes }: InstanceSize): number => (memoryBytes ?? 0) / MIB;

test('what a platform tells of use is what a size is recommended from, against what it gives', () => {
	const { pass, said, given, sizes } = stage('recommend');
	pass(0.9 * HOUR_MS, {});
	assert.deepEqual(said, []);
	pass(HOUR_MS, {});
	assert.equal(said.length, 1);
	assert.match(said[0] ?? '', /^api: 0\.5 cores, 256MiB → 0\.2\d cores, 1[12]\dMiB for each instance would do/);
	assert.deepEqual(given, []);
	assert.match(sizes.advice('api'), /^has 0\.5 cores, 256MiB; by 2 h of use an instance needs 0\.2/);
});

test('the same figure again is no new one; a platform that tells nothing has nothing recommended', () => {
	const old = stage('apply');
	old.pass(30 * HOUR_MS, { atMs: BEGIN });
	assert.deepEqual(old.given, [], 'one figure says nothing of an hour');
	const dumb = stage('apply');
	dumb.pass(30 * HOUR_MS, { cores: null, memoryBytes: null });
	assert.deepEqual([dumb.given, dumb.sizes.advice('api')], [[], '']);
});

test('a size is given once it is known, and not again within six hours', () => {
	const { pass, given, said } = stage('apply');
	pass(2 * HOUR_MS, {});
	assert.equal(given.length, 1);
	assert.match(said[0] ?? '', /^api: each instance is to be given 0\.5 cores, 256MiB → 0\.2/);
	pass(4.9 * HOUR_MS, {});
	assert.equal(given.length, 1);
	pass(1.5 * HOUR_MS, {});
	assert.equal(given.length, 2, 'the platform still tells the old one');
	assert.equal(said.length, 1);
});

test('an instance without the size that others have has it given again', () => {
	const { pass, given } = stage('apply');
	const size = { cpu: 0.24, memoryBytes: 120 * MIB };
	pass(3 * HOUR_MS, { given: size });
	assert.deepEqual(given, []);
	pass(HOUR_MS, { given: size }, [{}, { given: { cpu: 0.05, memoryBytes: 120 * MIB } }]);
	assert.equal(given.length, 1);
});

test('who runs out of memory gets more within seconds, by what the platform says that it could have', () => {
	const { pass, given, now, outOfMemory } = stage('apply');
	pass(60 * SECOND_MS, { memoryBytes: 250 * MIB });
	outOfMemory(256 * MIB);
	pass(60 * SECOND_MS, { memoryBytes: 250 * MIB });
	assert.equal(given.length, 1);
	const [first] = given as [InstanceSize];
	assert.equal(first.cpu, 0.5, 'of CPU too little is known');
	assert.ok(mib(first) >= 1.15 * 356 && mib(first) < 1.06 * 1.15 * 356, `${mib(first)} MiB for 256 + 100, and 15 %`);
	now.ms += 10 * SECOND_MS;
	const used = { memoryBytes: 400 * MIB, given: { cpu: 0.5, memoryBytes: first.memoryBytes } };
	outOfMemory(first.memoryBytes);
	pass(180 * SECOND_MS, used);
	assert.equal(given.length, 2, 'six hours are not waited for');
	assert.ok(mib(given[1] as InstanceSize) >= 1.15 * (mib(first) + 100));
	pass(HOUR_MS, { ...used, given: { cpu: 0.5, memoryBytes: (given[1] as InstanceSize).memoryBytes } });
	assert.equal(given.length, 2, 'each end is answered once');
});

test('an end for want of memory counts between the bounds too, and never above the most that is allowed', () => {
	const { pass, given, outOfMemory, pool } = stage('apply', { maxMemoryBytes: 300 * MIB });
	pool.desired = 3;
	const three = [{}, {}, { memoryBytes: 250 * MIB }];
	pass(2 * HOUR_MS, { memoryBytes: 200 * MIB, cores: 0.43 }, three);
	assert.deepEqual(given, []);
	outOfMemory();
	pass(60 * SECOND_MS, { memoryBytes: 200 * MIB, cores: 0.43 }, three);
	assert.deepEqual(given.map(mib), [300]);
});

test('nothing is given while a roll-out runs', () => {
	const { pass, given, now } = stage('apply');
	now.rollout = true;
	pass(2 * HOUR_MS, {});
	assert.deepEqual(given, []);
	now.rollout = false;
	pass(0.5 * HOUR_MS, {});
	assert.equal(given.length, 1);
});

test('where a size cannot be given, what would have to be there is said', () => {
	const exec = execConfig(['./group']);
	const without = { ...exec, commands: { ...exec.commands, size: null } };
	const { pass, said } = stage('recommend', {}, without);
	pass(2 * HOUR_MS, {});
	assert.match(said[0] ?? '', /would do; it cannot be given here: that takes a command; name it in `exec.size`$/);
});
