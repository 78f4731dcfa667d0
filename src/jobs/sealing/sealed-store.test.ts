import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { openEmbeddedJobStore } from '../embedded/embedded-job-store.ts';
import { bytes, JobStage } from '../testing/job-stage.ts';
import { seal, unseal } from './seal.ts';
import { SealedJobs } from './sealed-store.ts';
import { isStoreKey, type StoreKey, storeKeys } from './store-keys.ts';

const keyText = (): string => randomBytes(32).toString('base64');

/** A file of jobs, and stores over it with whatever keys. */
class Stage implements AsyncDisposable {
	readonly folder: string = mkdtempSync(join(tmpdir(), 'ballast-sealed-'));
	readonly path: string = join(this.folder, 'jobs.db');
	readonly #opened: SealedJobs[] = [];

	open(...keys: string[]): { store: SealedJobs; jobs: JobStage } {
		const store = new SealedJobs(openEmbeddedJobStore({ path: this.path }));
		store.keys = storeKeys(keys);
		this.#opened.push(store);
		const none = async (): Promise<void> => {};
		const home = { open: async () => store, nowMs: Date.now, pass: none, [Symbol.asyncDispose]: none };
		return { store, jobs: new JobStage(home, store, []) };
	}

	async close(): Promise<void> {
		for (const store of this.#opened.splice(0)) await store.close();
	}

	/** All that lies in the folder. */
	text(): string {
		return ['', '-wal'].map((end) => readFileSync(this.path + end, 'latin1')).join('');
	}

	async [Symbol.asyncDispose](): Promise<void> {
		await this.close();
		rmSync(this.folder, { recursive: true });
	}
}

const REQUEST = bytes('POST /x HTTP/1.1\r\nAuthorization: Bearer top-secret\r\n\r\n');

test('what a job keeps of its request, of who is told and of the answer is not to be read in the file', async () => {
	await using stage = new Stage();
	const { jobs, store } = stage.open(keyText());
	const notify = bytes('https://hooks.example/top-secret');
	const body = { inline: bytes('a top-secret body') };
	const id = await jobs.add({ request: REQUEST, notify, body });
	const claimed = await jobs.claimOne();
	assert.deepEqual([claimed.request, claimed.notify, claimed.body], [REQUEST, notify, body]);
	const head = bytes('HTTP/1.1 200 OK\r\nSet-Cookie: top-secret\r\n');
	await jobs.report(claimed, { kind: 'succeeded', result: { head, body } });
	const job = await store.get(id);
	assert.deepEqual([job?.request, job?.notify, job?.result], [REQUEST, notify, { head, body }]);
	const lanes = { laneMost: 1, busy: new Map<string, number>() };
	const [notice] = await store.dueNotices({ holder: 'h', leaseMs: 1, most: 1, nowMs: Date.now(), gone: [], ...lanes });
	assert.deepEqual(notice?.job.notify, notify);
	assert.ok(!stage.text().includes('top-secret'));
	assert.equal(statSync(stage.path).mode & 0o777, 0o600);
});

test('without a key it is as it was; one that comes later leaves what was there, and seals what comes', async () => {
	await using stage = new Stage();
	const plain = stage.open();
	const before = await plain.jobs.add({ request: REQUEST });
	assert.ok(stage.text().includes('top-secret'));
	await stage.close();
	const { jobs, store } = stage.open(keyText());
	const after = await jobs.add({ request: bytes('Authorization: another-one') });
	assert.deepEqual((await store.get(before))?.request, REQUEST);
	assert.deepEqual((await store.get(after))?.request, bytes('Authorization: another-one'));
	assert.ok(!stage.text().includes('another-one'));
});

test('a body that only looks sealed is what its client sent, and its answer what the upstream said', async () => {
	await using stage = new Stage();
	const { jobs, store } = stage.open();
	const body = { inline: new Uint8Array(seal(storeKeys([keyText()])[0] as StoreKey, REQUEST, 'body 1')) };
	const id = await jobs.add({ request: REQUEST, body });
	const claimed = await jobs.claimOne();
	assert.deepEqual(claimed.body, body);
	await jobs.report(claimed, { kind: 'succeeded', result: { head: bytes('HTTP/1.1 200 OK\r\n'), body } });
	store.keys = storeKeys([keyText()]);
	assert.deepEqual((await store.get(id))?.result?.body, body);
});

test('a new key goes before the old one; without the old one a job is parked, and goes on once it is back', async () => {
	await using stage = new Stage();
	const [old, fresh] = [keyText(), keyText()];
	const id = await stage.open(old).jobs.add({ request: REQUEST });
	const secret = await stage.open(old).store.secret();
	await stage.close();
	const rotated = stage.open(fresh, old);
	assert.deepEqual((await rotated.store.get(id))?.request, REQUEST);
	assert.deepEqual(await rotated.store.secret(), secret, 'owners are known over a rotation');
	await stage.close();
	const { jobs, store } = stage.open(fresh);
	assert.deepEqual(await store.secret(), secret);
	const ids = storeKeys([old, fresh]).map((key) => key.id.toString('hex'));
	const told = new RegExp(`encrypted by the key ${ids[0]}, and .jobs.encryption. names only ${ids[1]}: name that one`);
	await assert.rejects(store.get(id), { code: 'key_missing', message: told });
	const looked = await store.look(id);
	assert.deepEqual([looked?.state, looked?.request.length, looked?.error], ['waiting', 0, null]);
	assert.match((await store.show(id))?.error?.message ?? '', told);
	assert.equal((await store.list({ limit: 10 })).jobs[0]?.id, id);
	const heard: string[] = [];
	store.parked = (job, { code }) => heard.push(`${job.id} ${code}`);
	assert.deepEqual(await jobs.claim(), []);
	assert.deepEqual(heard, [`${id} key_missing`]);
	const [parked] = (await store.list({ limit: 10 })).jobs;
	assert.deepEqual([parked?.state, parked?.error?.code], ['parked', 'key_missing']);
	assert.match(parked?.error?.message ?? '', told);
	store.keys = storeKeys([fresh, old]);
	await store.change(id, { kind: 'redrive', nowMs: Date.now() });
	assert.deepEqual((await jobs.claimOne()).request, REQUEST);
});

test('one that cannot be parked keeps none that was claimed with it from who claimed', async () => {
	await using stage = new Stage();
	await stage.open(keyText()).jobs.add({ request: REQUEST });
	const clear = await stage.open().jobs.add({ request: REQUEST });
	const failing = openEmbeddedJobStore({ path: stage.path });
	failing.report = () => Promise.reject(new Error('the disk is full'));
	const sealed = new SealedJobs(failing);
	const room = { name: 'videos', concurrency: 0, rate: null, group: { concurrency: 0, rate: null }, lanes: [] };
	const claimed = await sealed.claim({ holder: 'h', leaseMs: 1000, most: 9, nowMs: Date.now(), queues: [room] });
	assert.deepEqual(
		claimed.map(({ id }) => id),
		[clear],
	);
	await sealed.close();
});

test('what was sealed opens in its own place only, and not when it was changed', () => {
	const keys = storeKeys([keyText()]);
	const sealed = seal(keys[0] as (typeof keys)[0], REQUEST, 'request 1');
	assert.deepEqual(unseal(keys, sealed, 'request 1'), REQUEST);
	assert.equal(unseal(keys, sealed, 'request 2'), null);
	for (const at of [4, 15, 30, sealed.length - 1]) {
		const changed = Uint8Array.from(sealed);
		changed[at] = (changed[at] as number) ^ 1;
		assert.equal(unseal(keys, changed, 'request 1'), null);
	}
	assert.deepEqual(unseal([], REQUEST, 'request 1'), REQUEST);
	assert.ok(isStoreKey(keyText()) && !isStoreKey('short') && !isStoreKey(randomBytes(31).toString('base64')));
});
