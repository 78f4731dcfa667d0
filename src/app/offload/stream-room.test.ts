import assert from 'node:assert/strict';
import { test } from 'node:test';
import { StreamRoom } from './stream-room.ts';

/** How many of so many tries were let in. */
function entered(room: StreamRoom, tenant: string, tries: number, most: number): number {
	let count = 0;
	for (let i = 0; i < tries; i++) if (room.enter(tenant, most)) count++;
	return count;
}

test('no tenant has more than half, however many it wants, and others still find room', () => {
	const room = new StreamRoom();
	assert.equal(entered(room, 'greedy', 1000, 100), 50);
	assert.equal(entered(room, 'second', 1000, 100), 25);
	assert.ok(entered(room, 'third', 1000, 100) >= 12);
	assert.ok(room.enter('new', 100));
	for (let i = 0; i < 50; i++) room.leave('greedy');
	assert.ok(entered(room, 'second', 1000, 100) > 0);
	room.leave('nobody');
	assert.ok(room.enter('greedy', 100));
});

test('never more than all may have, and one where there is room for one', () => {
	const room = new StreamRoom();
	assert.equal(entered(room, 'a', 5, 1), 1);
	assert.equal(entered(room, 'b', 5, 1), 0);
	const many = new StreamRoom();
	let all = 0;
	for (let i = 0; i < 500; i++) all += entered(many, `t${i}`, 3, 100);
	assert.equal(all, 100);
	assert.equal(entered(many, 'one', 5, 0), 0);
});
