import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { codedFields, joinedEdits, unchangedFields } from './coded-fields.ts';
import { COMPRESS } from './compress-policy.ts';
import { Compression, fieldLines } from './compression.ts';

const compression = new Compression(COMPRESS);

const lines = (...fields: string[]) =>
	fieldLines(Buffer.from(`HTTP/1.1 200 OK\r\n${fields.map((line) => `${line}\r\n`).join('')}`, 'latin1'));

suite('which answers are compressed', () => {
	const html = 'Content-Type: text/html; charset=utf-8';
	const cases: [name: string, suits: boolean, fields: string[], of?: { status?: number; length?: number }][] = [
		['a page', true, [html]],
		['of unknown length', true, [html], { length: -1 }],
		['a small one', false, [html], { length: 1023 }],
		['at the bound', true, [html], { length: 1024 }],
		['JSON', true, ['Content-Type: application/json']],
		['what ends in +json', true, ['Content-Type: application/problem+json']],
		['SVG', true, ['Content-Type: image/svg+xml']],
		['in other letters', true, ['content-type:  TEXT/CSS ; x=y']],
		['a picture', false, ['Content-Type: image/png']],
		['a stream of events', false, ['Content-Type: text/event-stream']],
		['without a type', false, []],
		['compressed already', false, [html, 'Content-Encoding: gzip']],
		['not to be transformed', false, [html, 'Cache-Control: max-age=60, no-transform']],
		['of a name that only looks so', true, [html, 'Cache-Control: x-no-transform-y']],
		['with a digest', false, [html, 'Repr-Digest: sha-256=:AA==:']],
		['a part', false, [html, 'Content-Range: bytes 0-1/2'], { status: 206 }],
		['no content', false, [html], { status: 204 }],
		['unchanged', false, [html], { status: 304 }],
		['an error with a page', true, [html], { status: 404 }],
	];
	for (const [name, suits, fields, of] of cases)
		test(name, () => assert.equal(compression.suits({ status: 200, length: 5000, ...of, ...lines(...fields) }), suits));
});

suite('for whom', () => {
	test('lines of Accept-Encoding are one list', () => {
		const request = lines('Accept-Encoding: deflate', 'accept-encoding: gzip');
		assert.equal(compression.codingFor(request), 'gzip');
		assert.equal(compression.codingFor(request), 'gzip');
	});
	test('not for who sends none, refuses them, or wants nothing transformed', () => {
		assert.equal(compression.codingFor(lines()), '');
		assert.equal(compression.codingFor(lines('Accept-Encoding: br;q=0, *;q=0')), '');
		assert.equal(compression.codingFor(lines('Accept-Encoding: br', 'Cache-Control: no-transform')), '');
	});
	test('only in codings of the list', () => {
		const gzip = new Compression({ ...COMPRESS, encodings: ['gzip'] });
		assert.equal(gzip.codingFor(lines('Accept-Encoding: br, gzip;q=0.1')), 'gzip');
	});
	test('hostile ones are not remembered without end', () => {
		for (let i = 0; i < 1000; i++)
			assert.equal(compression.codingFor(lines(`Accept-Encoding: x${i}, ${'y'.repeat(i % 200)}, gzip`)), 'gzip');
	});
});

suite('fields', () => {
	const text = (edits: { added: Buffer } | null) => edits?.added.toString('latin1');
	test('a compressed form has a weak ETag', () => {
		const { removed, added } = codedFields(lines('ETag: "a"'), 'br');
		assert.deepEqual([...removed], ['etag', 'accept-ranges']);
		assert.equal(added.toString(), 'Content-Encoding: br\r\nETag: W/"a"\r\nVary: Accept-Encoding\r\n');
	});
	test('a weak one stays, and none is invented', () => {
		assert.match(text(codedFields(lines('ETag: W/"a"'), 'gzip')) ?? '', /\nETag: W\/"a"\r\n/);
		assert.doesNotMatch(text(codedFields(lines(), 'gzip')) ?? '', /etag/i);
	});
	test('the plain form varies too', () =>
		assert.equal(text(codedFields(lines('ETag: "a"'), '')), 'Vary: Accept-Encoding\r\n'));
	test('Vary is not said twice', () => {
		for (const vary of ['accept-encoding', 'Origin, Accept-Encoding', '*'])
			assert.equal(text(codedFields(lines(`Vary: ${vary}`), '')), '');
		assert.match(text(codedFields(lines('Vary: X-Accept-Encoding'), '')) ?? '', /Vary/);
	});
	test('of an unchanged one the client hears the tag that it knows', () => {
		const answer = lines('ETag: "a"');
		assert.equal(unchangedFields(answer, lines('If-None-Match: "a"')), null);
		assert.equal(unchangedFields(lines(), lines('If-None-Match: W/"a"')), null);
		assert.equal(
			text(unchangedFields(answer, lines('If-None-Match: W/"a"'))),
			'ETag: W/"a"\r\nVary: Accept-Encoding\r\n',
		);
	});
	test('what the route takes out or sets itself does not count', () => {
		const both = new Set(['etag', 'vary']);
		const answer = lines('ETag: "a"', 'Vary: Accept-Encoding');
		assert.equal(text(codedFields(answer, 'br', both)), 'Content-Encoding: br\r\nVary: Accept-Encoding\r\n');
		assert.equal(text(codedFields(answer, '', both)), 'Vary: Accept-Encoding\r\n');
		assert.equal(unchangedFields(answer, lines('If-None-Match: W/"a"'), both), null);
	});
	test('edits of the route come first', () => {
		const own = { removed: new Set(['server']), added: Buffer.from('X: 1\r\n') };
		const both = joinedEdits(own, codedFields(lines(), 'gzip'));
		assert.deepEqual([...both.removed], ['server', 'etag', 'accept-ranges']);
		assert.match(both.added.toString(), /^X: 1\r\nContent-Encoding: gzip\r\n/);
	});
});
