import assert from 'node:assert/strict';
import { test } from 'node:test';
import { leavingOrder, whyOthers } from './leaving-order.ts';
import { MemoryEndCount } from './memory-end-count.ts';
import { isOf, memberOf, membersOf } from './pod-member.ts';
import { containersOfSize, restartsForSize } from './pod-size.ts';
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
		containers: [{ name: 'api', usage: { cpu: '250m', memory: '1Gi' } }],
		...more,
	});
	const usage = podUsage([item({})], [pod('a', { spec: { containers } })], 80);
	const own = { cores: 0.25, memoryBytes: 2 ** 30, given: { cpu: 0.5, memoryBytes: 2 ** 30 } };
	assert.deepEqual(usage.get('a'), { cpu: 0.25, memory: null, ...own, atMs: Date.parse(timestamp) });
	for (const bad of [{ timestamp: 'now' }, { metadata: { name: 'b' } }, { metadata: null }])
		assert.equal(podUsage([item(bad)], [pod('a')], 80).size, 0);
	const none = podUsage([item({ containers: [] })], [pod('a')], 80).get('a');
	assert.deepEqual([none?.cpu, none?.cores, none?.memoryBytes], [null, null, null]);
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

const GIB = 2 ** 30;
const sizedPod = (requests: object, limits: object, more: object = {}) => ({
	spec: { containers: [{ name: 'api', resources: { requests, limits }, ...more }] },
});

test('sizes: limits keep their ratio, so that the pod keeps its QoS class', () => {
	const burstable = sizedPod({ cpu: '500m', memory: '1Gi' }, { cpu: '1', memory: '3Gi' });
	const size = { cpu: 0.2, memoryBytes: GIB / 2 };
	const resources = {
		requests: { cpu: '200m', memory: String(GIB / 2) },
		limits: { cpu: '400m', memory: String(1.5 * GIB) },
	};
	assert.deepEqual(containersOfSize(burstable, { size, port: 80 }), [{ name: 'api', resources }]);
	const again = sizedPod(resources.requests, resources.limits);
	assert.deepEqual(containersOfSize(again, { size, port: 80 }), [], 'once is enough');
	const guaranteed = sizedPod({ cpu: '1', memory: '1Gi' }, { cpu: '1', memory: '1Gi' });
	const [changed] = containersOfSize(guaranteed, { size: { cpu: 0.123, memoryBytes: 7e8 }, port: 80 }) as [
		{ resources: { requests: object; limits: object } },
	];
	assert.deepEqual(changed.resources.requests, changed.resources.limits);
	const limitAlone = sizedPod({}, { memory: '1Gi' });
	const [doubled] = containersOfSize(limitAlone, { size: { cpu: null, memoryBytes: 2 * GIB }, port: 80 });
	const twice = { memory: String(2 * GIB) };
	assert.deepEqual(doubled, { name: 'api', resources: { requests: twice, limits: twice } });
});

test('sizes: a change that starts the container anew is told from one that does not', () => {
	const resizePolicy = [{ resourceName: 'memory', restartPolicy: 'RestartContainer' }];
	const one = sizedPod({ cpu: '1', memory: '1Gi' }, {}, { resizePolicy });
	assert.equal(restartsForSize(one, { size: { cpu: 2, memoryBytes: GIB }, port: 80 }), false);
	assert.equal(restartsForSize(one, { size: { cpu: 2, memoryBytes: 2 * GIB }, port: 80 }), true);
});

test('ends for want of memory: each once, of the sized container alone, of this pod alone', () => {
	const ended = (id: string, reason = 'OOMKilled') => ({ terminated: { reason, containerID: id, exitCode: 137 } });
	const count = new MemoryEndCount('http');
	const look = (uid: string, statuses: object[]) => {
		const containers = [
			{ name: 'mesh' },
			{ name: 'api', ports: [{ name: 'http', containerPort: 80 }], resources: { limits: { memory: '1Gi' } } },
		];
		const one = {
			metadata: { name: 'a', uid },
			spec: { containers },
			status: { containerStatuses: statuses },
		};
		return count.count(
			[one],
			membersOf([one], (each) => memberOf(each, 'http')),
		)[0]?.memoryEnds;
	};
	const api = (more: object) => [
		{ name: 'mesh', lastState: ended('m') },
		{ name: 'api', ...more },
	];
	assert.deepEqual(look('u1', api({})), { count: 0, memoryBytes: GIB });
	assert.equal(look('u1', api({ state: ended('c1') }))?.count, 1);
	assert.equal(look('u1', api({ state: { running: {} }, lastState: ended('c1') }))?.count, 1);
	assert.equal(look('u1', api({ lastState: ended('c2', 'Error') }))?.count, 1);
	assert.equal(look('u1', api({ lastState: ended('c3') }))?.count, 2);
	assert.equal(look('u2', api({}))?.count, 0);
});
