import assert from 'node:assert/strict';
import { test } from 'node:test';
import { TestingWatcher } from '../testing-watcher.ts';
import { type Entry, MemberSet } from './member-set.ts';
import type { PlatformMember } from './platform.ts';

const member = (id: string): PlatformMember => ({
	...{ id, host: '127.0.0.1', port: 8080, life: 'running', ready: null, startedAt: 500, note: '' },
});
const BOTH = [member('a'), member('b')];

function setOf(lagMs: number) {
	const members = new MemberSet('api', false);
	members.lagMs = lagMs;
	const watcher = new TestingWatcher();
	members.watch(watcher);
	members.take(BOTH, 1000);
	return { members, watcher, b: members.find('api@b') as Entry };
}

test('who was not listed for a moment is used again once what is listed cannot be older; its start is no news', () => {
	const { members, watcher, b } = setOf(100);
	// As it was before it came.
	assert.deepEqual(members.take([member('a')], 1010), []);
	assert.deepEqual(watcher.ids('leaving'), ['api@b']);
	members.letGo(b, 1020);
	members.take(BOTH, 1090);
	assert.deepEqual(watcher.ids('running'), ['api@a']);
	assert.deepEqual(members.take(BOTH, 1130), []);
	assert.deepEqual(watcher.ids('running'), ['api@a', 'api@b']);
	assert.equal(members.find('api@b')?.fresh, false);
});

test('who was ended here and is listed still is not used for ten minutes, and then that is told', () => {
	const { members, watcher, b } = setOf(100);
	members.forget(b, 1020);
	members.take(BOTH, 600_000);
	assert.deepEqual(watcher.ids('running'), ['api@a']);
	assert.deepEqual(members.take(BOTH, 601_100), ['b']);
	assert.deepEqual(watcher.ids('running'), ['api@a', 'api@b']);
});

test('another life under the same name is used at once, and its start is seen', () => {
	const { members, watcher, b } = setOf(100);
	members.forget(b, 1020);
	members.take([member('a'), { ...member('b'), startedAt: 1025 }], 1030);
	assert.deepEqual(watcher.ids('running'), ['api@a', 'api@b']);
	assert.equal(members.find('api@b')?.fresh, true);
});
