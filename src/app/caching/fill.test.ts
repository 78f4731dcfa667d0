/** A short answer is put into the store as a whole, or grows there: whatever comes between, one question is asked. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { openAnswerStore } from '../../cache/memory/memory-store.ts';
import { RecentPurges } from '../../cache/purges/recent-purges.ts';
import { World } from './testing/fed-world.ts';

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
const BODY = 'x'.repeat(600);
const head = (more: string): string => `HTTP/1.1 200 OK\r\nCache-Control: max-age=60\r\n${more}\r\n`;
const ANSWER = head('Content-Length: 600\r\n') + BODY;

test('however a short answer comes, its client has it and it is stored', () => {
	for (const pieces of [
		[ANSWER],
		[ANSWER.slice(0, -600), BODY],
		[ANSWER.slice(0, -300), ANSWER.slice(-300)],
		[ANSWER.slice(0, 20), ANSWER.slice(20)],
		...[100, 300, 500].map((at) => [ANSWER.slice(0, at), ANSWER.slice(at, at + 100), ANSWER.slice(at + 100)]),
	])
		for (const takes of [true, false]) {
			const world = new World();
			const client = world.client();
			client.side.takes = takes;
			client.ask();
			for (const piece of pieces) world.answer(piece);
			if (!takes) client.drain();
			assert.equal(client.body, BODY, `${pieces.map(({ length }) => length)} ${takes}`);
			assert.match(client.side.text, /fwd=uri-miss; fwd-status=200; ttl=\d+; stored\r\n/);
			world.isAtRest(1);
			assert.equal(world.hit(), BODY);
		}
});

test('an answer without a body is stored too', () => {
	const world = new World();
	const client = world.client();
	client.ask();
	world.answer(head('Content-Length: 0\r\nX-Own: 1\r\n'));
	assert.match(client.side.text, /X-Own: 1\r\n(?:.*\r\n)*\r\n$/);
	world.isAtRest(1);
	assert.equal(world.hit(), '');
});

test('who comes second, before the head or behind it, gets the answer to the one question', async () => {
	for (const before of [true, false])
		for (const unknown of [true, false]) {
			const world = new World();
			const [first, second] = [world.client(), world.client()];
			first.ask();
			const start = unknown ? head('Transfer-Encoding: chunked\r\n') : head('Content-Length: 600\r\n');
			const rest = unknown ? `258\r\n${BODY}\r\n0\r\n\r\n` : BODY;
			if (before) second.ask();
			world.answer(start);
			if (!before) second.ask();
			world.answer(rest);
			await turn();
			await turn();
			assert.equal(world.asked.length, 1);
			assert.match(second.side.text, new RegExp(BODY));
			assert.match(first.side.text, new RegExp(BODY));
			world.isAtRest(1);
			assert.equal(world.hit(), BODY);
		}
});

test('what proves not to be stored, or breaks off, is asked for by each who waited', async () => {
	for (const broken of [false, true]) {
		const world = new World();
		const [first, second] = [world.client(), world.client()];
		first.ask();
		second.ask();
		if (broken) {
			world.answer(`${head('Content-Length: 600\r\n')}x`);
			world.asked[0]?.onEnd();
			assert.equal(first.side.cut, true);
		} else world.answer(ANSWER.replace('max-age=60', 'no-store'));
		await turn();
		await turn();
		assert.equal(world.asked.length, 2);
		if (!broken) assert.equal(first.body, BODY);
		world.answer(broken ? ANSWER : ANSWER.replace('max-age=60', 'no-store'), 1);
		assert.equal(second.body, BODY);
		world.isAtRest(broken ? 1 : 0);
	}
});

test('an answer that is for one client alone does not keep others from waiting for theirs', async () => {
	const world = new World();
	world.client().ask('/k', 'Authorization: Basic YTpi\r\n');
	world.answer(ANSWER);
	world.client().ask('/k', 'Range: bytes=0-1,5-6\r\n');
	const type = 'Content-Type: multipart/byteranges; boundary=a\r\n';
	world.answer(`HTTP/1.1 206 Partial Content\r\nCache-Control: max-age=60\r\n${type}Content-Length: 1\r\n\r\nx`, 1);
	const [first, second] = [world.client(), world.client()];
	first.ask();
	second.ask();
	assert.equal(world.asked.length, 3);
	world.answer(ANSWER, 2);
	await turn();
	assert.deepEqual([first.body, second.body], [BODY, BODY]);
	world.isAtRest(1);
});

test('a client that leaves before the answer is there leaves it to the store', () => {
	const world = new World();
	const client = world.client();
	client.ask();
	client.connection.onClose();
	world.answer(ANSWER);
	world.isAtRest(1);
	assert.equal(world.hit(), BODY);
});

test('what is purged while it is asked for goes to who asked, and is not stored', () => {
	const world = new World();
	const client = world.client();
	client.ask();
	void world.store.purge({ everything: true }, false);
	world.answer(ANSWER);
	assert.equal(client.body, BODY);
	world.isAtRest(0);
});

test('what proved too long to be stored is not waited for, for a while', async () => {
	const world = new World();
	const [first, second, third, fourth] = [world.client(), world.client(), world.client(), world.client()];
	const start = head('Transfer-Encoding: chunked\r\n');
	const piece = `4000\r\n${'x'.repeat(0x4000)}\r\n`;
	first.ask();
	second.ask();
	world.answer(start);
	for (let sent = 0; sent < 80; sent++) world.answer(piece);
	await turn();
	await turn();
	assert.equal(world.asked.length, 2, 'who waited asks for himself');
	third.ask();
	assert.equal(world.asked.length, 3);
	world.answer(start + piece, 2);
	assert.match(third.side.text, /detail=too-large\r\n/);
	assert.ok(third.body.includes('x'.repeat(0x4000)), 'as it comes');
	for (const which of [1, 2, 0]) world.answer(which === 1 ? `${start}0\r\n\r\n` : '0\r\n\r\n', which);
	world.isAtRest(0);
	fourth.ask();
	world.answer(ANSWER, 3);
	world.isAtRest(1);
	assert.equal(world.hit(), BODY);
});

for (const soft of [false, true])
	test(`who waits for what proves to be purged by its tag asks anew, once for all: ${soft ? 'softly' : 'hard'}`, async () => {
		const recent = RecentPurges.create();
		const world = new World({ recent });
		const control = openAnswerStore(world.memory, 3, { recent });
		const tagged = ANSWER.replace('Content-Length', 'Surrogate-Key: t\r\nContent-Length');
		const clients = Array.from({ length: 5 }, () => world.client());
		for (const client of clients) client.ask();
		assert.equal(world.asked.length, 1);
		await control.purge({ tags: ['u'] }, soft);
		await control.purge({ tags: ['t'] }, soft);
		world.answer(tagged);
		await turn();
		assert.equal(clients[0]?.body, BODY);
		assert.equal(world.asked.length, 2, 'four wait for the second');
		world.answer(tagged, 1);
		await turn();
		for (const client of clients) assert.equal(client.body, BODY);
		world.isAtRest(1);
		assert.equal(world.hit(), BODY);
		assert.equal(world.asked.length, 2);
	});

test('what is not worth its place goes to who asked alone', () => {
	const world = new World();
	world.store.admits = () => false;
	const one = world.client();
	one.ask();
	world.answer(ANSWER);
	assert.equal(one.body, BODY);
	assert.match(one.side.text, /fwd-status=200; detail=scan\r\n/);
	world.isAtRest(0);
	const part = world.client();
	part.ask('/part', 'Range: bytes=0-9\r\n');
	world.answer(ANSWER, 1);
	assert.match(part.side.text, /^HTTP\/1.1 206 /);
	world.isAtRest(1);
});

test('of a crowd for what is not worth its place the second one asks for all others', async () => {
	const world = new World();
	const [one, two, three] = [world.client(), world.client(), world.client()];
	world.store.admits = () => false;
	one.ask();
	world.store.admits = () => true;
	two.ask();
	three.ask();
	assert.equal(world.asked.length, 2);
	world.answer(ANSWER, 1);
	await turn();
	assert.deepEqual([one.body, two.body, three.body], ['', BODY, BODY]);
	world.answer(ANSWER);
	assert.equal(one.body, BODY);
	world.isAtRest(1);
});
