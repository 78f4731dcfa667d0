import assert from 'node:assert/strict';
import { test } from 'node:test';
import { judge } from './durability.ts';

const SAFE: Readonly<Record<string, string>> = {
	appendonly: 'yes',
	appendfsync: 'everysec',
	maxmemory: '1000000',
	'maxmemory-policy': 'noeviction',
	'min-replicas-to-write': '1',
};

const warningsOf = (of: { connected: number | null; replicas: number }, more: Record<string, string> = {}): string =>
	judge({ settings: new Map(Object.entries({ ...SAFE, ...more })), ...of }).join('\n');

const GROUP = { connected: 2, replicas: 1 };

test('a Redis that suits jobs is not warned of', () => {
	assert.equal(warningsOf(GROUP), '');
	assert.equal(warningsOf({ connected: 0, replicas: 0 }, { appendfsync: 'always' }), '');
});

test('what may lose jobs is said, with what to set', () => {
	assert.match(warningsOf(GROUP, { appendonly: 'no' }), /set `appendonly yes`/);
	assert.match(warningsOf(GROUP, { appendfsync: 'no' }), /whenever the system likes/);
	assert.match(warningsOf({ connected: 0, replicas: 0 }), /each second.*`appendfsync always`/);
	assert.match(warningsOf(GROUP, { 'maxmemory-policy': 'allkeys-lru' }), /jobs among them: set `maxmemory-policy noev/);
	assert.match(warningsOf(GROUP, { 'maxmemory-policy': 'volatile-lru', maxmemory: '0' }), /once a `maxmemory` is set/);
	assert.match(warningsOf(GROUP, { 'min-replicas-to-write': '0' }), /set `min-replicas-to-write 1`/);
	assert.match(warningsOf({ connected: 2, replicas: 0 }), /a failover may lose some/);
	assert.match(warningsOf({ connected: 0, replicas: 1 }), /no job is taken in until there are/);
});
