import assert from 'node:assert/strict';
import { test } from 'node:test';
import { forOwner } from './stored-answer.ts';

test("no cache on the way may give an owner's result to others", () => {
	const told = (fields: string): string => forOwner(Buffer.from(`HTTP/1.1 200 OK\r\n${fields}`)).toString();
	assert.equal(
		told('cache-control: public, max-age=60\r\nExpires: x\r\nX-Age: 1\r\n'),
		'HTTP/1.1 200 OK\r\nX-Age: 1\r\nCache-Control: private\r\n',
	);
	assert.equal(told(''), 'HTTP/1.1 200 OK\r\nCache-Control: private\r\n');
	assert.equal(told('Cache-Control: max-age=1, No-Store\r\n'), 'HTTP/1.1 200 OK\r\nCache-Control: no-store\r\n');
});
