import assert from 'node:assert/strict';
import { test } from 'node:test';
import { formatAddress, parseAddress } from './address.ts';

test('addresses', () => {
	for (const [text, host, port] of [
		['a.example', 'a.example', 1],
		['10.0.0.5:6379', '10.0.0.5', 6379],
		['[::1]:7000', '::1', 7000],
		['[::1]', '::1', 1],
	] as const) {
		const node = parseAddress(text, 1);
		assert.deepEqual(node, { host, port });
		assert.deepEqual(parseAddress(formatAddress(node as { host: string; port: number }), 1), node);
	}
	for (const text of ['', ':1', 'a:0', 'a:65536', 'a:b', '::1', 'a b', 'redis://a', 'u@a', 'a/1'])
		assert.equal(parseAddress(text, 1), null, text);
});
