/** A miss with a level behind the memory: what is asked for where, and what that level is told. */
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { after, test } from 'node:test';
import { PLAIN_CACHE } from '../../cache/cache-policy.ts';
import { AnswerMemory } from '../../cache/memory/answer-memory.ts';
import { openAnswerStore } from '../../cache/memory/memory-store.ts';
import { storedAnswer } from '../../cache/memory/testing/answers.ts';
import { CacheHash } from '../../cache/rules/cache-hash.ts';
import type { FoundAnswer, KeptAnswer, SecondLevel } from '../../cache/second-level.ts';
import { UrlMarks } from '../../cache/url-marks.ts';
import { ClientConnection } from '../../gateway/client-connection.ts';
import type { DataPlane } from '../../gateway/data-plane.ts';
import { Requests } from '../../gateway/requests.ts';
import { bareRequests } from '../../gateway/testing/bare-plane.ts';
import { forwardingRoute } from '../../gateway/testing/forwarding-route.ts';
import { LoneOrigin } from '../../gateway/testing/lone-origin.ts';
import { TakingTransport } from '../../wire/testing/taking-transport.ts';
import { goOn, handle, lookAgain } from '../pipeline.ts';
import { AnswerCaching } from './answer-caching.ts';
import { RouteCache } from './route-cache.ts';
import { SecondLevels } from './second-levels.ts';

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

/** The only instance. */
class Origin extends LoneOrigin {
	readonly sink: TakingTransport;

	constructor(plane: DataPlane) {
		const sink = new TakingTransport();
		super(plane, sink);
		this.sink = sink;
	}

	answer(status: string, fields: string, body: string): void {
		this.give(Buffer.from(`HTTP/1.1 ${status}\r\n${fields}\r\n${body}`));
	}
}

const levels: HandLevel[] = [];
// Who still waits for a level keeps this process alive until it is late.
after(() => {
	for (const { asked } of levels) for (const answer of asked.splice(0)) answer(null);
});

/** Its answers come when the test says so. */
class HandLevel implements SecondLevel {
	readonly name = 'hand';
	readonly timeoutMs = 60_000;
	readonly kept: string[] = [];
	readonly asked: ((found: FoundAnswer | null) => void)[] = [];

	constructor() {
		levels.push(this);
	}

	find(): Promise<FoundAnswer | null> {
		return new Promise((resolve) => this.asked.push(resolve));
	}

	keep({ entry }: KeptAnswer): void {
		this.kept.push(entry.read(0).toString('latin1'));
	}

	drop(): void {}
	changed(): void {}
	async close(): Promise<void> {}
}

/** One route of a worker, with a cache and a level behind it. */
class Node {
	readonly level = new HandLevel();
	readonly origin: Origin;
	readonly #requests: Requests;

	constructor() {
		const { plane } = bareRequests();
		this.#requests = new Requests(plane, handle);
		this.origin = new Origin(plane);
		(plane.upstreams as unknown[]).push(this.origin);
		const store = openAnswerStore(AnswerMemory.create(4 * 1024 * 1024), 0);
		const [hash, marks] = [new CacheHash(randomBytes(32)), new UrlMarks(UrlMarks.create())];
		const lines = { again: lookAgain, goOn, balance: () => 0 };
		const second = new SecondLevels([this.level], marks);
		const lookup = new AnswerCaching({ plane, store, marks, hash, levels: second, bodyMost: 1e6, ...lines });
		const route = forwardingRoute(new RouteCache(lookup, PLAIN_CACHE, ''), 2);
		plane.routes = { match: () => route, methodsAllowed: () => [] };
	}

	/** A client that asks for it. */
	ask(path = '/page', more = ''): { client: ClientConnection; sink: TakingTransport } {
		const [client, sink] = [new ClientConnection(this.#requests, false), new TakingTransport()];
		client.attach(sink, '192.0.2.7');
		const request = Buffer.from(`GET ${path} HTTP/1.1\r\nHost: a.example\r\nX-Asked: ${path}\r\n${more}\r\n`);
		client.onBytes(request, request.length);
		return { client, sink };
	}

	/** What the level has for the first that it was asked for, comes. */
	async found(found: FoundAnswer | null): Promise<void> {
		this.level.asked.shift()?.(found);
		await turn();
	}
}

const FRESH = 'Cache-Control: max-age=600\r\nContent-Length: 5\r\n';

test('a miss is given as it comes, and told to the level once', async () => {
	const node = new Node();
	const { sink } = node.ask();
	assert.equal(node.origin.sink.text, '');
	await node.found(null);
	assert.match(node.origin.sink.text, /^GET \/page HTTP\/1\.1\r\n/);
	node.origin.answer('200 OK', FRESH, 'fresh');
	assert.match(sink.text, /\r\n\r\nfresh$/);
	await turn();
	await turn();
	assert.deepEqual(node.level.kept, ['fresh']);
	assert.match(node.ask().sink.text, /; hit.*\r\n\r\nfresh$/s);
});

test('what the origin confirms is told to the level once', async () => {
	const node = new Node();
	node.ask();
	await node.found(null);
	node.origin.answer('200 OK', 'Cache-Control: max-age=1\r\nAge: 5\r\nETag: "1"\r\nContent-Length: 5\r\n', 'first');
	await turn();
	assert.deepEqual(node.level.kept, []);
	const { sink } = node.ask();
	await node.found(null);
	assert.match(node.origin.sink.text, /If-None-Match: "1"\r\n/i);
	node.origin.answer('304 Not Modified', 'Cache-Control: max-age=600\r\nAge: 0\r\nETag: "1"\r\n', '');
	assert.match(sink.text, /^HTTP\/1\.1 200 .*\r\n\r\nfirst$/s);
	await turn();
	await turn();
	assert.deepEqual(node.level.kept, ['first']);
});

test('who leaves while the level is asked leaves his request behind', async () => {
	const node = new Node();
	const { client } = node.ask();
	client.onClose();
	// Another one's takes the place of what was his.
	node.ask('/another');
	await node.found(null);
	assert.match(node.origin.sink.text, /^GET \/page HTTP\/1\.1\r\n.*X-Asked: \/page\r\n/is);
	node.origin.answer('200 OK', FRESH, 'fresh');
	await turn();
	await turn();
	assert.deepEqual(node.level.kept, ['fresh']);
	assert.match(node.ask().sink.text, /; hit/);
});

test('what the level has is given, kept, and not asked for', async () => {
	const node = new Node();
	const { sink } = node.ask();
	const nowMs = Date.now();
	const answer = storedAnswer({ length: 5, requestMs: nowMs, responseMs: nowMs, freshMs: 600_000 });
	await node.found({ answer, trailers: null, body: [Buffer.from('found')], close: () => {} });
	assert.match(sink.text, /hand.*\r\n\r\nfound$/s);
	assert.match(node.ask().sink.text, /; hit.*\r\n\r\nfound$/s);
	await turn();
	assert.deepEqual([node.origin.sink.text, node.level.kept], ['', []]);
});

test('a part is asked of the level, which may have all of it; the origin is only where it has not', async () => {
	const node = new Node();
	const range = 'Range: bytes=1-3\r\n';
	const { sink } = node.ask('/page', range);
	const nowMs = Date.now();
	const answer = storedAnswer({ length: 5, requestMs: nowMs, responseMs: nowMs, freshMs: 600_000 });
	await node.found({ answer, trailers: null, body: [Buffer.from('found')], close: () => {} });
	assert.match(sink.text, /^HTTP\/1\.1 206 .*Content-Range: bytes 1-3\/5\r\n.*\r\n\r\noun$/s);
	assert.equal(node.origin.sink.text, '');
	const { client } = node.ask('/left', range);
	client.onClose();
	await node.found(null);
	assert.equal(node.origin.sink.text, '', 'nobody wants it any more');
	node.ask('/other', range);
	await node.found(null);
	assert.match(node.origin.sink.text, /^GET \/other HTTP\/1\.1\r\n.*Range: bytes=1-3\r\n/s);
});
