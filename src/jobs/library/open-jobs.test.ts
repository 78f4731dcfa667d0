import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type IncomingHttpHeaders } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { pathToFileURL } from 'node:url';
import { openEmbeddedJobStore } from '../embedded/embedded-job-store.ts';
import { signingKeys } from '../webhooks/receiver-secrets.ts';
import { signWebhook } from '../webhooks/sign-webhook.ts';
import { JobFailed } from './job-worker.ts';
import { type Jobs, openJobs } from './open-jobs.ts';
import { steadyNow } from './steady-clock.ts';

const root = mkdtempSync(join(existsSync('/dev/shm') ? '/dev/shm' : tmpdir(), 'ballast-open-jobs-'));
after(() => rmSync(root, { recursive: true, force: true }));
let count = 0;
const LONG_MS = 60_000;

function fresh(t: { after(work: () => Promise<void>): void }, file = join(root, `${count++}.db`)): Jobs {
	const jobs = openJobs({ file });
	t.after(() => jobs.close());
	return jobs;
}

test('what is handed in is worked on, and its result is kept', async (t) => {
	const jobs = fresh(t);
	jobs.worker<{ a: number; b: number }>('sums', ({ payload }) => ({ sum: payload.a + payload.b }));
	const { id, isNew } = await jobs.enqueue('sums', { a: 2, b: 3 });
	assert.equal(isNew, true);
	const view = await jobs.ended(id, LONG_MS);
	assert.deepEqual(view, {
		id,
		queue: 'sums',
		state: 'succeeded',
		payload: { a: 2, b: 3 },
		result: { sum: 5 },
		error: null,
		progress: null,
		attempts: 1,
	});
	assert.equal((await jobs.counts('sums')).succeeded, 1);
	assert.equal(await jobs.get('no such job'), null);
});

test('the end of a job is told by a signed webhook, by whoever has the file open', async (t) => {
	const came = Promise.withResolvers<{ headers: IncomingHttpHeaders; body: string }>();
	const receiver = createServer((request, response) => {
		let body = '';
		request.setEncoding('utf8').on('data', (piece: string) => (body += piece));
		request.on('end', () => {
			response.writeHead(204).end();
			came.resolve({ headers: request.headers, body });
		});
	});
	await new Promise<void>((resolve) => receiver.listen(0, '127.0.0.1', resolve));
	t.after(() => receiver.close());
	const host = `127.0.0.1:${(receiver.address() as AddressInfo).port}`;
	const secret = `whsec_${Buffer.alloc(32, 5).toString('base64')}`;
	const file = join(root, `${count++}.db`);
	const webhooks = { receivers: [{ host: '127.0.0.1', secret }], allow: ['127.0.0.1'], http: [host] };
	const jobs = openJobs({ file, webhooks });
	t.after(() => jobs.close());
	fresh(t, file).worker('sums', () => 5);
	await assert.rejects(jobs.enqueue('sums', 1, { webhook: 'https://10.0.0.1/' }), { code: 'webhook_refused' });
	await assert.rejects(jobs.enqueue('sums', 1, { webhook: 'https://other.example/' }), /knows no secret/);
	await assert.rejects(fresh(t).enqueue('sums', 1, { webhook: 'https://a.example/' }), /`webhooks` of `openJobs`/);
	const { id } = await jobs.enqueue('sums', 1, { webhook: `http://${host}/in` });
	const { headers, body } = await came.promise;
	const { type, data } = JSON.parse(body);
	assert.deepEqual([type, data.id, data.location, data.state], ['job.succeeded', id, null, 'succeeded']);
	const nowMs = Number(headers['webhook-timestamp']) * 1000;
	const signed = signWebhook(signingKeys([secret]), String(headers['webhook-id']), { body, nowMs });
	assert.equal(headers['webhook-signature'], signed['webhook-signature']);
	assert.throws(() => openJobs({ file, webhooks: {} }), /expected `secret` or `receivers`/);
	assert.throws(() => openJobs({ file, webhooks: { secret: 'whsec_short' } }), /24 to 64 bytes/);
});

test('another process works on it, and both hear of the end', async (t) => {
	const file = join(root, 'shared.db');
	const [here, there] = [fresh(t, file), fresh(t, file)];
	there.worker('sums', ({ attempt }) => attempt);
	const ids = await Promise.all(Array.from({ length: 20 }, (_, i) => here.enqueue('sums', i)));
	for (const { id } of ids) assert.equal((await here.ended(id, LONG_MS))?.result, 1);
});

test('a handler that throws is called again, up to its attempts', async (t) => {
	const jobs = fresh(t);
	const seen: number[] = [];
	const handle = ({ attempt }: { attempt: number }) => {
		seen.push(attempt);
		throw new Error(`no luck ${attempt}`);
	};
	jobs.worker('mail', handle, { pause: '1ms', longestPause: '2ms' });
	const { id } = await jobs.enqueue('mail', null, { attempts: 3 });
	const view = await jobs.ended(id, LONG_MS);
	assert.deepEqual([view?.state, view?.error, view?.attempts], ['failed', 'no luck 3', 3]);
	assert.deepEqual(seen, [1, 2, 3]);
	assert.equal(await jobs.redrive(id), true);
	assert.equal((await jobs.ended(id, LONG_MS))?.state, 'failed');
	assert.equal(seen.length, 6);
});

test('a handler may say that it is of no use', async (t) => {
	const jobs = fresh(t);
	jobs.worker('mail', () => {
		throw new JobFailed('no such address');
	});
	const { id } = await jobs.enqueue('mail', null);
	const view = await jobs.ended(id, LONG_MS);
	assert.deepEqual([view?.state, view?.error, view?.attempts], ['failed', 'no such address', 1]);
});

test('a result that JSON cannot hold fails the job, and is not tried again', async (t) => {
	const jobs = fresh(t);
	jobs.worker('sums', () => 1n);
	const { id } = await jobs.enqueue('sums', null);
	const view = await jobs.ended(id, LONG_MS);
	assert.deepEqual([view?.state, view?.attempts], ['failed', 1]);
	assert.match(view?.error ?? '', /^result: JSON cannot hold it/);
});

test('one key is one job', async (t) => {
	const jobs = fresh(t);
	const first = await jobs.enqueue('mail', { to: 'a' }, { key: 'order-7' });
	assert.deepEqual(await jobs.enqueue('mail', { to: 'a' }, { key: 'order-7' }), { id: first.id, isNew: false });
	await assert.rejects(jobs.enqueue('mail', { to: 'b' }, { key: 'order-7' }), { code: 'idempotency_key_reused' });
	assert.equal((await jobs.enqueue('other', { to: 'b' }, { key: 'order-7' })).isNew, true);
});

test('a running job that is cancelled hears it, and keeps its slot until it has stopped', async (t) => {
	const jobs = fresh(t);
	const { promise: begun, resolve: begin } = Promise.withResolvers<void>();
	const { promise: aborted, resolve: abort } = Promise.withResolvers<string>();
	const { promise: stopped, resolve: stop } = Promise.withResolvers<void>();
	const first = await jobs.enqueue('long', 1);
	jobs.worker(
		'long',
		async ({ payload, signal }) => {
			if (payload !== 1) return;
			signal.addEventListener('abort', () => abort((signal.reason as Error).message));
			begin();
			await stopped;
		},
		{ concurrency: 1 },
	);
	await begun;
	assert.equal(await jobs.cancel(first.id), true);
	assert.equal(await aborted, 'the job is cancelled');
	const second = await jobs.enqueue('long', 2);
	assert.equal((await jobs.ended(second.id, 300))?.state, 'waiting');
	stop();
	assert.equal((await jobs.ended(second.id, LONG_MS))?.state, 'succeeded');
	assert.equal((await jobs.get(first.id))?.state, 'cancelled');
	assert.equal(await jobs.cancel(first.id), false);
});

test('an attempt is given up after its time', async (t) => {
	const jobs = fresh(t);
	jobs.worker('long', () => new Promise(() => {}), { timeLimit: '20ms', pause: '1ms' });
	const { id } = await jobs.enqueue('long', null, { attempts: 2 });
	const view = await jobs.ended(id, LONG_MS);
	assert.deepEqual([view?.state, view?.error, view?.attempts], ['failed', 'the attempt took over 20 ms', 2]);
});

test('a job whose worker died is given one attempt less', async (t) => {
	const file = join(root, `${count++}.db`);
	const jobs = fresh(t, file);
	const { id } = await jobs.enqueue('q', 1, { attempts: 2 });
	const other = openEmbeddedJobStore({ path: file });
	const group = { concurrency: 0, rate: null };
	const queues = [{ name: 'q', concurrency: 0, rate: null, group, lanes: [] }];
	await other.claim({ holder: 'died', leaseMs: 0, most: 1, nowMs: steadyNow(), queues });
	await other.close();
	jobs.worker('q', ({ attempt }) => {
		throw new Error(`attempt ${attempt}`);
	});
	const { state, attempts, error } = (await jobs.ended(id, LONG_MS)) ?? {};
	assert.deepEqual([state, attempts, error], ['failed', 2, 'attempt 2']);
});

test('no more than its concurrency at once; progress is told; closing waits for what has begun', async (t) => {
	const jobs = fresh(t);
	let [now, most] = [0, 0];
	const { promise: go, resolve: let_ } = Promise.withResolvers<void>();
	const worker = jobs.worker(
		'long',
		async ({ progress }) => {
			most = Math.max(most, ++now);
			progress(50, 'half');
			await go;
			now--;
		},
		{ concurrency: 3 },
	);
	const ids = await Promise.all(Array.from({ length: 8 }, () => jobs.enqueue('long', null)));
	const running = async () =>
		(await Promise.all(ids.map(({ id }) => jobs.get(id)))).filter((job) => job?.progress !== null);
	while ((await running()).length < 3) await new Promise((resolve) => setTimeout(resolve, 2));
	assert.deepEqual((await running())[0]?.progress, { percent: 50, text: 'half' });
	const closed = worker.close();
	let_();
	await closed;
	assert.deepEqual([now, most], [0, 3]);
	const counts = await jobs.counts('long');
	assert.deepEqual([counts.succeeded, counts.waiting, counts.running], [3, 5, 0]);
});

test('delays, deadlines and what is not accepted', async (t) => {
	const jobs = fresh(t);
	const { id } = await jobs.enqueue('mail', null, { delay: '1h', deadline: '2h', priority: 'high', group: 'a' });
	assert.equal((await jobs.get(id))?.state, 'scheduled');
	assert.equal((await jobs.ended(id, 1))?.state, 'scheduled', 'not waited for longer than was asked');
	const bad = (work: () => unknown, message: RegExp) =>
		assert.rejects(async () => work(), { name: 'TypeError', message });
	await bad(() => jobs.enqueue('', null), /^queue: expected 1 to 256 characters/);
	await bad(() => jobs.enqueue('q', 1n), /^payload: JSON cannot hold it/);
	await bad(() => jobs.enqueue('q', () => 1), /^payload: JSON cannot hold a function/);
	await bad(() => jobs.enqueue('q', 'x'.repeat(2_000_000)), /^payload: it is 2000002 bytes of JSON, over 1 MiB/);
	await bad(() => jobs.enqueue('q', 1, { delay: '5' }), /^delay: expected a duration like `30s`, to 365d/);
	await bad(() => jobs.enqueue('q', 1, { dealy: '5s' } as object), /^dealy is no option; did you mean `delay`\?/);
	await bad(() => jobs.enqueue('q', 1, { attempts: 0 }), /^attempts: expected a whole number from 1 to 1000/);
	await bad(() => jobs.enqueue('q', 1, { priority: 'urgent' as 'high' }), /^priority: expected low, normal or high/);
	await bad(() => jobs.worker('q', () => 1, { rate: { count: 1, per: 'x' } }), /^rate.per: expected a duration/);
	await bad(() => jobs.worker('q', () => 1, { lost: 'forget' as 'park' }), /^lost: expected repeat or park/);
	await bad(() => openJobs({ file: '' }), /^file: expected the path of a file/);
});

test('what docs/app-jobs.md shows works as it says', () => {
	const page = readFileSync(join(import.meta.dirname, '..', '..', '..', 'docs', 'app-jobs.md'), 'utf8');
	const [, code] = /```js file=orders\.mjs\n(.*?)```/s.exec(page) ?? [];
	assert.ok(code !== undefined);
	const entry = pathToFileURL(join(import.meta.dirname, '..', '..', '..', 'jobs.ts')).href;
	const file = join(root, 'orders.mjs');
	writeFileSync(file, code.replace("'ballast/jobs'", `'${entry}'`));
	const printed = execFileSync(process.execPath, [file], { cwd: root, encoding: 'utf8' });
	const [, said] = /```text\n(.*?)```/s.exec(page) ?? [];
	assert.equal(printed, said);
});
