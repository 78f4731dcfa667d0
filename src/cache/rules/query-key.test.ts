import assert from 'node:assert/strict';
import { test } from 'node:test';
import { queryKeyOf } from './query-key.ts';

test('of a query only what is named is part of the key, and what some origin may take for that', () => {
	const key = queryKeyOf({ only: ['page_no', 'Sort', 'f*'] });
	assert.equal(key('?x=1&page_no=2&utm-a=3&filter=4'), '?page_no=2&filter=4');
	for (const odd of ['PAGE_NO=2', 'page.no=2', 'page%5fno=2', 'page_no[]=2', 'page_no[a]=2', '+page_no=2', 'sort=a'])
		assert.equal(key(`?x=1&${odd}`), `?${odd}`);
	assert.equal(key('?x=1;page_no=2'), '?x=1;page_no=2');
	assert.equal(key('?x'), '');
});

test('what is left out is left out in that very spelling', () => {
	const key = queryKeyOf({ except: ['utm_a', 'f*'] });
	assert.equal(key('?utm_a=1&b=2&fbclid=3'), '?b=2');
	assert.equal(key('?UTM_A=1&utm_a[]=2&utm.a=3'), '?UTM_A=1&utm_a[]=2&utm.a=3');
});
