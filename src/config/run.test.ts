import assert from 'node:assert/strict';
import { tmpdir } from 'node:os';
import test from 'node:test';
import { BallastError } from '../core/errors.ts';
import { configFromRun } from './run.ts';

test('the defaults: two instances of the command behind 127.0.0.1:8080, a TCP probe', () => {
	const config = configFromRun({ command: ['node', 'my server.js'], cwd: tmpdir() });
	assert.deepEqual(config.listen, [{ host: '127.0.0.1', port: 8080, tls: null }]);
	assert.deepEqual(
		config.services.map(({ name }) => name),
		['app'],
	);
	const [app] = config.services;
	assert.deepEqual([app?.match, app?.routes, app?.pools[0]?.scale.min, app?.health.kind], [[], [], 2, 'tcp']);
	assert.deepEqual(app?.pools[0]?.instances, {
		kind: 'run',
		command: ['node', 'my server.js'],
		cwd: tmpdir(),
		env: {},
		secretEnv: [],
		user: null,
		graceMs: 30_000,
		startMs: 60_000,
		portEnv: 'PORT',
	});
});

test('port, host, instances, health, workers', () => {
	const config = configFromRun({ command: ['x'], port: 0, host: '::1', instances: 5, health: '/up', workers: 3 });
	assert.deepEqual([config.listen[0]?.port, config.listen[0]?.host, config.workers], [0, '::1', 3]);
	assert.deepEqual([config.services[0]?.pools[0]?.scale.max, config.services[0]?.health.path], [5, '/up']);
	assert.deepEqual(configFromRun({ command: ['x'], health: null, workers: null }).services[0]?.health.kind, 'tcp');
});

test('what is wrong comes all at once', () => {
	assert.throws(
		() =>
			configFromRun({
				command: ['x'],
				port: 9900,
				host: 'example.com',
				instances: 0,
				health: 'up',
				cwd: '/nowhere',
			}),
		(error: unknown) => {
			assert.ok(error instanceof BallastError && error.code === 'config_invalid');
			for (const part of ['listen.host: example.com', 'scale: 0', 'health: up', 'cwd: /nowhere'])
				assert.ok(error.message.includes(part), part);
			return true;
		},
	);
	assert.throws(() => configFromRun({ command: [] }), /run: a list/);
});
