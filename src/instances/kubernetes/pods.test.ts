import assert from 'node:assert/strict';
import { test } from 'node:test';
import { leavingOrder, whyOthers } from './leaving-order.ts';
import { isOf, memberOf, membersOf } from './pod-member.ts';
import { containersOfSize } from './pod-size.ts';
import { podUsage } from './pod-usage.ts';
import { parseQuantity } from './quantity.ts';
import { replicaFailure, rolloutOf, selectorOf } from './workload.ts';

const pod = (
	name: string,
	more: { phase?: string; ready?: string; node?: string; ip?: unknown; spec?: object } = {},
) => ({
	metadata: { name, creationTimestamp: '2026-01-02T03:04:05Z' },
	spec: { nodeName: more.node ?? 'n', containers: [], ...more.spec },
	status: {
		phase: more.phase ?? 'Running',
		podIP: more.ip ?? '10.0.0.9',
		conditions: [{ type: 'Ready', status: more.ready ?? 'True' }],
	},
});

test('quantities', () => {
	const cases: [unknown, number | null][] = [
		['250m', 0.25],
		['1.5', 1.5],
		['128Mi', 128 * 2 ** 20],
		['1e3', 1000],
		['100k', 100_000],
		['250000000n', 0.25],
		['1Ei', 2 ** 60],
		['.5', 0.5],
		['2.', 2],
		[3, 3],
		['', null],
		['m', null],
		['1KB', null],
		['1 Mi', null],
		['9'.repeat(10_000), null],
		[null, null],
		[{}, null],
	];
	for (const [text, value] of cases) assert.equal(parseQuantity(text), value, String(text).slice(0, 20));
});

test('lives of pods, whatever they say', () => {
	const lifeOf = (more: object) => memberOf({ ...pod('a'), ...more }, 80).life;
	assert.equal(lifeOf({}), 'running');
	assert.equal(lifeOf({ status: { phase: 'Pending' } }), 'pending');
	assert.equal(lifeOf({ status: { phase: 'Running' } }), 'pending', 'no address yet');
	assert.equal(
		lifeOf({ status: { phase: 'Running', podIP: 'evil.example.com' } }),
		'pending',
		'only an address is one',
	);
	assert.equal(lifeOf({ status: { phase: 'Succeeded', podIP: '10.0.0.1' } }), 'failed');
	assert.equal(lifeOf({ metadata: { name: 'a', deletionTimestamp: '2026-01-01T00:00:00Z' } }), 'leaving');
	assert.equal(memberOf(pod('a', { ready: 'Unknown' }), 80).ready, false);
	const backOff = { waiting: { reason: 'ImagePullBackOff', message: 'no such\u001b image' } };
	const { note } = memberOf({ ...pod('a'), status: { phase: 'Pending', containerStatuses: [{ state: backOff }] } }, 80);
	assert.match(note, /^ImagePullBackOff: no such.* image$/);
	assert.ok(!note.includes('\u001b'));
	for (const hostile of [null, 3, 'x', [], {}, { metadata: null }, { metadata: { name: 7 } }])
		assert.deepEqual(
			membersOf([hostile], (one) => memberOf(one, 80)),
			[],
		);
});

test('a port by its name; without it a pod is not used', () => {
	const spec = {
		containers: [{ ports: [{ name: 'admin', containerPort: 1 }] }, { ports: [{ name: 'http', containerPort: 8080 }] }],
	};
	assert.equal(memberOf(pod('a', { spec }), 'http').port, 8080);
	const { life, note } = memberOf(pod('a', { spec }), 'grpc');
	assert.deepEqual([life, note], ['pending', 'no container has a port named grpc']);
});

test('why it waits comes before where it would be reached', () => {
	const message = '0/3 nodes are available';
	const conditions = [{ type: 'PodScheduled', status: 'False', reason: 'Unschedulable', message }];
	const waiting = { ...pod('a'), status: { phase: 'Pending', conditions } };
	assert.equal(memberOf(waiting, 0).note, `Unschedulable: ${message}`);
});

test('of pods that failed only the newest are listed', () => {
	const failed = Array.from({ length: 40 }, (_, at) => {
		const one = pod(`f${at}`, { phase: 'Failed' });
		return { ...one, metadata: { ...one.metadata, creationTimestamp: new Date(at * 60_000).toISOString() } };
	});
	const ids = membersOf([pod('a'), ...failed], (one) => memberOf(one, 80)).map(({ id }) => id);
	assert.deepEqual(ids, ['a', 'f35', 'f36', 'f37', 'f38', 'f39']);
});

test('whose pod it is', () => {
	const owned = (kind: string, name: string) => ({ metadata: { ownerReferences: [{ kind, name, controller: true }] } });
	const deployment = { kind: 'deployment', name: 'api' } as const;
	assert.ok(isOf(deployment, owned('ReplicaSet', 'api-7d4f')));
	assert.ok(!isOf(deployment, owned('ReplicaSet', 'web-7d4f')));
	assert.ok(!isOf(deployment, owned('Job', 'api-1')));
	assert.ok(isOf({ kind: 'statefulset', name: 'api' }, owned('StatefulSet', 'api')));
	assert.ok(!isOf({ kind: 'statefulset', name: 'api' }, { metadata: {} }));
});

test('who leaves first, and when it would be somebody else', () => {
	const pods = [
		pod('ready'),
		pod('unready', { ready: 'False' }),
		pod('pending', { phase: 'Pending' }),
		pod('unplaced', { phase: 'Pending', node: '' }),
	];
	assert.deepEqual(leavingOrder(['ready', 'unready', 'pending', 'unplaced'], pods, false), [
		'unplaced',
		'pending',
		'unready',
		'ready',
	]);
	assert.equal(whyOthers(pods, new Set(['unplaced']), false), null);
	assert.equal(whyOthers(pods, new Set(['unplaced', 'pending', 'unready']), false), null);
	assert.match(whyOthers(pods, new Set(['ready']), false) ?? '', /unready is not ready/);
	const sets = [pod('api-2'), pod('api-10'), pod('api-9')];
	assert.deepEqual(leavingOrder(['api-2', 'api-9', 'api-10'], sets, true), ['api-10', 'api-9', 'api-2']);
	assert.equal(whyOthers(sets, new Set(['api-10', 'api-9']), true), null);
	assert.match(whyOthers(sets, new Set(['api-9']), true) ?? '', /api-10 is to stay/);
});

test('selectors, rollouts and failures of a workload', () => {
	const selector = {
		matchLabels: { app: 'api' },
		matchExpressions: [
			{ key: 'tier', operator: 'In', values: ['a', 'b'] },
			{ key: 'old', operator: 'DoesNotExist' },
		],
	};
	assert.equal(selectorOf({ spec: { selector } }), 'app=api,tier in (a,b),!old');
	assert.throws(() => selectorOf({ spec: {} }), /no pod can be told/);
	assert.throws(
		() => selectorOf({ spec: { selector: { matchExpressions: [{ key: 'a', operator: 'Like' }] } } }),
		/cannot be read/,
	);
	assert.equal(rolloutOf({ status: { replicas: 3, updatedReplicas: 3 } }), null);
	assert.equal(
		rolloutOf({ status: { replicas: 4, updatedReplicas: 1 } }),
		'a rollout is under way: 1 of 4 pods are new',
	);
	const kept = {
		spec: { updateStrategy: { rollingUpdate: { partition: 2 } } },
		status: { replicas: 3, updatedReplicas: 1 },
	};
	assert.equal(rolloutOf(kept), null);
	const conditions = [{ type: 'ReplicaFailure', status: 'True', reason: 'FailedCreate', message: 'exceeded quota' }];
	assert.equal(replicaFailure({ status: { conditions } })?.message, 'FailedCreate: exceeded quota');
	assert.equal(replicaFailure({ status: {} }), null);
});

test('usage: no request, no share', () => {
	const containers = [
		{ name: 'api', resources: { requests: { cpu: '500m', memory: '1Gi' } } },
		{ name: 'mesh', resources: { requests: { cpu: '500m' } } },
	];
	const timestamp = '2026-01-02T03:04:05Z';
	const item = (more: object) => ({
		metadata: { name: 'a' },
		timestamp,
		containers: [{ usage: { cpu: '250m', memory: '1Gi' } }],
		...more,
	});
	const usage = podUsage([item({})], [pod('a', { spec: { containers } })]);
	assert.deepEqual(usage.get('a'), { cpu: 0.25, memory: null, atMs: Date.parse(timestamp) });
	for (const bad of [{ timestamp: 'now' }, { metadata: { name: 'b' } }, { metadata: null }])
		assert.equal(podUsage([item(bad)], [pod('a')]).size, 0);
	assert.deepEqual(podUsage([item({ containers: [] })], [pod('a')]).get('a')?.cpu, null);
});

test('sizes: of the container with the port, limits only where there are some', () => {
	const containers = [
		{ name: 'mesh', resources: {} },
		{ name: 'api', ports: [{ containerPort: 80 }], resources: { requests: { cpu: '1' }, limits: { memory: '1Gi' } } },
	];
	const size = { cpu: 0.5, memoryBytes: 2 ** 31 };
	const resources = { requests: { cpu: '500m', memory: '2147483648' }, limits: { memory: '2147483648' } };
	assert.deepEqual(containersOfSize({ spec: { containers } }, { size, port: 80 }), [{ name: 'api', resources }]);
	const same = { cpu: 1, memoryBytes: null };
	assert.deepEqual(containersOfSize({ spec: { containers } }, { size: same, port: 80 }), []);
	assert.deepEqual(containersOfSize({}, { size, port: 80 }), []);
});
