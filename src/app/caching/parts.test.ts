/** Answers of which only a part came: for whom they are, and what becomes of them. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { LoneNode, turn } from './testing/lone-node.ts';

const LENGTH = 200_000;
const HALF = LENGTH / 2;
const BODY = Buffer.alloc(LENGTH, 'abcdefghijklmnopqrstuvwxyz').toString();
const FRESH = 'Cache-Control: max-age=600\r\nETag: "1"\r\n';
const range = (first: number, last: number | ''): string => `Range: bytes=${first}-${last}\r\n`;
const IF_RANGE = 'If-Range: "1"\r\n';

/** The answer to this range, without the fields that an `If-Range` spares it. */
function answerPart(node: LoneNode, first: number, last: number, more = ''): void {
	const length = last - first + 1;
	const place = `Content-Range: bytes ${first}-${last}/${LENGTH}\r\nContent-Length: ${length}\r\n`;
	node.origin.answer('206 Partial Content', FRESH + place + more, BODY.slice(first, last + 1));
}

/** A 200 of which half comes. */
function breakOff(node: LoneNode, fields = `${FRESH}Content-Type: film/a\r\nContent-Length: ${LENGTH}\r\n`): void {
	node.ask();
	node.origin.asked();
	node.origin.answer('200 OK', fields, BODY.slice(0, HALF));
	node.origin.end();
}

test('a part that answered an If-Range is for those who have the rest, and so its fields', () => {
	const node = new LoneNode();
	node.ask('/page', range(0, 9) + IF_RANGE);
	node.origin.asked();
	answerPart(node, 0, 9);
	assert.match(node.ask('/page', range(2, 4) + IF_RANGE).sink.text, /^HTTP\/1\.1 206 .*; hit.*\r\n\r\ncde$/s);
	assert.equal(node.origin.asked(), '');
	node.ask('/page', `${range(2, 4)}If-Range: "2"\r\n`);
	assert.match(node.origin.asked(), /Range: bytes=2-4/);
	node.origin.answer('204 No Content', '');
	node.ask('/page', range(2, 4));
	assert.match(node.origin.asked(), /Range: bytes=2-4/, 'who has nothing of it asks the origin');
	answerPart(node, 2, 4, 'Content-Type: film/a\r\n');
	assert.match(node.ask('/page', range(2, 4)).sink.text, /Content-Type: film\/a\r\n.*; hit.*\r\n\r\ncde$/s);
});

test('while it comes, too, it is for no one else', () => {
	const node = new LoneNode();
	node.ask('/page', range(0, 9) + IF_RANGE);
	node.origin.answer('206 Partial Content', `${FRESH}Content-Range: bytes 0-9/20\r\nContent-Length: 10\r\n`, 'abc');
	node.origin.asked();
	const { sink } = node.ask('/page', range(0, 1) + IF_RANGE);
	assert.match(sink.text, /^HTTP\/1\.1 206 .*\r\n\r\nab$/s);
	assert.equal(node.origin.asked(), '');
	assert.equal(node.ask('/page', range(0, 1)).sink.text, '', 'it waits for the one connection of this origin');
});

test('what broke off is given in part, and is the whole once the rest came', async () => {
	const node = new LoneNode();
	breakOff(node);
	assert.match(node.ask('/page', range(1, 3)).sink.text, /^HTTP\/1\.1 206 .*; hit.*\r\n\r\nbcd$/s);
	assert.equal(node.origin.asked(), '');
	node.ask('/page', range(HALF, '') + IF_RANGE);
	assert.match(node.origin.asked(), /Range: bytes=100000-\r\n/);
	answerPart(node, HALF, LENGTH - 1);
	await turn();
	await turn();
	const { sink } = node.ask();
	assert.match(sink.text, /^HTTP\/1\.1 200 .*Content-Type: film\/a\r\n.*; hit/s);
	assert.ok(sink.text.endsWith(BODY), 'all of it, and nothing else');
	assert.equal(node.origin.asked(), '');
});

test('what broke off is put together with what came before, too', async () => {
	const node = new LoneNode();
	node.ask('/page', range(HALF, '') + IF_RANGE);
	answerPart(node, HALF, LENGTH - 1);
	breakOff(node);
	await turn();
	await turn();
	assert.ok(node.ask().sink.text.endsWith(BODY));
	assert.equal(node.origin.asked(), '');
	assert.equal(node.store.usage.entries, 1);
});

test('who wants all of what broke off has all of it asked for', () => {
	const node = new LoneNode();
	breakOff(node);
	node.ask();
	assert.match(node.origin.asked(), /^GET \/page (?:(?!Range).*\r\n)+\r\n$/);
});

test('what broke off is nothing where the rest could not be known, or was purged', async () => {
	for (const fields of [
		`Cache-Control: max-age=600\r\nContent-Length: ${LENGTH}\r\n`,
		`Cache-Control: max-age=600\r\nETag: W/"1"\r\nContent-Length: ${LENGTH}\r\n`,
	]) {
		const node = new LoneNode();
		breakOff(node, fields);
		assert.equal(node.store.usage.entries, 0);
	}
	const purged = new LoneNode();
	purged.ask();
	purged.origin.answer('200 OK', `${FRESH}Content-Length: ${LENGTH}\r\n`, BODY.slice(0, HALF));
	await purged.store.purge({ everything: true }, false);
	purged.origin.end();
	assert.equal(purged.store.usage.entries, 0);
});
