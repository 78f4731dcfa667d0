/** Who waits for an answer whose length nobody knows gets it as it comes, and all of it, though it may prove too long to be stored. */
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { test } from 'node:test';
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

/** Sends pieces of a body from `at` on, as long as the origin may send. Where it stopped. */
async function feed(world: World, body: string, at = 0): Promise<number> {
	const { asked } = world;
	let end = at;
	for (; end < body.length; end += PIECE) {
		if (isPaused(world)) break;
		world.answer(chunk(body.slice(end, end + PIECE)));
		await turn();
	}
	assert.equal(asked.length, 1);
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

interface Crowd {
	readonly world: World;
	readonly other: World;
	readonly leader: Client;
	/** The last two of them at the other worker. */
	readonly followers: readonly Client[];
}

/** Five who follow one. */
async function crowd(minor = 1): Promise<Crowd> {
	const world = new World();
	const other = new World({ beside: world });
	const leader = world.client();
	leader.ask();
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
