import assert from 'node:assert/strict';
import test from 'node:test';
import { parseHashKey } from './config.ts';

test('what is hashed', () => {
	assert.deepEqual(parseHashKey('header:X-Tenant'), { from: 'header', name: 'x-tenant' });
	assert.deepEqual(parseHashKey('cookie:Sid'), { from: 'cookie', name: 'Sid' });
	assert.deepEqual(parseHashKey('query:user'), { from: 'query', name: 'user' });
	assert.deepEqual(parseHashKey('address'), { from: 'address' });
	for (const text of ['', 'header', 'header:', 'path', 'address:x', 'header:a b', 'cookie:a;b', 'Header:a']) {
		assert.equal(parseHashKey(text), undefined, text);
	}
});
