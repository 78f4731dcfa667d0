import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Permissions } from './permissions.ts';
import type { ChecksPermissions, Platform } from './platform.ts';
import { PlatformError } from './platform-error.ts';

const open = new AbortController().signal;
const failing = (fault: 'denied' | 'unreachable' | 'busy') => Promise.reject(new PlatformError(fault, 'no'));

function platform(missing: string[]): Platform & ChecksPermissions {
	return {
		kind: 'test',
		target: 'group a',
		group: () => failing('denied'),
		setDesired: () => failing('denied'),
		remove: () => failing('denied'),
		close() {},
		missingPermissions: async () => ({ missing: [...missing], untested: ['c'], why: 'nobody says' }),
	};
}

test('what was refused is missing until that works; an answer that does not come says nothing', async () => {
	const permissions = new Permissions();
	await assert.rejects(permissions.during('resize', failing('unreachable')), { fault: 'unreachable' });
	assert.equal(permissions.missing, false);
	await assert.rejects(permissions.during('resize', failing('denied')), { fault: 'denied' });
	await assert.rejects(permissions.during('resize', failing('busy')), { fault: 'busy' });
	assert.equal(await permissions.during('look', Promise.resolve(3)), 3);
	assert.equal(permissions.missing, true);
	await permissions.during('resize', Promise.resolve());
	assert.equal(permissions.missing, false);
	permissions.later(new PlatformError('denied', 'no'));
	assert.equal(permissions.missing, true);
	permissions.later(null);
	assert.equal(permissions.missing, false);
});

test('a review is told once, and made anew when a change works', async () => {
	const permissions = new Permissions();
	const missing = ['a'];
	const one = platform(missing);
	assert.match((await permissions.review(one, 1000, open)) ?? '', /^group a .* \(permission needed: a\)$/);
	assert.equal(await permissions.review(one, 1000, open), null);
	missing.push('b');
	await permissions.during('look', Promise.resolve());
	assert.equal(await permissions.review(one, 1000, open), null, 'not before its time');
	await permissions.during('resize', Promise.resolve());
	assert.match((await permissions.review(one, 1000, open)) ?? '', /\(permissions needed: a, b\)$/);
	missing.length = 0;
	await permissions.during('remove', Promise.resolve());
	assert.equal(await permissions.review(one, 1000, open), null);
	assert.equal(permissions.missing, false);
});
