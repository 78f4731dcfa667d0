import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { after, afterEach, before, test } from 'node:test';
import { setImmediate } from 'node:timers/promises';
import type { PurgeTargetConfig } from '../cdn/config.ts';
import type { PurgeSelect } from '../cdn/purge-target.ts';
import { EventLog } from './event-log.ts';
import { purgePage } from './purge-page.ts';
import { Purging } from './purging.ts';

const TOKEN = 'token-of-this-node';
let lines: string[] = [];
const log = new EventLog((line) => lines.push(line));
const purging = new Purging(log, () => kept++);
let kept = 0;
/** What the cache holds, and what it was asked. */
let held: string[] = [];
const asked: [PurgeSelect, boolean][] = [];
let url = '';

const server = createServer((request, response) => {
	void purgePage(request, purging).then(({ status, body, headers }) => {
		response.writeHead(status, headers ?? {});
		response.end(JSON.stringify(body));
	});
});
before(async () => {
	await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
	url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
	purging.configure({ purge: { token: TOKEN, targets: [] }, store: null });
	purging.purger = {
		active: true,
		purge: (select, soft) => {
			asked.push([select, soft]);
			const found = held.filter((one) => 'everything' in select || ('urls' in select && select.urls.includes(one)));
			held = held.filter((one) => !found.includes(one));
			return Promise.resolve({ removed: found.length });
		},
	};
});
after(() => server.close());
afterEach(() => {
	purging.configure({ purge: { token: TOKEN, targets: [] }, store: null });
	asked.length = 0;
	lines = [];
});

const purge = (body: unknown): Promise<Response> =>
	fetch(`${url}/purge`, {
		method: 'POST',
		headers: { authorization: `bearer ${TOKEN}` },
		body: JSON.stringify(body),
	});

test('the cache is purged; of nothing it says so', async () => {
	held = ['https://a.example/x', 'https://a.example/y'];
	const first = await purge({ urls: ['https://A.example/x'], prefixes: ['https://a.example/z/../p/'], soft: true });
	assert.equal(first.status, 200);
	assert.deepEqual(await first.json(), { cache: { removed: 1 }, targets: [] });
	assert.deepEqual(asked, [
		[{ urls: ['https://a.example/x'] }, true],
		[{ prefixes: ['a.example/p/'] }, true],
	]);
	assert.match(lines.join(''), /purged softly 1 by URL, 1 by prefix: 1 here/);
	const again = await purge({ urls: ['https://a.example/x'] });
	assert.equal(again.status, 404);
	assert.equal(((await again.json()) as { title: string }).title, 'Nothing matched');
	await purge({ everything: true });
	assert.deepEqual(held, []);
});

test('without a token nobody may', async () => {
	purging.configure({ purge: { token: null, targets: [] }, store: null });
	const answer = await purge({ everything: true });
	assert.equal(answer.status, 404);
	assert.match(await answer.text(), /needs `purge: \{ token \}`/);
	assert.deepEqual(asked, []);
});

const other = (token = TOKEN): PurgeTargetConfig => ({
	name: 'other',
	perMinute: 0,
	to: { type: 'ballast', url, token },
	secrets: [token],
});

test('another node is told of it, and tells nobody in turn', async () => {
	held = ['https://a.example/x'];
	// This node is its own target: the first purge takes it, the one that is passed on finds nothing.
	purging.configure({ purge: { token: TOKEN, targets: [other()] }, store: null });
	const answer = await purge({ urls: ['https://a.example/x'], soft: true });
	assert.equal(answer.status, 200);
	assert.deepEqual(await answer.json(), {
		cache: { removed: 1 },
		targets: [{ name: 'other', state: 'done', why: '' }],
	});
	assert.deepEqual(asked, [
		[{ urls: ['https://a.example/x'] }, true],
		[{ urls: ['https://a.example/x'] }, true],
	]);
	assert.equal(purging.views()[0]?.purged, 1);
	assert.ok(kept > 0);
});

test('what waits at a target goes on under its new configuration', async () => {
	purging.configure({ purge: { token: TOKEN, targets: [other('not-the-token-there')] }, store: null });
	const answer = purging.purge({ tags: ['a'] });
	while (purging.left().purges['other'] === undefined) await setImmediate();
	purging.configure({ purge: { token: TOKEN, targets: [other('nor-is-this-it-either')] }, store: null });
	assert.deepEqual(
		purging.left().purges['other']?.map(({ item }) => item),
		['a'],
	);
	purging.configure({ purge: { token: TOKEN, targets: [other()] }, store: null });
	const { targets } = await answer;
	assert.equal(targets[0]?.state, 'done');
	assert.deepEqual(purging.left().purges, {});
	assert.equal(purging.views()[0]?.purged, 1);
});
