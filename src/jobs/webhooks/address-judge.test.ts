import assert from 'node:assert/strict';
import test from 'node:test';
import { type AddressKind, embeddedV4, judgeAddress, parseCidr } from './address-judge.ts';

const ADDRESSES: Readonly<Record<string, AddressKind | null>> = {
	'1.1.1.1': null,
	'9.255.255.255': null,
	'11.0.0.0': null,
	'100.63.255.255': null,
	'100.128.0.0': null,
	'172.15.255.255': null,
	'172.32.0.0': null,
	'192.167.255.255': null,
	'192.169.0.0': null,
	'223.255.255.255': null,
	'2606:4700::1111': null,
	'2a00:1450:4001:800::200e': null,
	'0.0.0.0': 'unspecified',
	'0.1.2.3': 'unspecified',
	'10.0.0.1': 'private',
	'10.255.255.255': 'private',
	'100.64.0.1': 'shared',
	'100.127.255.255': 'shared',
	'100.100.100.200': 'metadata',
	'127.0.0.1': 'loopback',
	'127.255.255.254': 'loopback',
	'168.63.129.16': 'metadata',
	'169.254.169.254': 'metadata',
	'169.254.170.2': 'metadata',
	'169.254.0.1': 'link_local',
	'172.16.0.1': 'private',
	'172.31.255.255': 'private',
	'192.0.0.8': 'reserved',
	'192.0.2.1': 'reserved',
	'192.88.99.1': 'tunnel',
	'192.168.1.1': 'private',
	'198.18.0.1': 'reserved',
	'198.19.255.255': 'reserved',
	'198.51.100.7': 'reserved',
	'203.0.113.7': 'reserved',
	'224.0.0.1': 'multicast',
	'239.255.255.255': 'multicast',
	'240.0.0.1': 'reserved',
	'255.255.255.255': 'reserved',
	'::': 'unspecified',
	'::1': 'loopback',
	'::7f00:1': 'reserved',
	'::127.0.0.1': 'reserved',
	'100::1': 'reserved',
	'fc00::1': 'private',
	'fdff::1': 'private',
	'fd00:ec2::254': 'metadata',
	'fd20:ce::254': 'metadata',
	'fe80::1': 'link_local',
	'fe80::1%eth0': 'link_local',
	'febf::1': 'link_local',
	'fec0::1': 'private',
	'ff02::1': 'multicast',
	'2001:0:4136:e378:8000:63bf:3fff:fdd2': 'tunnel',
	'2001:2::1': 'reserved',
	'2001:db8::1': 'reserved',
	'2002:7f00:1::': 'tunnel',
	'2002:808:808::1': 'tunnel',
	'3fff::1': 'reserved',
	'4000::1': 'reserved',
	'5f00::1': 'reserved',
	'8000::1': 'reserved',
	'::ffff:127.0.0.1': 'loopback',
	'::ffff:7f00:1': 'loopback',
	'0:0:0:0:0:ffff:a00:1': 'private',
	'::ffff:169.254.169.254': 'metadata',
	'::ffff:0.0.0.0': 'unspecified',
	'::ffff:1.1.1.1': null,
	'64:ff9b::10.0.0.1': 'private',
	'64:ff9b::a9fe:a9fe': 'metadata',
	'64:ff9b::1.1.1.1': null,
	'64:ff9b:1::1.1.1.1': 'tunnel',
	'not an address': 'reserved',
	'': 'reserved',
};

for (const [address, kind] of Object.entries(ADDRESSES))
	test(`${address} is ${kind ?? 'public'}`, () => {
		assert.equal(judgeAddress(address), kind);
	});

test('the address within an address', () => {
	assert.equal(embeddedV4('::ffff:10.0.0.1'), '10.0.0.1');
	assert.equal(embeddedV4('::ffff:0:1'), '0.0.0.1');
	assert.equal(embeddedV4('::ffff:0:0'), '0.0.0.0');
	assert.equal(embeddedV4('64:ff9b::ffff:ffff'), '255.255.255.255');
	assert.equal(embeddedV4('2002:a00:1::'), null);
	assert.equal(embeddedV4('10.0.0.1'), null);
});

test('ranges', () => {
	assert.deepEqual(parseCidr('10.0.0.0/8'), { address: '10.0.0.0', bits: 8, version: 4 });
	assert.deepEqual(parseCidr('fd00::/8'), { address: 'fd00::', bits: 8, version: 6 });
	assert.deepEqual(parseCidr('10.0.0.1'), { address: '10.0.0.1', bits: 32, version: 4 });
	for (const none of ['10.0.0.0/33', 'fd00::/129', '10.0.0/8', 'hooks.internal', '10.0.0.0/', '/8', ''])
		assert.equal(parseCidr(none), null, none);
});
