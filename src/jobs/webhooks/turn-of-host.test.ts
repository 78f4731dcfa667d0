import assert from 'node:assert/strict';
import { test } from 'node:test';
import { turnOfHost } from './turn-of-host.ts';

test('all hosts of a domain that somebody registered share a turn; hosts of one’s own and addresses have each theirs', () => {
	for (const [host, turn] of [
		['a.evil.com', 'evil.com'],
		['x.y.z.evil.com', 'evil.com'],
		['B.Evil.COM.', 'evil.com'],
		['evil.com', 'evil.com'],
		['a.evil.co.uk', 'evil.co.uk'],
		['evil.co.uk', 'evil.co.uk'],
		['a.evil.com.br', 'evil.com.br'],
		['a.b.example.de', 'example.de'],
		// A platform's customers are strangers to one another.
		['one.vercel.app', 'one.vercel.app'],
		['a.one.vercel.app', 'one.vercel.app'],
		['two.up.railway.app', 'two.up.railway.app'],
		['vercel.app', 'vercel.app'],
		['a.execute-api.eu-west-1.amazonaws.com', 'a.execute-api.eu-west-1.amazonaws.com'],
		['hooks', 'hooks'],
		['hooks.internal', 'hooks.internal'],
		['a.default.svc.cluster.local', 'a.default.svc.cluster.local'],
		['203.0.113.7', '203.0.113.7'],
		['[2001:db8:1:2:3:4:5:6]', '2001:db8:1:2::'],
		['2001:db8:1:2::9', '2001:db8:1:2::'],
		['2001:db8::9', '2001:db8:0:0::'],
		['::ffff:1.2.3.4', '0:0:0:0::'],
		['', ''],
	] as const)
		assert.equal(turnOfHost(host), turn, host);
});
