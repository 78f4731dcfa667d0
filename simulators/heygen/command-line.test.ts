import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readCommandLine, UsageError, usageText } from './command-line.ts';
import { KNOB_NAMES, spellings } from './knobs.ts';
import { type SimulatorOptions, startSimulator } from './start-simulator.ts';

test('options come from flags, the environment and JSON, in this order', () => {
	const env = { HEYGEN_SIMULATOR_SEED: 'env', HEYGEN_SIMULATOR_FAILURE_RATE: '0.2', HEYGEN_SIMULATOR_MAX_JOBS: '3' };
	const json = '{"failureRate":0.1,"maxJobs":2,"stuckRate":0.3}';
	const args = [
		'--port',
		'0',
		'--time-scale',
		'60',
		'--failure-rate',
		'0.5',
		'--knobs',
		json,
		'--sign-callbacks',
		'--secret-prefix-in-key',
		'false',
		'--render-p50-ms',
		'3m',
		'--keys',
		'a,b',
	];
	const { port, seed, timeScale, knobs, accounts } = readCommandLine(args, env) ?? {};
	assert.deepEqual([port, seed, timeScale], [0, 'env', 60]);
	assert.deepEqual(knobs, {
		failureRate: 0.5,
		maxJobs: 3,
		stuckRate: 0.3,
		signCallbacks: true,
		secretPrefixInKey: false,
		renderP50Ms: 180_000,
	});
	assert.deepEqual(
		accounts?.map(({ keys }) => keys),
		[['a'], ['b']],
	);
	assert.deepEqual(readCommandLine(['--accounts', '[{"name":"x","keys":["k"]}]'], {})?.accounts, [
		{ name: 'x', keys: ['k'] },
	]);
});

test('what is wrong is said, all knobs at once', () => {
	const cases: [string[], RegExp][] = [
		[['--failure-rate', '2', '--max-jobs', '0'], /failureRate takes 0 to 1; maxJobs takes a whole number from 1 on/],
		[['--no-such'], /no-such/],
		[['--port', 'x'], /--port takes a number/],
		[['--knobs', '{"x":1}'], /there is no knob "x"/],
		[['--knobs', '/no/such/file'], /ENOENT/],
		[['--accounts', '[{"name":"x"}]'], /--accounts takes/],
		[['--legacy', 'maybe'], /legacy takes off, on, gone/],
	];
	for (const [args, why] of cases)
		assert.throws(
			() => readCommandLine(args, {}),
			(error) => error instanceof UsageError && why.test(error.message),
		);
	assert.equal(readCommandLine(['--help'], {}), undefined);
	for (const name of KNOB_NAMES) assert.ok(usageText().includes(`--${spellings(name).option} `), name);
});

test('the simulator itself refuses what cannot be', async () => {
	const account = { name: 'a', keys: ['k'] };
	const cases: [SimulatorOptions, RegExp][] = [
		[{ timeScale: 0 }, /time scale/],
		[{ accounts: [account, { ...account, keys: ['l'] }] }, /one name/],
		[{ accounts: [account, { ...account, name: 'b' }] }, /one key/],
		[{ accounts: [] }, /has a key/],
		[{ knobs: { failureRate: 7 } }, /failureRate/],
	];
	for (const [options, why] of cases) await assert.rejects(startSimulator(options), why);
});
