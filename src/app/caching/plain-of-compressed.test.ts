/** A route with `compress`: what goes to who asked as it is goes to him as it comes, what he gets in a coding once it is made. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { COMPRESS } from '../../gateway/compress/compress-policy.ts';
import { Compression } from '../../gateway/compress/compression.ts';
import { LoneNode } from './testing/lone-node.ts';

const BODY = 'some text, '.repeat(200);

/** What a client has, who asked by this line, once half of the answer came. */
function halfOf(type: string, line: string): string {
	const node = new LoneNode({ route: { compress: new Compression(COMPRESS) } });
	const { sink } = node.ask('/page', line);
	const fields = `Cache-Control: max-age=60\r\nContent-Type: ${type}\r\nContent-Length: ${BODY.length}\r\n`;
	node.origin.answer('200 OK', fields, BODY.slice(0, 1000));
	const half = sink.text;
	node.origin.give(Buffer.from(BODY.slice(1000)));
	assert.equal(node.caching.idle, true);
	const again = node.ask('/page', line).sink.text;
	assert.match(again, /; hit/);
	return half;
}

test('what is not compressed for him he gets as it comes', () => {
	const image = halfOf('image/png', 'Accept-Encoding: br\r\n');
	assert.ok(image.endsWith(BODY.slice(0, 1000)));
	assert.doesNotMatch(image, /^vary:/im);
	const text = halfOf('text/plain', '');
	assert.ok(text.endsWith(BODY.slice(0, 1000)));
	assert.match(text, /^vary: accept-encoding\r$/im);
});

test('what is compressed for him comes from the store, not as it came', () => {
	assert.equal(halfOf('text/plain', 'Accept-Encoding: br\r\n'), '');
});
