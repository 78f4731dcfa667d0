import assert from 'node:assert/strict';
import test from 'node:test';
import { openEmbeddedJobStore } from '../embedded/embedded-job-store.ts';
import type { Job } from '../job.ts';
import type { TellingStore } from '../telling-store.ts';
import { JobStage } from '../testing/job-stage.ts';
import type { WebhookAnswer, WebhookCall } from './call-webhook.ts';
import { signingKeys } from './receiver-secrets.ts';
import { signWebhook } from './sign-webhook.ts';
import { turnOfHost } from './turn-of-host.ts';
import { writeNotify } from './webhook-message.ts';
import { WebhookSender } from './webhook-sender.ts';
import { WEBHOOK_RULES, type WebhooksConfig } from './webhooks-config.ts';

const secretOf = (byte: number): string => `whsec_${Buffer.alloc(32, byte).toString('base64')}`;

const CONFIG: WebhooksConfig = {
	secrets: [secretOf(7)],
	receivers: [],
	concurrency: 32,
	perHost: 4,
	rules: WEBHOOK_RULES,
	timeLimitMs: 60_000,
	pausesMs: [1],
};

/** Jobs that have ended, a sender, and calls that are answered by hand. */
class Stage implements AsyncDisposable {
	readonly jobs: JobStage;
	readonly calls: { call: WebhookCall; answer(answer: WebhookAnswer): void }[] = [];
	readonly gaveUp: string[] = [];
	readonly sender: WebhookSender;
	readonly store: TellingStore;
	/** Of the receivers that routes name. */
	routeSecrets: string[] = [];
	readonly goneHosts: string[] = [];

	constructor() {
		this.store = openEmbeddedJobStore({ path: ':memory:' });
		const home = {
			open: async () => this.store,
			nowMs: Date.now,
			pass: async () => {},
			async [Symbol.asyncDispose]() {},
		};
		this.jobs = new JobStage(home, this.store, []);
		this.sender = new WebhookSender({
			store: this.store,
			holder: 'node-1',
			gone: [],
			statusOf: () => 200,
			secretsOf: () => this.routeSecrets,
			receiverGone: (_job, host) => void this.goneHosts.push(host),
			gaveUp: ({ id }: Job, why) => void this.gaveUp.push(`${id}: ${why}`),
			unusable: (why) => assert.fail(why),
			nowMs: Date.now,
			call: (call) => new Promise((resolve) => this.calls.push({ call, answer: resolve })),
		});
	}

	async ended(url: string, count = 1, asked = true): Promise<string[]> {
		const told = { notify: writeNotify({ url, asked }), notifyLane: turnOfHost(new URL(url).hostname) };
		const ids = await this.jobs.addMany(count, told);
		for (const job of await this.jobs.claim({ most: count })) await this.jobs.succeed(job);
		this.sender.wake();
		return ids;
	}

	async until(what: () => boolean | Promise<boolean>): Promise<void> {
		const late = performance.now() + 20_000;
		while (!(await what())) {
			assert.ok(performance.now() < late, 'it did not come to that');
			await new Promise((resolve) => setTimeout(resolve, 5));
		}
	}

	waiting(): Promise<number> {
		return this.store.noticesWaiting();
	}

	async [Symbol.asyncDispose](): Promise<void> {
		// Calls that the test did not answer.
		for (const { answer } of this.calls) answer(said(204));
		const closed = this.sender.close();
		for (const { answer } of this.calls) answer(said(204));
		await closed;
		await this.store.close();
	}
}

const said = (status: number): WebhookAnswer => ({ kind: 'answered', status, retryAfter: undefined });

test('a slow host has four calls, others have theirs', async () => {
	await using stage = new Stage();
	stage.sender.configure(CONFIG, '/jobs');
	await stage.ended('https://slow.example/', 12);
	await stage.ended('https://quick.example/');
	const to = (host: string) => stage.calls.filter(({ call }) => call.url.includes(host));
	await stage.until(() => to('quick').length === 1);
	assert.equal(to('slow').length, 4);
	for (const { answer } of to('slow')) answer(said(204));
	await stage.until(() => to('slow').length === 8);
	assert.equal(stage.sender.counts.sent, 4);
});

test('who makes up a host for each job has the calls of one', async () => {
	await using stage = new Stage();
	stage.sender.configure(CONFIG, '/jobs');
	for (let i = 0; i < 40; i++) await stage.ended(`https://h${i}.evil.com/`);
	await stage.ended('https://hooks.example.org/');
	await stage.until(() => stage.calls.some(({ call }) => call.url.includes('example.org')));
	assert.equal(stage.calls.filter(({ call }) => call.url.includes('evil')).length, 4);
});

test('no more than 32 calls at once over all hosts', async () => {
	await using stage = new Stage();
	stage.sender.configure(CONFIG, '/jobs');
	for (let i = 0; i < 40; i++) await stage.ended(`https://host-${i}.example/`);
	await stage.until(() => stage.calls.length === 32);
	await stage.until(async () => (await stage.waiting()) === 40);
	assert.equal(stage.calls.length, 32);
	for (const { answer } of [...stage.calls]) answer(said(200));
	await stage.until(() => stage.calls.length === 40);
});

test('given up after the last try, and told so without the URL', async () => {
	await using stage = new Stage();
	stage.sender.configure(CONFIG, '/jobs');
	const [id] = await stage.ended('https://hooks.example/secret-path');
	for (const count of [1, 2]) {
		await stage.until(() => stage.calls.length === count);
		stage.calls[count - 1]?.answer(said(503));
	}
	await stage.until(() => stage.gaveUp.length === 1);
	assert.deepEqual(stage.gaveUp, [`${id}: the receiver answered 503, try 2`]);
	assert.deepEqual(stage.sender.counts, { sent: 0, failed: 2, givenUp: 1 });
	assert.equal(await stage.waiting(), 0);
	const ids = stage.calls.map(({ call }) => call.headers['webhook-id']);
	assert.equal(ids[0], ids[1]);
});

test('without secrets nothing is sent, and what waits goes out once there is one', async () => {
	await using stage = new Stage();
	stage.sender.configure(null, '/jobs');
	await stage.ended('https://hooks.example/');
	assert.deepEqual([stage.calls.length, await stage.waiting()], [0, 1]);
	stage.sender.configure(CONFIG, '/jobs');
	await stage.until(() => stage.calls.length === 1);
	stage.calls[0]?.answer(said(204));
	await stage.until(async () => (await stage.waiting()) === 0);
});

test('a backlog of one host does not hold up another', async () => {
	await using stage = new Stage();
	stage.sender.configure(CONFIG, '/jobs');
	await stage.ended('https://slow.example/', 600);
	await stage.until(() => stage.calls.length === 4);
	await stage.ended('https://quick.example/');
	await stage.until(() => stage.calls.length === 5);
	assert.match(stage.calls[4]?.call.url ?? '', /quick/);
});

/** Whether a call was signed with a secret. */
function isSigned({ headers, body }: WebhookCall, secret: string): boolean {
	const { 'webhook-id': id = '', 'webhook-timestamp': time = '', 'webhook-signature': signature } = headers;
	const nowMs = Number(time) * 1000;
	const expected = signWebhook(signingKeys([secret]), id, { body, nowMs })['webhook-signature'] as string;
	return signature?.split(' ').includes(expected) === true;
}

test('each receiver has its own secret: that of its route, of its host, or of all', async () => {
	await using stage = new Stage();
	const receivers = [
		{ host: 'a.example', secrets: [secretOf(1), secretOf(2)] },
		{ host: '*.b.example', secrets: [secretOf(3)] },
	];
	stage.routeSecrets = [secretOf(4)];
	stage.sender.configure({ ...CONFIG, receivers }, '/jobs');
	const called = async (url: string, asked: boolean): Promise<WebhookCall> => {
		const before = stage.calls.length;
		await stage.ended(url, 1, asked);
		await stage.until(() => stage.calls.length === before + 1);
		return stage.calls[before]?.call ?? assert.fail();
	};
	const signedBy = async (url: string, asked = true): Promise<number[]> => {
		const call = await called(url, asked);
		return [1, 2, 3, 4, 7].filter((byte) => isSigned(call, secretOf(byte)));
	};
	assert.deepEqual(await signedBy('https://a.example/in'), [1, 2]);
	assert.deepEqual(await signedBy('https://x.b.example/in'), [3]);
	assert.deepEqual(await signedBy('https://b.example/in'), [7]);
	assert.deepEqual(await signedBy('https://other.example/in', false), [4]);
	assert.deepEqual(await signedBy('https://other.example/in'), [7], 'a client’s own is not signed as the route’s');
});

test('410 turns a receiver off, for the jobs behind it too, until somebody takes that back', async () => {
	await using stage = new Stage();
	stage.sender.configure(CONFIG, '/jobs');
	await stage.ended('https://hooks.example/gone');
	await stage.until(() => stage.calls.length === 1);
	stage.calls[0]?.answer(said(410));
	await stage.until(() => stage.goneHosts.length === 1);
	await stage.ended('https://hooks.example/gone');
	await stage.until(async () => (await stage.waiting()) === 0);
	await stage.ended('https://hooks.example/there');
	await stage.until(() => stage.calls.length === 2);
	stage.calls[1]?.answer(said(204));
	assert.deepEqual(stage.goneHosts, ['hooks.example']);
	assert.deepEqual(stage.sender.counts.givenUp, 2);
	const [gone] = await stage.store.gone(10);
	assert.equal(gone?.host, 'hooks.example');
	await stage.store.removeGone([gone?.key ?? '']);
	await stage.ended('https://hooks.example/gone');
	await stage.until(() => stage.calls.length === 3);
	assert.match(stage.calls[2]?.call.url ?? '', /gone/);
});
