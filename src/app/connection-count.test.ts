import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ConnectionCount } from './connection-count.ts';
import { NodeCell, type Plan } from './plan.ts';

function gateOf(connectionsPerAddress: number, trust: string[] = []): ConnectionCount {
	const gate = new ConnectionCount(new Int32Array(NodeCell.cells), 0);
	gate.configure({ workers: 1, columns: 1, trust, limits: { connections: 100, connectionsPerAddress } } as Plan);
	return gate;
}
const opened = (gate: ConnectionCount, addresses: string[]) => addresses.map((address) => gate.open(address));

test('so many of one address, and again as they close', () => {
	const gate = gateOf(2);
	assert.deepEqual(opened(gate, ['192.0.2.1', '192.0.2.1', '192.0.2.1', '192.0.2.2']), [true, true, false, true]);
	gate.close('192.0.2.1');
	assert.deepEqual(opened(gate, ['192.0.2.1', '192.0.2.1']), [true, false]);
	assert.deepEqual(opened(gate, ['127.0.0.1', '127.0.0.1', '127.0.0.1', '::1', '::1', '::1']), Array(6).fill(true));
});

test('who has one IPv6 address has all of its first 64 bits', () => {
	const gate = gateOf(2);
	const own = ['2001:db8::1', '2001:db8:0:0:5::2', '2001:db8::ffff'];
	assert.deepEqual(opened(gate, own), [true, true, false]);
	assert.equal(gate.open('2001:db8:0:1::1'), true);
	gate.close('2001:db8::1');
	assert.deepEqual(opened(gate, ['2001:db8::9', '2001:db8::1']), [true, false]);
});

test('a proxy that is trusted speaks for many clients', () => {
	const gate = gateOf(2, ['10.0.0.0/8']);
	assert.deepEqual(opened(gate, Array<string>(5).fill('10.1.2.3')), Array(5).fill(true));
	assert.deepEqual(opened(gate, Array<string>(3).fill('192.0.2.1')), [true, true, false]);
});
