import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'node:test';
import type { Channel } from '../notification.ts';
import { type ChannelPeer, channelSuite } from '../testing/channel-suite.ts';
import { HttpSink } from '../testing/http-sink.ts';
import { sampleAlert, sampleNotification } from '../testing/sample-notification.ts';
import { SmtpSink } from '../testing/smtp-sink.ts';
import { AlertmanagerChannel } from './alertmanager.ts';
import { channelOf } from './channel-of.ts';
import { CommandChannel } from './command.ts';
import { EmailChannel } from './email.ts';
import { PagerDutyChannel } from './pagerduty.ts';
import { SlackChannel } from './slack.ts';
import { sendMail } from './smtp-client.ts';
import { WebhookChannel } from './webhook.ts';

async function httpPeer(make: (url: string, waitMs: number) => Channel): Promise<ChannelPeer> {
	const sink = await HttpSink.open();
	return {
		channel: (waitMs) => make(`${sink.url}/x`, waitMs),
		behave(how) {
			sink.answer = how === 'silent' ? how : { status: { take: 200, refuse: 403, fail: 503 }[how] };
		},
		arrived: () => JSON.stringify(sink.received),
		[Symbol.asyncDispose]: () => sink[Symbol.asyncDispose](),
	};
}

channelSuite('webhook', () =>
	httpPeer((url, waitMs) => new WebhookChannel({ type: 'webhook', url, headers: [['X-A', 'b']] }, waitMs)),
);
channelSuite('slack', () =>
	httpPeer((url, waitMs) => new SlackChannel({ type: 'slack', url, template: null }, waitMs)),
);
channelSuite('pagerduty', () =>
	httpPeer((url, waitMs) => new PagerDutyChannel({ type: 'pagerduty', url, key: 'k' }, waitMs)),
);
channelSuite('alertmanager', () =>
	httpPeer((url, waitMs) => new AlertmanagerChannel({ type: 'alertmanager', url, headers: [] }, waitMs)),
);

/** What is written over and over: base64 of a text that is longer than a line. */
const decoded = (message: string) => Buffer.from(message.slice(message.indexOf('\r\n\r\n')), 'base64').toString('utf8');

channelSuite('email', async () => {
	const behaviours = new Map<string, SmtpSink>();
	for (const [how, options] of [
		['take', {}],
		['fail', { recipient: '451 later' }],
		['refuse', { recipient: '550 nobody' }],
		['silent', { silent: true }],
	] as const)
		behaviours.set(how, await SmtpSink.open(options));
	let sink = behaviours.get('take') as SmtpSink;
	return {
		channel: (waitMs) => ({
			send: (notification) =>
				new EmailChannel(
					{
						type: 'email',
						server: { host: '127.0.0.1', port: sink.port, tls: 'none', login: null },
						from: 'a@example.com',
						to: ['b@example.com'],
						template: null,
					},
					waitMs,
				).send(notification),
		}),
		behave(how) {
			sink = behaviours.get(how) as SmtpSink;
		},
		arrived: () => sink.messages.map((message) => message + decoded(message)).join('\n'),
		async [Symbol.asyncDispose]() {
			for (const one of behaviours.values()) await one[Symbol.asyncDispose]();
		},
	};
});

channelSuite('command', async () => {
	const folder = mkdtempSync(join(tmpdir(), 'ballast-command-'));
	const file = join(folder, 'tell.sh');
	const behave: ChannelPeer['behave'] = (how) => {
		const lines = { take: 'cat >> got', refuse: 'exit 2', fail: 'echo no >&2; exit 1', silent: 'sleep 60' };
		writeFileSync(file, `#!/bin/sh\n${lines[how]}\n`);
		chmodSync(file, 0o755);
	};
	behave('take');
	return {
		channel: (waitMs) =>
			new CommandChannel({ type: 'command', command: ['./tell.sh', '$(touch pwned)'], cwd: folder }, waitMs),
		behave,
		arrived: () => (existsSync(join(folder, 'got')) ? readFileSync(join(folder, 'got'), 'utf8') : ''),
		async [Symbol.asyncDispose]() {
			assert.equal(existsSync(join(folder, 'pwned')), false);
			rmSync(folder, { recursive: true, force: true });
		},
	};
});

test('webhook: the body is that of Alertmanager, version 4', async () => {
	await using sink = await HttpSink.open();
	await new WebhookChannel({ type: 'webhook', url: `${sink.url}/hook`, headers: [['Authorization', 'Bearer x']] }).send(
		sampleNotification(),
	);
	const [got] = sink.received;
	assert.deepEqual(
		[got?.method, got?.path, got?.headers['authorization'], got?.headers['content-type']],
		['POST', '/hook', 'Bearer x', 'application/json'],
	);
	const labels = { alertname: 'errors', severity: 'critical', ballast: 'n1', service: 'videos', route: 'GET /v1/*' };
	const annotations = {
		summary: 'error_rate of videos is 12%, over 5%.',
		value: '12%',
		threshold: 'over 5%',
		cause: 'deploy of videos began (20s before)',
		runbook_url: 'https://wiki.example.com/errors',
	};
	assert.deepEqual(got?.body, {
		version: '4',
		groupKey: '{}:{alertname="errors", service="videos"}',
		truncatedAlerts: 0,
		status: 'firing',
		receiver: 'hook',
		groupLabels: { alertname: 'errors', service: 'videos' },
		commonLabels: labels,
		commonAnnotations: annotations,
		externalURL: '',
		alerts: [
			{
				status: 'firing',
				labels,
				annotations,
				startsAt: '2026-11-28T12:03:10.000Z',
				endsAt: '0001-01-01T00:00:00Z',
				generatorURL: '',
				fingerprint: '0123456789abcdef',
			},
		],
	});
});

test('slack: text cannot mention or link; pagerduty: one incident a group, that ends', async () => {
	await using sink = await HttpSink.open();
	const slack = new SlackChannel({
		type: 'slack',
		url: sink.url,
		template: '{{severity}} {{summary}} {{nothing}}{{service}}',
	});
	await slack.send(sampleNotification({ alerts: [sampleAlert({ summary: '<!channel> <http://evil|x> & more' })] }));
	const { text, blocks } = (sink.received[0] as { body: unknown }).body as { text: string; blocks: unknown[] };
	assert.match(
		text,
		/^critical: errors of videos\ncritical &lt;!channel&gt; &lt;http:\/\/evil\|x&gt; &amp; more videos$/,
	);
	assert.ok(!JSON.stringify(blocks).includes('<!'));
	sink.answer = { status: 200, body: 'no_service' };
	await assert.rejects(slack.send(sampleNotification()), {
		message: 'refused: no_service',
		details: { permanent: true },
	});
	sink.answer = { status: 202 };
	sink.received.length = 0;
	const pager = new PagerDutyChannel({ type: 'pagerduty', url: sink.url, key: 'rk' });
	await pager.send(sampleNotification());
	await pager.send(sampleNotification({ status: 'resolved' }));
	await pager.send(sampleNotification({ test: true }));
	const events = sink.received.map(
		({ body }) =>
			body as { event_action: string; dedup_key: string; routing_key: string; payload?: { severity: string } },
	);
	assert.deepEqual(
		events.map((event) => event.event_action),
		['trigger', 'resolve', 'trigger', 'resolve'],
	);
	assert.equal(new Set(events.map((event) => event.dedup_key)).size, 1);
	assert.deepEqual([events[0]?.routing_key, events[0]?.payload?.severity], ['rk', 'critical']);
});

test('an HTTP channel says when to try again, follows no redirect, and shows no secret', async () => {
	await using sink = await HttpSink.open();
	const secret = 's3cr3t-t0ken';
	const channel = channelOf({
		name: 'hook',
		perMinute: 0,
		to: { type: 'webhook', url: `${sink.url}/${secret}`, headers: [['Authorization', `Bearer ${secret}`]] },
		secrets: [`${sink.url}/${secret}`, `Bearer ${secret}`, secret],
	});
	sink.answer = { status: 429, headers: { 'retry-after': '7' }, body: `you sent Bearer ${secret}` };
	await assert.rejects(channel.send(sampleNotification()), (error: Error & { details: unknown }) => {
		assert.ok(!error.message.includes(secret) && error.message.startsWith('answered 429: you sent'), error.message);
		assert.deepEqual(error.details, { permanent: false, retryAfterMs: 7000 });
		return true;
	});
	sink.answer = { status: 302, headers: { location: `${sink.url}/elsewhere` } };
	await assert.rejects(channel.send(sampleNotification()), { message: 'answered 302', details: { permanent: true } });
	assert.equal(sink.received.length, 2);
	await using gone = await HttpSink.open();
	const nowhere = new WebhookChannel({ type: 'webhook', url: gone.url, headers: [] });
	await gone[Symbol.asyncDispose]().catch(() => {});
	await assert.rejects(nowhere.send(sampleNotification()), { message: 'cannot be reached (ECONNREFUSED)' });
});

test('email: STARTTLS and a login; nothing goes in the clear, nothing that was slipped in is believed', async () => {
	const folder = mkdtempSync(join(tmpdir(), 'ballast-mail-'));
	try {
		const [cert, key] = [join(folder, 'c.pem'), join(folder, 'k.pem')];
		const curve = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-days', '2'];
		execFileSync(
			'openssl',
			[
				'req',
				'-x509',
				...curve,
				'-subj',
				'/CN=m',
				'-addext',
				'subjectAltName=IP:127.0.0.1',
				'-keyout',
				key,
				'-out',
				cert,
			],
			{ stdio: 'ignore' },
		);
		const tls = { cert: readFileSync(cert, 'utf8'), key: readFileSync(key, 'utf8') };
		const login = { user: 'u', password: 'p4ssw0rd' };
		const mail = (port: number, more: { ca?: string; login?: typeof login } = {}) =>
			new EmailChannel(
				{
					type: 'email',
					server: { host: '127.0.0.1', port, tls: 'starttls', login, ca: tls.cert, ...more },
					from: 'ballast@example.com',
					to: ['a@example.com', 'b@example.com'],
					template: 'Bcc: x\n.\n{{summary}}',
				},
				3000,
			);
		await using sink = await SmtpSink.open({ tls, login, injected: '250-AUTH PLAIN\r\n250 evil\r\n' });
		await mail(sink.port).send(
			sampleNotification({
				alerts: [sampleAlert({ summary: 'Größe\r\nBcc: evil@example.com' })],
				node: 'n1\r\nBcc: x',
			}),
		);
		const [message = ''] = sink.messages;
		assert.deepEqual(sink.clear, ['EHLO ballast', 'STARTTLS']);
		assert.match(
			message,
			/^From: Ballast <ballast@example.com>\r\nTo: <a@example.com>,\r\n <b@example.com>\r\nSubject: =\?utf-8\?B\?/,
		);
		assert.equal(/^bcc/im.test(message.slice(0, message.indexOf('\r\n\r\n'))), false);
		assert.match(decoded(message), /^Bcc: x\n\.\nGröße\r\nBcc: evil@example.com/);
		await assert.rejects(
			mail(sink.port, { login: { user: 'u', password: 'wrong' } }).send(sampleNotification()),
			(error: Error & { details: unknown }) => {
				assert.match(error.message, /^refused the login: 535 wrong password/);
				assert.deepEqual(error.details, { permanent: true });
				return true;
			},
		);
		const server = { host: '127.0.0.1', port: sink.port, tls: 'starttls', login } as const;
		await assert.rejects(
			sendMail(server, { from: 'a@example.com', to: ['b@example.com'], data: '' }, 3000),
			/DEPTH_ZERO_SELF_SIGNED_CERT/,
		);
		await using plain = await SmtpSink.open({ login });
		await assert.rejects(mail(plain.port).send(sampleNotification()), { message: 'offers no STARTTLS' });
		assert.ok(!plain.lines.join('').includes('AUTH'), 'no password without TLS');
	} finally {
		rmSync(folder, { recursive: true, force: true });
	}
});
