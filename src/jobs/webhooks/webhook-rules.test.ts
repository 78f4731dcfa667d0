import assert from 'node:assert/strict';
import test from 'node:test';
import { WebhookJudge, type WebhookRefusal } from './webhook-rules.ts';
import { WEBHOOK_RULES } from './webhooks-config.ts';

/** What a client may hand in; null: it is taken. */
const URLS: Readonly<Record<string, WebhookRefusal | null>> = {
	'https://hooks.example.com/jobs?a=1': null,
	'https://hooks.example.com:443/': null,
	'https://1.1.1.1/': null,
	'https://[2606:4700::1111]/': null,
	'HTTPS://HOOKS.EXAMPLE.COM': null,
	'': 'not_a_url',
	'/jobs': 'not_a_url',
	'hooks.example.com': 'not_a_url',
	'https://': 'not_a_url',
	'https://a.example/#part': 'not_a_url',
	// Two fields, as they are read.
	'https://a.example/, https://b.example/': 'not_a_url',
	'https://256.256.256.256/': 'not_a_url',
	'https://0x7f.1.2.3.4.5/': 'not_a_url',
	[`https://a.example/${'x'.repeat(2048)}`]: 'too_long',
	'http://hooks.example.com/': 'scheme',
	'ftp://hooks.example.com/': 'scheme',
	'file:///etc/passwd': 'not_a_url',
	'gopher://127.0.0.1:70/': 'scheme',
	'javascript:alert(1)': 'not_a_url',
	'https://user@hooks.example.com/': 'credentials',
	'https://user:word@hooks.example.com/': 'credentials',
	'https://hooks.example.com@127.0.0.1/': 'credentials',
	'https://hooks.example.com:22/': 'port',
	'https://hooks.example.com:8443/': 'port',
	'https://localhost/': 'loopback',
	'https://LOCALHOST./': 'loopback',
	'https://api.localhost/': 'loopback',
	'https://127.0.0.1/': 'loopback',
	'https://127.1/': 'loopback',
	'https://2130706433/': 'loopback',
	'https://0x7f000001/': 'loopback',
	'https://0x7f.0.0.1/': 'loopback',
	'https://0177.0.0.1/': 'loopback',
	'https://017700000001/': 'loopback',
	'https://127.0.0.1./': 'loopback',
	'https://%31%32%37.0.0.1/': 'loopback',
	'https://１２７.０.０.１/': 'loopback',
	'https://127。0。0。1/': 'loopback',
	'https:\\\\127.0.0.1\\': 'loopback',
	'https:127.0.0.1': 'loopback',
	' https://127.0.0.1/ ': 'not_a_url',
	'https://[::1]/': 'loopback',
	'https://[0:0:0:0:0:0:0:1]/': 'loopback',
	'https://[::ffff:127.0.0.1]/': 'loopback',
	'https://[::ffff:7f00:1]/': 'loopback',
	'https://0/': 'unspecified',
	'https://0.0.0.0/': 'unspecified',
	'https://[::]/': 'unspecified',
	'https://10.1/': 'private',
	'https://192.168.0.1/': 'private',
	'https://[fd00::1]/': 'private',
	'https://100.64.0.1/': 'shared',
	'https://169.254.1.1/': 'link_local',
	'https://[fe80::1]/': 'link_local',
	'https://169.254.169.254/latest/meta-data': 'metadata',
	'https://2852039166/': 'metadata',
	'https://0xa9fea9fe/': 'metadata',
	'https://[::ffff:a9fe:a9fe]/': 'metadata',
	'https://[64:ff9b::a9fe:a9fe]/': 'metadata',
	'https://[fd00:ec2::254]/': 'metadata',
	'https://[64:ff9b:1::a00:1]/': 'tunnel',
	'https://[2002:7f00:1::]/': 'tunnel',
	'https://[2001:0:1::1]/': 'tunnel',
	'https://224.0.0.1/': 'multicast',
	'https://[ff02::1]/': 'multicast',
	'https://255.255.255.255/': 'reserved',
	'https://[::127.0.0.1]/': 'reserved',
};

const refusalOf = (judge: WebhookJudge, url: string): WebhookRefusal | null => {
	const judged = judge.url(url);
	return judged instanceof URL ? null : judged;
};

for (const [url, reason] of Object.entries(URLS))
	test(`${url.slice(0, 60)}: ${reason ?? 'taken'}`, () => {
		assert.equal(refusalOf(new WebhookJudge(WEBHOOK_RULES), url), reason);
	});

test('what is private on purpose: ranges, and names that open no metadata', () => {
	const judge = new WebhookJudge({
		allow: ['10.1.0.0/16', 'fd00::/64', 'hooks.internal'],
		http: [],
		ports: [443, 8443],
	});
	const of = (url: string): WebhookRefusal | null => refusalOf(judge, url);
	assert.equal(of('https://10.1.2.3:8443/'), null);
	assert.equal(of('https://[::ffff:10.1.2.3]/'), null);
	assert.equal(of('https://10.2.0.1/'), 'private');
	assert.equal(of('https://[fd00::5]/'), null);
	assert.equal(of('https://[fd00:0:0:1::5]/'), 'private');
	assert.equal(judge.address('192.168.0.1', 'hooks.internal'), null);
	assert.equal(judge.address('127.0.0.1', 'HOOKS.internal.'), null);
	assert.equal(judge.address('192.168.0.1', 'other.internal'), 'private');
	for (const address of ['169.254.169.254', 'fd00:ec2::254', '::ffff:169.254.169.254', '0.0.0.0', 'fe80::1'])
		assert.notEqual(judge.address(address, 'hooks.internal'), null, address);
});

test('http only to hosts that are named, a port only there', () => {
	const judge = new WebhookJudge({ allow: [], http: ['a.example', 'B.example:8080'], ports: [443] });
	const of = (url: string): WebhookRefusal | null => refusalOf(judge, url);
	assert.equal(of('http://a.example/'), null);
	assert.equal(of('http://a.example:8080/'), 'port');
	assert.equal(of('http://b.example:8080/'), null);
	assert.equal(of('http://b.example/'), 'scheme');
	assert.equal(of('https://b.example:8080/'), 'port');
	assert.equal(of('http://c.a.example/'), 'scheme');
});
