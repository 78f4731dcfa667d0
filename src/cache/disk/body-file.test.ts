import assert from 'node:assert/strict';
import test from 'node:test';
import {
	BLOCK,
	BlockSums,
	bodyNumber,
	bodyPath,
	bodyStart,
	decodeFooter,
	decodeHeader,
	encodeHeader,
	FOOTER_FIXED,
	footerLength,
	pagesOf,
} from './body-file.ts';

const node = Buffer.from('12345678');
const header = {
	key: Buffer.from('hexample.com/a'),
	about: Buffer.alloc(100, 1),
	varyEnd: 82,
	head: Buffer.from('HTTP/1.1 200 OK\r\n'),
	node,
};

test('a header says where the body begins, and holds what stands in front of it', () => {
	const bytes = encodeHeader(header);
	assert.equal(bodyStart(bytes), bytes.length);
	assert.deepEqual(decodeHeader(bytes, node), header);
	assert.equal(decodeHeader(bytes, Buffer.from('another1')), null);
	for (let at = 0; at < bytes.length; at++) {
		const damaged = Buffer.from(bytes);
		damaged[at] = (damaged[at] as number) ^ 1;
		assert.equal(decodeHeader(damaged, node), null, `${at}`);
	}
});

test('a footer holds a sum of each block, however the body came', () => {
	const body = Buffer.alloc(2 * BLOCK + 5, 'body');
	const footers = [7, 1000, BLOCK, body.length].map((piece) => {
		const sums = new BlockSums();
		for (let at = 0; at < body.length; at += piece) sums.add(body.subarray(at, at + piece));
		return sums.footer(Buffer.from('T: 1\r\n'));
	});
	for (const footer of footers) assert.ok(footer.equals(footers[0] as Buffer));
	const footer = footers[0] as Buffer;
	assert.equal(footerLength(footer.subarray(footer.length - FOOTER_FIXED)), footer.length);
	const decoded = decodeFooter(footer);
	assert.equal(decoded?.length, body.length);
	assert.equal(decoded?.trailers?.toString(), 'T: 1\r\n');
	assert.equal(decoded?.sums.length, 3);
	for (let at = 0; at < footer.length; at++) {
		const damaged = Buffer.from(footer);
		damaged[at] = (damaged[at] as number) ^ 1;
		assert.equal(decodeFooter(damaged), null, `${at}`);
	}
});

test('files are named by numbers alone', () => {
	assert.equal(bodyPath('/x', 255), '/x/000000ff.body');
	assert.equal(bodyNumber('000000ff.body'), 255);
	for (const name of ['key', '000000ff.body~', '../0000ff.body', 'ff.body', '000000FF.body'])
		assert.equal(bodyNumber(name), null);
});

test('pages are counted with all that belongs to a file', () => {
	assert.equal(pagesOf({ header: 100, body: 4096 - 100 - 4 - FOOTER_FIXED, trailers: 0 }), 1);
	assert.equal(pagesOf({ header: 100, body: 4096 - 100 - 3 - FOOTER_FIXED, trailers: 0 }), 2);
});
