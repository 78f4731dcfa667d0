import assert from 'node:assert/strict';
import test from 'node:test';
import { decideLimit, UNSEEN } from './limit-watch.ts';

test('what begins is told once, and again only after ten quiet seconds', () => {
	let state = UNSEEN;
	const told: string[] = [];
	const look = (atMs: number, refused: number, full = 0) => {
		const { state: next, begins } = decideLimit(state, { refused, full }, atMs);
		state = next;
		if (begins.refusing) told.push(`refusing at ${atMs}`);
		if (begins.full) told.push(`full at ${atMs}`);
	};
	look(0, 0);
	look(1000, 5);
	look(2000, 9);
	for (let at = 3000; at < 60_000; at += 1000) look(at, 9 + at / 1000, at > 30_000 ? 1 : 0);
	look(68_000, 69, 1);
	look(69_000, 69, 1);
	look(78_000, 69, 1);
	look(79_000, 70, 1);
	assert.deepEqual(told, ['refusing at 1000', 'full at 31000', 'refusing at 79000']);
	assert.deepEqual([state.refused, state.full], [70, 1]);
});

test('counts go on over the wrap of their cells', () => {
	let { state } = decideLimit(UNSEEN, { refused: 2 ** 32 - 10, full: 0 }, 0);
	for (const refused of [5, 2 ** 32 - 1, 7]) ({ state } = decideLimit(state, { refused, full: 0 }, 1));
	assert.equal(state.refused, 2 ** 33 + 7);
});
