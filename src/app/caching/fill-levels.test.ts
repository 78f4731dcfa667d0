/** A miss with a level behind the memory: what is asked for where, and what that level is told. */
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { storedAnswer } from '../../cache/memory/testing/answers.ts';
import type { FoundAnswer } from '../../cache/second-level.ts';
import { HandLevel, LoneNode, turn } from './testing/lone-node.ts';

const levels: HandLevel[] = [];
after(() => {
	for (const level of levels) level.answerAll();
});

function leveled(): LoneNode {
	const level = new HandLevel();
	levels.push(level);
	return new LoneNode({ level });
}

/** Of five bytes, ten minutes fresh. */
function found(text = 'found'): FoundAnswer {
	// It came later than what is stored, however quick this machine is.
	const nowMs = Date.now() + 1;
	const answer = storedAnswer({ length: 5, requestMs: nowMs, responseMs: nowMs, freshMs: 600_000 });
	return { answer, trailers: null, body: [Buffer.from(text)], close: () => {} };
}

const FRESH = 'Cache-Control: max-age=600\r\nContent-Length: 5\r\n';

test('a miss is given as it comes, and told to the level once', async () => {
	const node = leveled();
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
	const node = leveled();
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
	const node = leveled();
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
	const node = leveled();
	const { sink } = node.ask();
	await node.found(found());
	assert.match(sink.text, /hand.*\r\n\r\nfound$/s);
	assert.match(node.ask().sink.text, /; hit.*\r\n\r\nfound$/s);
	await turn();
	assert.deepEqual([node.origin.sink.text, node.level.kept], ['', []]);
});

test('a part is asked of the level, which may have all of it; the origin is only where it has not', async () => {
	const node = leveled();
	const range = 'Range: bytes=1-3\r\n';
	const { sink } = node.ask('/page', range);
	await node.found(found());
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

test('a HEAD is given what a GET of another node brought; else it goes to the origin as it is', async () => {
	const node = leveled();
	const { sink } = node.ask('/page', '', 'HEAD');
	assert.equal(node.origin.asked(), '');
	await node.found(found());
	assert.match(sink.text, /^HTTP\/1\.1 200 .*detail=hand\r\nContent-Length: 5\r\n\r\n$/s);
	assert.match(node.ask().sink.text, /; hit.*\r\n\r\nfound$/s);
	const other = node.ask('/other', '', 'HEAD');
	await node.found(null);
	assert.match(node.origin.asked(), /^HEAD \/other HTTP\/1\.1\r\n/);
	node.origin.answer('200 OK', FRESH);
	assert.match(other.sink.text, /^HTTP\/1\.1 200 .*fwd=uri-miss\r\n(?:.*\r\n)*\r\n$/s);
	const { client } = node.ask('/left', '', 'HEAD');
	client.onClose();
	await node.found(null);
	node.ask('/matched', 'If-Match: "1"\r\n', 'HEAD');
	assert.match(
		node.origin.asked(),
		/^HEAD \/matched /,
		'who left is not asked for, and this one the level cannot judge',
	);
	node.level.closed = true;
	node.ask('/closed', '', 'HEAD');
	assert.equal(node.level.asked.length, 0);
	assert.equal(node.caching.idle, true);
});

test('a HEAD that finds a stale answer asks the level for a newer one', async () => {
	const node = leveled();
	node.ask();
	await node.found(null);
	node.origin.answer('200 OK', 'Cache-Control: max-age=1\r\nAge: 5\r\nETag: "1"\r\nContent-Length: 5\r\n', 'first');
	const { sink } = node.ask('/page', '', 'HEAD');
	await node.found(found('newer'));
	assert.match(sink.text, /^HTTP\/1\.1 200 .*detail=hand/s);
	node.origin.asked();
	assert.match(node.ask().sink.text, /; hit.*\r\n\r\nnewer$/s);
	assert.equal(node.caching.idle, true);
});
