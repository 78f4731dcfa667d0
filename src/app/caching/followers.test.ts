/** Who waits for an answer whose length nobody knows gets it as it comes, and all of it, though it may prove too long to be stored. */
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { DiskCare } from '../../cache/disk/disk-care.ts';
import { bodiesFolder } from '../../cache/disk/testing/disk-store.ts';
import { AnswerMemory } from '../../cache/memory/answer-memory.ts';
import { Cell, Readers } from '../../cache/memory/entry-record.ts';
import { COMPRESS } from '../../gateway/compress/compress-policy.ts';
import { Compression } from '../../gateway/compress/compression.ts';
import { type Client, World } from './testing/fed-world.ts';

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
const HEAD = 'HTTP/1.1 200 OK\r\nCache-Control: max-age=60\r\nTransfer-Encoding: chunked\r\n\r\n';
const PIECE = 32 * 1024;
/** Of one that does not fit: a quarter of the memory is the most. */
const LONG = 3 * 1024 * 1024;
const chunk = (text: string): string => `${text.length.toString(16)}\r\n${text}\r\n`;
/** Digits: a byte each, however it is coded. */
const digits = (bytes: number): string =>
	randomBytes(Math.ceil(bytes / 2))
		.toString('hex')
		.slice(0, bytes);

/** Until it is so: what another worker does shows in a later turn. */
async function until(what: () => boolean): Promise<void> {
	for (let turns = 0; turns < 10_000; turns++) {
		if (what()) return;
		await turn();
	}
	assert.fail('it never came');
}

/** The same, of what the disk has to do with. */
async function untilDone(what: () => boolean): Promise<void> {
	for (let waits = 0; waits < 5000 && !what(); waits++) await sleep(2);
	assert.ok(what(), 'it never came');
}

/** Sends pieces of a body from `at` on, as long as the origin may send. Where it stopped. */
async function feed(world: World, body: string, at = 0): Promise<number> {
	let end = at;
	for (; end < body.length; end += PIECE) {
		if (isPaused(world)) break;
		world.answer(chunk(body.slice(end, end + PIECE)));
		await turn();
	}
	return Math.min(end, body.length);
}

const isPaused = (world: World): boolean => world.sides[0]?.paused === true;

/** All of it, with pauses where the origin has to wait. */
async function feedAll(world: World, body: string, at = 0): Promise<void> {
	for (let end = at; end < body.length; ) {
		await until(() => !isPaused(world));
		end = await feed(world, body, end);
	}
	await until(() => !isPaused(world));
	world.answer('0\r\n\r\n');
}

interface CrowdOptions {
	readonly minor?: number;
	/** Field lines of the leader. */
	readonly more?: string;
	/** Of a disk that is used; null: there is none. */
	readonly folder?: string | null;
}

interface Crowd {
	readonly world: World;
	readonly other: World;
	readonly leader: Client;
	/** The last two of them at the other worker. */
	readonly followers: readonly Client[];
}

/** Five who follow one. */
async function crowd({ minor = 1, more = '', folder = null }: CrowdOptions = {}): Promise<Crowd> {
	const disk = folder === null ? null : { folder, node: Buffer.alloc(8) };
	const world = new World({ disk });
	const other = new World({ beside: world, disk });
	if (folder !== null) {
		const care = new DiskCare(world.store.memory, { folder, bytes: 8e6, fromBytes: 100_000 }, () => undefined);
		care.open(0);
		await care.begin();
	}
	const leader = world.client();
	leader.ask('/k', more);
	world.answer(HEAD);
	const followers = Array.from({ length: 5 }, (_, at) => (at < 3 ? world : other).client());
	for (const follower of followers) follower.ask('/k', '', minor);
	await turn();
	return { world, other, leader, followers };
}

const isWhole = ({ chunks }: Client, body: string): boolean => chunks.ended && chunks.text === body;

async function atRest({ world, other }: Crowd, entries: number): Promise<void> {
	await until(() => world.caching.idle && other.caching.idle);
	world.isAtRest(entries);
	// What readers held is given back in a later turn.
	const { usage } = world.store;
	if (entries === 0) await until(() => world.store.usage.bytes === world.store.memory.arena);
	assert.ok(usage.bytes <= usage.most);
}

test('followers of both workers get the first of it before the last has come', async () => {
	const all = await crowd();
	const { world, other, leader, followers } = all;
	const body = digits(3 * PIECE);
	const at = await feed(world, body.slice(0, PIECE));
	await until(() => followers.every(({ chunks }) => chunks.text === body.slice(0, at)));
	await feedAll(world, body, at);
	await until(() => followers.every((follower) => isWhole(follower, body)));
	assert.ok(isWhole(leader, body));
	for (const { side } of followers) assert.match(side.text, /; collapsed/);
	assert.deepEqual([world.asked.length, other.asked.length], [1, 0]);
	await atRest(all, 1);
	assert.equal(world.hit(), body);
	assert.equal(other.hit(), body);
});

test('one that outgrows the memory goes on for all who have part of it, as slow as one of them may be', async () => {
	const all = await crowd();
	const { world, leader, followers } = all;
	const body = digits(LONG);
	const slow = followers.at(-1) as Client;
	for (const which of [0, -1]) (followers.at(which) as Client).side.takes = false;
	const stopped = await feed(world, body);
	assert.ok(isPaused(world) && stopped < LONG, 'the origin waits for the slow ones');
	assert.ok(leader.chunks.text.length > 1024 * 1024 && followers[1]?.chunks.text.length === leader.chunks.text.length);
	assert.ok(world.store.usage.bytes < 2.2 * 1024 * 1024 + world.store.memory.arena, `${world.store.usage.bytes}`);
	const late = world.client();
	late.ask();
	assert.equal(world.asked.length, 2, 'who comes later asks for himself');
	world.answer(`${HEAD}0\r\n\r\n`, 1);
	world.asked.pop();
	// The one takes a piece at a time, the other all from here on.
	followers[0]?.drain();
	const fed = feedAll(world, body, stopped);
	while (!world.caching.idle || slow.side.pending > 0) {
		if (slow.side.pending > 0) slow.drainOnce();
		await turn();
	}
	await fed;
	slow.drain();
	await until(() => followers.every((follower) => isWhole(follower, body)));
	assert.ok(isWhole(leader, body));
	await atRest(all, 0);
});

test('one that breaks off is cut for all, and looks whole to nobody', async () => {
	for (const [length, minor] of [
		[3 * PIECE, 1],
		[LONG / 2, 1],
		[LONG / 2, 0],
	] as const) {
		const all = await crowd({ minor });
		const { world, leader, followers } = all;
		const body = digits(length);
		await feed(world, body);
		await until(() => followers.every(({ side }) => side.text.length >= length));
		world.asked[0]?.onEnd();
		await until(() => followers.every(({ side }) => side.cut));
		assert.ok(leader.side.cut);
		for (const follower of followers)
			assert.deepEqual(minor === 0 ? { text: follower.body, ended: false } : follower.chunks, {
				text: body,
				ended: false,
			});
		await atRest(all, 0);
	}
});

test('who holds it up and leaves, the leader too, leaves it to the others', async () => {
	const all = await crowd();
	const { world, leader, followers } = all;
	const body = digits(LONG);
	const slow = [leader, followers[0], followers[4]] as const;
	for (const client of slow) if (client !== undefined) client.side.takes = false;
	const stopped = await feed(world, body);
	assert.ok(isPaused(world));
	for (const client of slow) {
		client?.connection.onClose();
		await turn();
	}
	await feedAll(world, body, stopped);
	await until(() => followers.slice(1, 4).every((follower) => isWhole(follower, body)));
	await atRest(all, 0);
});

test('once all have left the origin is let go', async () => {
	for (const slow of [true, false]) {
		const all = await crowd();
		const { world, leader, followers } = all;
		const last = followers[4] as Client;
		last.side.takes = !slow;
		const body = digits(LONG / 2);
		await feed(world, slow ? digits(LONG) : body);
		assert.equal(isPaused(world), slow);
		for (const client of [leader, ...followers]) client.connection.onClose();
		if (!slow) {
			// It is told when it waits for them.
			for (let sent = 0; sent < 80 && !world.caching.idle; sent++) {
				world.answer(chunk(body.slice(0, PIECE)));
				await turn();
			}
		}
		await atRest(all, 0);
	}
});

test('all of one that outgrows the memory with its last bytes comes, and its trailers', async () => {
	// Whose answer depends on it reads what is stored.
	for (const more of ['', 'If-None-Match: "other"\r\n']) {
		const all = await crowd({ more });
		const { world, followers, leader } = all;
		const most = Math.floor(world.store.memory.units / 4) * 256;
		const body = digits(most + 1000);
		const at = await feed(world, body.slice(0, most - 20_000));
		world.answer(`${chunk(body.slice(at))}0\r\nX-Sum: 7\r\n\r\n`);
		await until(() => [leader, ...followers].every((client) => isWhole(client, body)));
		for (const { side } of followers) assert.match(side.text.slice(-30), /\r\n0\r\nX-Sum: 7\r\n\r\n$/);
		await atRest(all, 0);
	}
});

test('a leader who reads what is stored goes on with the others', async () => {
	const all = await crowd({ more: 'If-None-Match: "other"\r\n' });
	const { world, followers, leader } = all;
	const body = digits(LONG);
	leader.side.takes = false;
	const stopped = await feed(world, body);
	assert.ok(isPaused(world));
	leader.drain();
	await feedAll(world, body, stopped);
	await until(() => [leader, ...followers].every((client) => isWhole(client, body)));
	await atRest(all, 0);
});

test('what its client has not taken yet stays as it is when one outgrows the memory', async () => {
	const all = await crowd({ more: 'If-None-Match: "other"\r\n' });
	const { world, followers, leader } = all;
	const body = digits(LONG);
	leader.side.takes = false;
	const at = await feed(world, body.slice(0, 7 * PIECE));
	// From here on its socket has all that came, by reference.
	leader.drainOnce();
	const stopped = await feed(world, body, at);
	await until(() => isPaused(world));
	// Others get what was given back.
	for (let which = 1; which <= 40; which++) {
		world.client().ask(`/other${which}`);
		world.answer(`HTTP/1.1 200 OK\r\nCache-Control: max-age=60\r\nContent-Length: 30000\r\n\r\n`, which);
		world.answer('z'.repeat(30_000), which);
	}
	leader.drain();
	await feedAll(world, body, stopped);
	await until(() => [leader, ...followers].every((client) => isWhole(client, body)));
});

test('a worker that dies holds up nobody, and what it was filling is cut for those of the others', async () => {
	for (const dead of [0, 1]) {
		const { world, leader, followers } = await crowd();
		const body = digits(LONG);
		for (const which of [3, 4]) (followers[which] as Client).side.takes = dead === 0;
		if (dead === 0) (followers[0] as Client).side.takes = false;
		const stopped = await feed(world, body);
		assert.ok(isPaused(world));
		AnswerMemory.abandon(world.memory, dead);
		if (dead === 0) {
			await until(() => followers.slice(3).every(({ side }) => side.cut));
			for (const { chunks } of followers.slice(3))
				assert.ok(!chunks.ended && chunks.text === body.slice(0, chunks.text.length));
			continue;
		}
		await feedAll(world, body, stopped);
		await until(() => [leader, ...followers.slice(0, 3)].every((client) => isWhole(client, body)));
		await until(() => world.caching.idle);
	}
});

test('who gets it compressed waits until it is whole, and asks for himself where it does not fit', async () => {
	for (const fits of [true, false]) {
		const world = new World({ route: { compress: new Compression(COMPRESS) } });
		const [leader, plain, compressed] = [world.client(), world.client(), world.client()];
		const [head, body] = [HEAD.replace('\r\n\r\n', '\r\nContent-Type: text/plain\r\n\r\n'), digits(LONG)];
		leader.ask();
		world.answer(head);
		plain.ask();
		compressed.ask('/k', 'Accept-Encoding: gzip\r\n');
		const at = await feed(world, body.slice(0, PIECE));
		await until(() => plain.chunks.text === body.slice(0, PIECE));
		assert.equal(compressed.side.text, '');
		if (fits) {
			world.answer('0\r\n\r\n');
			await until(() => compressed.side.text !== '');
			assert.equal(world.asked.length, 1);
		} else {
			await feedAll(world, body, at);
			await until(() => isWhole(plain, body));
			assert.equal(world.asked.length, 2);
			world.answer(`${HEAD}${chunk('mine')}0\r\n\r\n`, 1);
			assert.equal(compressed.chunks.text, 'mine');
		}
		await until(() => world.caching.idle);
		world.isAtRest(fits ? 1 : 0);
	}
});

test('who takes little at a time holds up the others for a minute in all, and is cut then', async ({ mock }) => {
	const all = await crowd();
	const { world, leader, followers } = all;
	const body = digits(LONG);
	const slow = [followers[0], followers[4]] as const;
	for (const client of slow) if (client !== undefined) client.side.takes = false;
	mock.timers.enable({ apis: ['setInterval'] });
	const stopped = await feed(world, body);
	assert.ok(isPaused(world));
	const { memory, readers } = world.store;
	const [unit] = readers.windows.keys();
	const cut = memory.cell(memory.cells[memory.cell(unit as number) + Cell.readers] as number) + Readers.cut;
	for (const [seconds, isCut] of [
		[59, false],
		[1, true],
	] as const) {
		mock.timers.tick(1000 * seconds);
		for (let turns = 0; turns < 20; turns++) await turn();
		for (const client of slow) assert.equal(client?.side.cut, isCut);
	}
	await until(() => memory.cells[cut] === 0);
	await feedAll(world, body, stopped);
	await until(() => followers.slice(1, 4).every((follower) => isWhole(follower, body)));
	assert.ok(isWhole(leader, body));
	for (const client of slow) assert.equal(client?.chunks.ended, false);
	await atRest(all, 0);
});

test('with a disk one that proves long comes to all, and the next time goes on in a file and is waited for', async (t) => {
	const folder = bodiesFolder(t);
	const all = await crowd({ folder });
	const { world, other, leader, followers } = all;
	const body = digits(LONG / 2);
	await feedAll(world, body);
	await until(() => [leader, ...followers].every((client) => isWhole(client, body)));
	await atRest(all, 0);
	world.asked.pop();
	world.sides.pop();
	const [next, behind, elsewhere] = [world.client(), world.client(), other.client()];
	next.ask();
	world.answer(HEAD);
	behind.ask();
	elsewhere.ask();
	await feedAll(world, body);
	assert.deepEqual([behind.side.text, elsewhere.side.text], ['', '']);
	await until(() => isWhole(next, body));
	for (const client of [behind, elsewhere]) await untilDone(() => client.body.length >= body.length);
	assert.deepEqual([behind.body === body, elsewhere.body === body], [true, true]);
	assert.deepEqual([world.asked.length, other.asked.length], [1, 0]);
	assert.equal(world.store.diskUsage?.entries, 1);
});

test('with a disk a short one comes to all while it grows, and is stored', async (t) => {
	const folder = bodiesFolder(t);
	const all = await crowd({ folder });
	const { world, followers } = all;
	const body = digits(2 * PIECE);
	const at = await feed(world, body.slice(0, PIECE));
	await until(() => followers.every(({ chunks }) => chunks.text === body.slice(0, at)));
	await feedAll(world, body, at);
	await until(() => followers.every((follower) => isWhole(follower, body)));
	await atRest(all, 1);
	assert.equal(world.hit(), body);
});
