import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { PlatformError } from '../platform/platform-error.ts';
import { Endpoints } from './endpoints.ts';
import { memberAt } from './pod-member.ts';

interface PodFacts {
	uid?: string;
	ip?: string;
	ends?: boolean;
	phase?: string;
}

const pod = (
	name: string,
	{ uid = `uid-${name}`, ip = '10.0.0.1', ends = false, phase = 'Running' }: PodFacts = {},
) => ({
	metadata: { name, uid, ...(ends ? { deletionTimestamp: '2026-01-01T00:00:00Z' } : {}) },
	spec: { containers: [] },
	status: { phase, podIP: ip, conditions: [{ type: 'Ready', status: 'True' }] },
});
const endpoint = (name: string, conditions: object | null = { ready: true }, more: object = {}) => ({
	addresses: ['10.0.0.1'],
	...(conditions === null ? {} : { conditions }),
	targetRef: { kind: 'Pod', name, uid: `uid-${name}` },
	...more,
});
const slice = (endpoints: unknown, more: object = {}) => ({
	addressType: 'IPv4',
	ports: [
		{ name: 'metrics', port: 9090 },
		{ name: 'web', port: 8080 },
	],
	endpoints,
	...more,
});
const OF = { service: 'web', port: 'web' };

function told(slices: unknown[], one = pod('a'), of: typeof OF | { service: string; port: number } = OF) {
	const endpoints = new Endpoints(slices, of);
	const { host, port, life, ready, note } = endpoints.told(memberAt(one, endpoints.placeOf(one)), one);
	return [`${host}:${port}`, life, ready, note];
}

test('address, port and readiness are those of the slice', () => {
	const moved = endpoint('a', { ready: true }, { addresses: ['10.9.9.9', '10.8.8.8'] });
	assert.deepEqual(told([slice([moved])]), ['10.9.9.9:8080', 'running', true, '']);
	assert.deepEqual(told([slice([endpoint('a')])], pod('a'), { service: 'web', port: 9090 })[0], '10.0.0.1:9090');
	assert.deepEqual(told([slice([endpoint('a', { ready: false })])]).slice(1), ['running', false, '']);
	// A condition that is not said is true, but for `terminating`.
	assert.deepEqual(told([slice([endpoint('a', null)])]).slice(1), ['running', true, '']);
	assert.deepEqual(told([slice([endpoint('a', { ready: null })])]).slice(1), ['running', true, '']);
	const none = told([slice([endpoint('a')])], pod('a'), { service: 'web', port: 'grpc' });
	assert.deepEqual(none, ['10.0.0.1:0', 'pending', true, 'the Service web has no port grpc']);
});

test('what ends leaves, whoever says so first; one that is not listed gets nothing', () => {
	const ending = { ready: false, serving: true, terminating: true };
	assert.deepEqual(told([slice([endpoint('a', ending)])]).slice(1), [
		'leaving',
		false,
		'it ends, and serves what it has',
	]);
	assert.deepEqual(told([slice([endpoint('a', { ...ending, serving: false })])]).slice(1), ['leaving', false, '']);
	assert.deepEqual(told([slice([endpoint('a')])], pod('a', { ends: true })).slice(1, 3), ['leaving', false]);
	assert.deepEqual(told([slice([])]), [':0', 'pending', false, 'the Service web does not list it']);
	assert.deepEqual(told([slice(null)], pod('a', { phase: 'Failed' })).slice(1, 3), ['failed', false]);
});

test('several of a pod: its present life, its own address; what ends, ends', () => {
	const old = endpoint('a', { ready: true }, { targetRef: { kind: 'Pod', name: 'a', uid: 'of-before' } });
	assert.deepEqual(told([slice([old])])[3], 'the Service web does not list it');
	const six = slice([endpoint('a', { ready: true }, { addresses: ['fd00::1'] })], { addressType: 'IPv6' });
	assert.equal(told([six, slice([endpoint('a')])])[0], '10.0.0.1:8080');
	assert.equal(told([slice([endpoint('a')]), six], pod('a', { ip: 'fd00::1' }))[0], 'fd00::1:8080');
	const moving = [slice([endpoint('a', { ready: false })]), slice([endpoint('a')])];
	assert.deepEqual(told(moving)[2], true);
	const ends = slice([endpoint('a', { ready: false, terminating: true })]);
	assert.deepEqual(told([slice([endpoint('a')]), ends])[1], 'leaving');
});

test('nothing is known without a slice, and hostile ones are none', () => {
	const fails = (slices: unknown[]) =>
		assert.throws(
			() => new Endpoints(slices, OF),
			(error: PlatformError) =>
				error.fault === 'not_found' && /no EndpointSlice of the Service web/.test(error.message),
		);
	fails([]);
	fails([slice([endpoint('a')], { addressType: 'FQDN' }), null, 'x', 3, {}]);
	const hostile = [
		...[
			null,
			7,
			'x',
			{},
			endpoint('a', null, { addresses: ['evil.example.com'] }),
			endpoint('a', null, { addresses: 5 }),
		],
		endpoint('a', null, { targetRef: { kind: 'Node', name: 'a' } }),
	];
	assert.equal(told([slice(hostile)])[3], 'the Service web does not list it');
	for (const port of [0, -1, 70_000, 1.5, '80', null])
		assert.equal(told([slice([endpoint('a')], { ports: [{ name: 'web', port }] })])[0], '10.0.0.1:0');
});
