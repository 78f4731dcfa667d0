import assert from 'node:assert/strict';
import test from 'node:test';
import { parseStatuses } from './config.ts';

test('statuses and ranges of them', () => {
	assert.deepEqual(parseStatuses('200'), [200, 200]);
	assert.deepEqual(parseStatuses(204), [204, 204]);
	assert.deepEqual(parseStatuses('200-399'), [200, 399]);
	for (const text of ['', '2xx', '99', '600', '300-200', '200-', '200-600', '1000', '200 - 300']) {
		assert.equal(parseStatuses(text), undefined, text);
	}
});
