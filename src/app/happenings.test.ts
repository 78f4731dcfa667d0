import assert from 'node:assert/strict';
import test from 'node:test';
import { Happenings } from './happenings.ts';

const event = (kind: string, pool: string) => ({ level: 'warn' as const, subject: 'app', text: '', kind, pool });

test('what happened is counted by service and pool', () => {
	const happenings = new Happenings();
	for (const [kind, pool] of [
		['dns_failed', 'main'],
		['dns_failed', 'standby'],
		['ready', 'main'],
	] as const)
		happenings.add(event(kind, pool));
	assert.equal(happenings.of('app', null, 'dns_failed'), 2);
	assert.equal(happenings.of('app', 'standby', 'dns_failed'), 1);
	assert.equal(happenings.of('other', null, 'dns_failed'), 0);
	assert.equal(happenings.of('app', null, 'ready'), 0);
});

test('a look-up fails from the event that says so until the one that says it no longer does, each pool for itself', () => {
	const happenings = new Happenings();
	assert.equal(happenings.lookupFails('app', 'main'), false);
	happenings.add(event('dns_failed', 'main'));
	happenings.add(event('dns_failed', 'standby'));
	happenings.add(event('dns_recovered', 'main'));
	assert.equal(happenings.lookupFails('app', 'main'), false);
	assert.equal(happenings.lookupFails('app', 'standby'), true);
});
