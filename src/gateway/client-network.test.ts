import assert from 'node:assert/strict';
import net from 'node:net';
import test from 'node:test';
import fc from 'fast-check';
import { ClientNetwork } from './client-network.ts';

const network = new ClientNetwork();
const read = (text: string): [number, number, number] => {
	network.read(text);
	return [network.family, network.high >>> 0, network.low >>> 0];
};

test('an IPv4 address counts as a whole', () => {
	assert.deepEqual(read('1.2.3.4'), [4, 0x01020304, 0]);
	assert.deepEqual(read('255.255.255.255'), [4, 0xffffffff, 0]);
	assert.deepEqual(read('0.0.0.0'), [4, 0, 0]);
	assert.notDeepEqual(read('10.0.0.1'), read('10.0.0.2'));
});

test('of an IPv6 address the first 64 bits count', () => {
	assert.deepEqual(read('2001:db8:1:2:3:4:5:6'), [6, 0x20010db8, 0x00010002]);
	assert.deepEqual(read('2001:DB8:1:2::'), [6, 0x20010db8, 0x00010002]);
	assert.deepEqual(read('2001:db8:1:2:ffff::1'), [6, 0x20010db8, 0x00010002]);
	assert.notDeepEqual(read('2001:db8:1:3::1'), read('2001:db8:1:2::1'));
	assert.deepEqual(read('2001:db8::7'), [6, 0x20010db8, 0]);
	assert.deepEqual(read('::1'), [6, 0, 0]);
	assert.deepEqual(read('::'), [6, 0, 0]);
	assert.deepEqual(read('fe80::1%eth0'), [6, 0xfe800000, 0]);
	assert.deepEqual(read('1::3:4:5:6:7:8'), [6, 0x00010000, 0x00030004]);
	assert.deepEqual(read('64:ff9b::1.2.3.4'), [6, 0x0064ff9b, 0]);
});

test('an IPv6 address that stands for an IPv4 one counts as that', () => {
	for (const text of ['::ffff:1.2.3.4', '::FFFF:102:304', '0:0:0:0:0:ffff:0102:0304'])
		assert.deepEqual(read(text), [4, 0x01020304, 0], text);
});

test('what is no address is none', () => {
	const none = ['', 'x', '1.2.3', '1.2.3.4.5', '1.2.3.256', '1..2.3', ':', '1:2', '1::2::3', 'g::1', '12345::'];
	for (const text of [...none, '1:2:3:4:5:6:7:8:9', '::1.2.3', '1:2:3:4:5:6:7:1.2.3.4'])
		assert.deepEqual(read(text), [0, 0, 0], text);
});

/** The first 64 bits, by Node's own understanding: whether an address lies in the /64 that was read. */
function isWithin(text: string, high: number, low: number): boolean {
	const groups = [high >>> 16, high & 0xffff, low >>> 16, low & 0xffff].map((group) => group.toString(16));
	const list = new net.BlockList();
	list.addSubnet(`${groups.join(':')}::`, 64, 'ipv6');
	return list.check(text, 'ipv6');
}

test('property: every address is read, into the /64 that it lies in', () => {
	fc.assert(
		fc.property(fc.ipV6(), (text) => {
			const [family, high, low] = read(text);
			if (family === 4) assert.match(text, /ffff/i);
			else assert.ok(family === 6 && isWithin(text, high, low), `${text} ${high} ${low}`);
		}),
		{ numRuns: 500 },
	);
	fc.assert(
		fc.property(fc.ipV4(), (text) => {
			const bytes = text.split('.').map(Number) as [number, number, number, number];
			assert.deepEqual(read(text), [4, Buffer.from(bytes).readUInt32BE(), 0]);
		}),
	);
	fc.assert(
		fc.property(fc.string({ maxLength: 20 }), (text) => {
			if (net.isIP(text) === 0 && !text.includes('%')) assert.equal(read(text)[0], 0, text);
		}),
	);
});
