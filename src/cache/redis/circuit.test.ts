import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Circuit } from './circuit.ts';

function opened(): Circuit {
	const circuit = new Circuit();
	for (let i = 0; i < 5; i++) {
		assert.ok(circuit.enter(0), `asked ${i} times`);
		circuit.failed(0, 1);
	}
	return circuit;
}

test('five failures in a row open it, one success between them does not', () => {
	const circuit = new Circuit();
	for (let i = 0; i < 20; i++) {
		circuit.failed(0);
		if (i % 4 === 3) circuit.succeeded();
		assert.ok(circuit.enter(0));
	}
	assert.equal(opened().enter(499), false);
});

test('one tries it after a while, and its success closes it for all', () => {
	const circuit = opened();
	assert.ok(circuit.enter(500));
	assert.equal(circuit.enter(500), false, 'only one');
	circuit.succeeded();
	assert.equal(circuit.open, false);
	assert.ok(circuit.enter(500) && circuit.enter(500));
});

test('each try in vain doubles the wait, up to ten seconds; what others say meanwhile changes nothing', () => {
	const circuit = opened();
	const waits: number[] = [];
	let nowMs = 0;
	for (let i = 0; i < 7; i++) {
		const from = nowMs;
		while (!circuit.enter(nowMs)) nowMs += 500;
		waits.push(nowMs - from);
		circuit.failed(nowMs, 1);
		circuit.failed(nowMs, 1);
	}
	assert.deepEqual(waits, [500, 1000, 2000, 4000, 8000, 10_000, 10_000]);
});

test('nodes do not come all at once', () => {
	const circuit = new Circuit();
	for (let i = 0; i < 5; i++) circuit.failed(0, 0);
	assert.equal(circuit.enter(249), false);
	assert.ok(circuit.enter(250));
});
