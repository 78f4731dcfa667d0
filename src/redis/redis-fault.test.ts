import assert from 'node:assert/strict';
import { test } from 'node:test';
import { redisFault } from './redis-fault.ts';

class SocketClosedUnexpectedlyError extends Error {}

test('a fault is a word that holds no secret', () => {
	const faults: [unknown, string, boolean][] = [
		[Object.assign(new Error('connect ECONNREFUSED 10.0.0.5:6379'), { code: 'ECONNREFUSED' }), 'ECONNREFUSED', false],
		[new Error('WRONGPASS invalid username-password pair or user is disabled.'), 'WRONGPASS', true],
		[new Error("OOM command not allowed when used memory > 'maxmemory'."), 'OOM', true],
		[new Error('unknown command `s3cret`'), 'it failed', false],
		[Object.assign(new Error('x'), { code: 'a secret: s3cret' }), 'it failed', false],
		[new SocketClosedUnexpectedlyError('Socket closed'), 'it closed the connection', false],
		['s3cret', 'it failed', false],
		[undefined, 'it failed', false],
	];
	for (const [error, word, answered] of faults) {
		const fault = redisFault(error);
		assert.equal(fault.message, word);
		assert.equal(fault.answered, answered);
		assert.equal(redisFault(fault), fault);
	}
});
