import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { RunConfig } from '../config.ts';
import { instanceEnvironment } from './environment.ts';
import { launchHash } from './launch-hash.ts';
import { addressInUse, mask, printedText, secretsOf, tellingLine } from './printed.ts';
import { StartTimes } from './start-times.ts';

const config: RunConfig = {
	kind: 'run',
	command: ['node', 'server.js'],
	cwd: '/srv/api',
	env: { TOKEN: 'tok-123456', KEY: '-----BEGIN-----\nMIIabc\n-----END-----', MODE: 'fast' },
	secretEnv: ['TOKEN', 'KEY'],
	user: null,
	graceMs: 30_000,
	startMs: 60_000,
	portEnv: 'PORT',
};

test('secrets are masked, line by line and behind control characters too', () => {
	const secrets = secretsOf(config);
	assert.equal(mask('a tok-123456 b fast', secrets), 'a ••• b fast');
	assert.equal(tellingLine(['the key is MIIabc'], secrets), 'the key is •••');
	assert.equal(tellingLine(['tok-\u001b[31m123456'], secrets), '•••');
	assert.ok(!printedText(['x tok-123456', 'y'], secrets).includes('tok'));
});

test('the telling line is the error, not the last line of its trace', () => {
	const lines = [
		'/srv/api/server.js:3',
		"throw new Error('no database');",
		'      ^',
		'Error: no database',
		'    at main',
		'Node.js v26.10.0',
	];
	assert.equal(tellingLine(lines, []), 'Error: no database');
	assert.equal(tellingLine(['started', 'listen failed: EACCES', 'bye'], []), 'listen failed: EACCES');
	assert.equal(tellingLine(['one', 'two', ''], []), 'two');
	assert.equal(tellingLine([], []), '');
});

test('what was printed is one line, clean and cut', () => {
	assert.equal(printedText(['a\u0000b\r', '\u001b[31mred\u001b[0m'], []), 'it printed: a b | red');
	assert.equal(printedText(['', ' '], []), 'it printed nothing');
	const text = printedText(
		Array.from({ length: 20 }, (_, at) => `${at}: ${'x'.repeat(300)}`),
		[],
	);
	assert.ok(text.length < 900 && text.startsWith('it printed: … | ') && text.includes('19: '));
});

test('a taken address is recognised in the words of several languages', () => {
	assert.ok(addressInUse(['Error: listen EADDRINUSE: address already in use 127.0.0.1:3000']));
	assert.ok(addressInUse(['OSError: [Errno 98] Address already in use']));
	assert.ok(!addressInUse(['Error: connect ECONNREFUSED']));
});

test("the environment: the parent's, then the configuration, then what Ballast says; another user gets no secrets of the parent", () => {
	const inherited = { PATH: '/bin', HOME: '/root', LC_ALL: 'C', DATABASE_URL: 'postgres://db' };
	const parent = { ...inherited, PORT: '1', BALLAST_SOCKET: '/s', NODE_CHANNEL_FD: '3', npm_config_cache: '/c' };
	const instance = { id: 'api-1', port: 4000 };
	const own = { ...config.env, PORT: '4000', BALLAST_INSTANCE: 'api-1' };
	assert.deepEqual(instanceEnvironment(config, instance, parent), { ...inherited, ...own });
	const other = instanceEnvironment({ ...config, user: 'api', env: { PORT: '9' } }, instance, parent);
	assert.deepEqual(other, {
		PATH: '/bin',
		LC_ALL: 'C',
		USER: 'api',
		LOGNAME: 'api',
		PORT: '4000',
		BALLAST_INSTANCE: 'api-1',
	});
});

test('the hash covers what shapes the process and nothing else', () => {
	const hash = launchHash(config);
	assert.match(hash, /^[0-9a-f]{16}$/);
	assert.equal(
		launchHash({ ...config, graceMs: 1, startMs: 1, secretEnv: [], env: { MODE: 'fast', ...config.env } }),
		hash,
	);
	for (const change of [{ command: ['node'] }, { cwd: '/' }, { user: 'api' }, { env: {} }]) {
		assert.notEqual(launchHash({ ...config, ...change }), hash);
	}
});

test('start times: the median of the last fifteen', () => {
	const times = new StartTimes();
	assert.equal(times.medianMs, null);
	for (const time of [100, 300, 200]) times.add(time);
	assert.equal(times.medianMs, 200);
	times.add(400);
	assert.equal(times.medianMs, 250);
	for (let more = 0; more < 15; more++) times.add(1000);
	assert.deepEqual([times.medianMs, times.times.length], [1000, 15]);
	times.times = [Number.NaN, -1, 50];
	assert.deepEqual(times.times, [50]);
});
