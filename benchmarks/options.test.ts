import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readOptions, SCENARIOS } from './options.ts';

const PEERS = ['ballast', 'nginx'];

test('nothing asked for is everything', () => {
	const options = readOptions([], PEERS);
	assert.deepEqual(options.scenarios, SCENARIOS);
	assert.equal(options.peers, undefined);
	assert.equal(options.rounds, undefined);
});

test('--only takes scenarios and peers alike', () => {
	const options = readOptions(['--only', 'idle,nginx,browser', '--rounds', '3', '--seconds', '2', '--write'], PEERS);
	assert.deepEqual(options.scenarios, ['idle', 'browser']);
	assert.deepEqual(options.peers, ['nginx']);
	assert.deepEqual([options.rounds, options.seconds, options.write], [3, 2, true]);
	assert.deepEqual(readOptions(['--only', 'ballast'], PEERS).scenarios, SCENARIOS);
});

test('--quick asks for less', () => {
	const { scenarios, quick } = readOptions(['--quick'], PEERS);
	assert.ok(quick && scenarios.length < SCENARIOS.length);
	assert.deepEqual(readOptions(['--quick', '--only', 'upload'], PEERS).scenarios, ['upload']);
});

test('what is not known is refused, with what is', () => {
	assert.throws(() => readOptions(['--only', 'apache'], PEERS), /apache.*browser.*ballast, nginx/s);
	assert.throws(() => readOptions(['--rounds', '0'], PEERS), /--rounds 0/);
	assert.throws(() => readOptions(['--fast'], PEERS), /--fast/);
});
