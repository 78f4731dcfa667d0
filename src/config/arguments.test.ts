import assert from 'node:assert/strict';
import { test } from 'node:test';
import { BallastError } from '../core/errors.ts';
import { parseRun, parseUp } from './arguments.ts';

/** The message of the `bad_command` that reading throws. */
function complaint(read: () => unknown): string {
	try {
		read();
	} catch (error) {
		assert.ok(error instanceof BallastError && error.code === 'bad_command', String(error));
		return error.message;
	}
	assert.fail('it was accepted');
}

test('up: nothing given, everything given', () => {
	assert.deepEqual(parseUp([]), { config: undefined, watch: false, workers: null, name: undefined, socket: undefined });
	assert.deepEqual(parseUp(['prod.yaml', '--watch', '--workers', '3', '--name=blue', '--socket', '/x.sock']), {
		config: 'prod.yaml',
		watch: true,
		workers: 3,
		name: 'blue',
		socket: '/x.sock',
	});
});

test('run: nothing given, everything given; all behind -- is the command', () => {
	const none = {
		port: 8080,
		host: '127.0.0.1',
		instances: 2,
		health: null,
		workers: null,
		name: undefined,
		socket: undefined,
	};
	assert.deepEqual(parseRun(['--', 'node', 'server.js', '--port', '1', '--', '-x']), {
		...none,
		command: ['node', 'server.js', '--port', '1', '--', '-x'],
	});
	const all = [
		'--port',
		'0',
		'--host=::1',
		'--instances',
		'4',
		'--health',
		'/healthz?full=1',
		'--workers',
		'1',
		'--name',
		'a',
		'--socket',
		's',
	];
	assert.deepEqual(parseRun([...all, '--', 'x']), {
		command: ['x'],
		port: 0,
		host: '::1',
		instances: 4,
		health: '/healthz?full=1',
		workers: 1,
		name: 'a',
		socket: 's',
	});
});

test('run without -- says where the command belongs', () => {
	assert.match(
		complaint(() => parseRun(['--port', '3000', 'node', 'a.js', '--port', '1'])),
		/ballast run -- node a\.js --port 1\n/,
	);
	assert.match(
		complaint(() => parseRun([])),
		/ballast run -- node server\.js/,
	);
	assert.match(
		complaint(() => parseRun(['--'])),
		/the command to run is missing/,
	);
	assert.match(
		complaint(() => parseRun(['--', ''])),
		/the command to run is missing/,
	);
});

test('an unknown option: what is accepted, what was meant, all mistakes at once', () => {
	const message = complaint(() => parseUp(['--wach', '--workers', '--name', 'x', '--zzz', 'a.yaml', 'b.yaml']));
	assert.deepEqual(message.split('\n'), [
		'up: has no option `--wach`; did you mean `--watch`? It takes --watch, --workers, --socket, --name, --help',
		'up: option `--workers` needs a value, and `--name` is an option; write --workers=--name if it is meant',
		'up: has no option `--zzz`; it takes --watch, --workers, --socket, --name, --help',
		'up: takes no argument `a.yaml`',
		'usage: ballast up [config] [options] (ballast help up)',
	]);
});

test('switches take no value, nothing stands behind -- of up', () => {
	assert.match(
		complaint(() => parseUp(['--watch=yes'])),
		/takes no value/,
	);
	assert.match(
		complaint(() => parseUp(['--', 'a.yaml'])),
		/takes nothing behind `--`/,
	);
	assert.match(
		complaint(() => parseUp(['--socket'])),
		/needs a value: --socket PATH/,
	);
	assert.match(
		complaint(() => parseUp(['--socket='])),
		/path of a socket/,
	);
});

test('values are checked', () => {
	for (const workers of ['0', '33', '1.5', 'two', '', '1e1']) {
		assert.match(
			complaint(() => parseUp([`--workers=${workers}`])),
			/--workers takes a whole number from 1 to 32/,
		);
	}
	assert.match(
		complaint(() => parseRun(['--port=65536', '--', 'x'])),
		/from 0 to 65535/,
	);
	assert.match(
		complaint(() => parseRun(['--instances=0', '--', 'x'])),
		/from 1 to 1000/,
	);
	assert.match(
		complaint(() => parseRun(['--host=example.com', '--', 'x'])),
		/--host takes an address/,
	);
	assert.match(
		complaint(() => parseRun(['--health=healthz', '--', 'x'])),
		/path such as \/healthz/,
	);
	for (const name of ['../x', 'a/b', '.x', '-x', 'x'.repeat(65), '']) {
		assert.match(
			complaint(() => parseUp([`--name=${name}`])),
			/--name takes/,
		);
	}
});

test('the last wins where an option is given twice', () => {
	assert.equal(parseUp(['--workers=1', '--workers=2']).workers, 2);
});
