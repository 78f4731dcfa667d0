import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { StatusPolicy } from './external-policy.ts';
import { isPointer, pointed, textAt } from './json-pointer.ts';
import { isAmong, readCode, readStatuses, submittedId, together } from './read-status.ts';

const POLICY: StatusPolicy = {
	path: '/x?ids={ids}',
	most: 100,
	items: '/data',
	id: '/id',
	state: '/state',
	code: '/error/code',
	message: null,
	progress: '/percent',
	done: ['completed'],
	failed: ['failed'],
	unknown: ['not_found'],
};

test('a pointer finds what is there, and nothing of what an object inherits', () => {
	const value = { 'a/b': { '~': [1, { c: 'x' }] }, n: 7, e: '' };
	assert.equal(pointed(value, '/a~1b/~0/1/c'), 'x');
	assert.equal(pointed(value, ''), value);
	assert.equal(pointed(value, '/constructor'), undefined);
	assert.deepEqual([textAt(value, '/n'), textAt(value, '/e'), textAt(value, null)], ['7', null, null]);
	assert.deepEqual(['', '/a', '/a~1b', 'a', '/a~2'].map(isPointer), [true, true, true, false, false]);
});

test('the id of a job, of several in one, and what cannot be asked with', () => {
	const policy = { id: '/data/id' };
	const idOf = (id: unknown): string | null => submittedId({ data: { id } }, policy);
	assert.equal(idOf('v_1'), 'v_1');
	assert.equal(idOf(12), '12');
	assert.equal(idOf(['a', 'b']), 'a,b');
	for (const bad of [undefined, null, '', [], ['a', null], '../x', '..', '.', 'a b', 'a,b', 'a?b=1', {}])
		assert.equal(idOf(bad), null);
	assert.equal(submittedId('no object', policy), null);
});

test('states by their words; who was not asked for is not told of', () => {
	const item = (id: string, state: string, more = {}) => ({ id, state, ...more });
	const data = [
		item('a', 'completed'),
		item('b', 'failed', { error: { code: 'moderated' } }),
		item('c', 'processing', { percent: 40 }),
		item('d', 'not_found'),
		item('e', 'completed'),
		'nonsense',
	];
	const seen = readStatuses({ data }, ['a', 'b', 'c', 'd', 'z'], POLICY);
	assert.deepEqual(
		[...seen].map(([id, { state, code, percent }]) => [id, state, code, percent]),
		[
			['a', 'done', null, null],
			['b', 'failed', 'moderated', null],
			['c', 'going', null, 40],
			['d', 'unknown', null, null],
		],
	);
	assert.equal(readStatuses({ data: 'x' }, ['a'], POLICY).size, 0);
	assert.equal(readStatuses({ state: 'completed' }, ['a'], { ...POLICY, items: null }).get('a')?.state, 'done');
});

test('of several in one: done once all are, failed once all have ended', () => {
	const seen = readStatuses(
		{
			data: [
				{ id: 'a', state: 'completed' },
				{ id: 'b', state: 'x', percent: 50 },
				{ id: 'c', state: 'failed' },
			],
		},
		['a', 'b', 'c'],
		POLICY,
	);
	const [a, b, c] = ['a', 'b', 'c'].map((id) => seen.get(id) ?? assert.fail());
	assert.ok(a && b && c);
	assert.deepEqual([together([a, b, c]).state, together([a, b]).percent], ['going', 75]);
	assert.equal(together([a, c]).state, 'failed');
	assert.equal(together([a, a]).state, 'done');
});

test('what a code means goes before its status', () => {
	const policy = { code: '/error/code', message: '/error/message', retry: ['busy'], fail: ['quota'] };
	const read = (code: unknown) => readCode({ error: { code, message: 'm' } }, policy);
	assert.deepEqual([read('busy')?.retried, read('quota')?.retried, read('other')?.retried], [true, false, null]);
	assert.equal(read(null), null);
});

test('words may begin or end with anything', () => {
	assert.ok(isAmong('video.success', ['*.success']));
	assert.ok(isAmong('video.success', ['video.*']));
	assert.ok(!isAmong('video.success', ['video', 'success']));
});
