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
		['one-abc.a.run.app', 'one-abc.a.run.app'],
		['one.lambda-url.eu-west-1.on.aws', 'one.lambda-url.eu-west-1.on.aws'],
		['one.uc.r.appspot.com', 'one.uc.r.appspot.com'],
		['one-1a2b.westeurope-01.azurewebsites.net', 'one-1a2b.westeurope-01.azurewebsites.net'],
		['run.app', 'run.app'],
		['hooks', 'hooks'],
		['hooks.internal', 'hooks.internal'],
		['a.default.svc.cluster.local', 'a.default.svc.cluster.local'],
		['203.0.113.7', '203.0.113.7'],
		['[2001:db8:1:2:3:4:5:6]', '2001:db8:1:2::'],
		['2001:db8:1:2::9', '2001:db8:1:2::'],
		['2001:db8::9', '2001:db8:0:0::'],
		['::ffff:1.2.3.4', '::ffff:1.2.3.4'],
		['[::ffff:102:304]', '::ffff:102:304'],
		['', ''],
	] as const)
		assert.equal(turnOfHost(host), turn, host);
});
