import assert from 'node:assert/strict';
import {
	closeSync,
	existsSync,
	mkdtempSync,
	openSync,
	readdirSync,
	renameSync,
	rmSync,
	statSync,
	writeFileSync,
	writeSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { after, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { BodyFolder } from '../body-folder.ts';
import { HolderLock } from '../holder-lock.ts';
import type { JobStore } from '../job-store.ts';
import { JobStage, LONG_MS } from '../testing/job-stage.ts';
import { mountSmallDisk, NO_MOUNT } from '../testing/small-disk.ts';
import { openEmbeddedJobStore } from './embedded-job-store.ts';
import type { Quarantined } from './job-file.ts';

const root = mkdtempSync(join(existsSync('/dev/shm') ? '/dev/shm' : tmpdir(), 'ballast-job-file-'));
after(() => rmSync(root, { recursive: true, force: true }));
let count = 0;

/** A stage over one file. */
async function stageOn(folder: string, told: Quarantined[] = []): Promise<JobStage> {
	const store = openEmbeddedJobStore({
		path: join(folder, 'jobs.db'),
		quarantined: (of) => told.push(of),
		busyMs: 50,
	});
	const home = {
		open: async (): Promise<JobStore> => store,
		nowMs: () => Date.now(),
		async pass() {},
		[Symbol.asyncDispose]: () => store.close(),
	};
	return JobStage.on(home);
}
const fresh = (): string => join(root, String(count++));

function scribble(path: string, at: number, length: number): void {
	const file = openSync(path, 'r+');
	writeSync(file, Buffer.alloc(length, 0x5a), 0, length, at);
	closeSync(file);
}

test('a full disk refuses jobs whole, and takes them again when there is room', async (t) => {
	using disk = mountSmallDisk(2048);
	if (disk === null) return t.skip(NO_MOUNT);
	const stage = await stageOn(disk.path);
	const kept = await stage.addMany(20);
	const running = await stage.claimOne();
	disk.fill(64 * 1024);
	const body = { inline: new Uint8Array(50_000) };
	const added = new Set(kept);
	let refused = 0;
	for (let i = 0; i < 40; i++) {
		const jobs = [stage.newJob({ body }), stage.newJob()];
		try {
			await stage.store.add(jobs);
			for (const { id } of jobs) added.add(id);
		} catch (error) {
			assert.equal((error as { code: string }).code, 'jobs_unavailable');
			assert.match((error as Error).message, /the disk/);
			refused++;
			for (const { id } of jobs) assert.equal(await stage.store.get(id), null, 'nothing half stored');
		}
	}
	assert.ok(refused > 10, `${refused} refused`);
	assert.equal((await stage.store.queue('videos')).counts.waiting, added.size - 1);
	disk.free();
	await stage.succeed(running);
	for (const id of await stage.addMany(5)) added.add(id);
	const claimed = await stage.claim({ most: 1000 });
	assert.deepEqual(claimed.map(({ id }) => id).toSorted(), [...added].filter((id) => id !== running.id).toSorted());
	await stage.store.close();
	const checked = new DatabaseSync(join(disk.path, 'jobs.db'));
	assert.equal(checked.prepare('PRAGMA integrity_check').get()?.['integrity_check'], 'ok');
	checked.close();
});

for (const [title, spoil] of [
	['is no database', (path: string) => writeFileSync(path, 'x'.repeat(8192))],
	['has damaged pages', (path: string) => scribble(path, 8192, statSync(path).size - 8192)],
	['has a damaged head', (path: string) => scribble(path, 100, 3000)],
] as const) {
	test(`a file that ${title} is put aside when it is opened, and said`, async () => {
		const folder = fresh();
		const before = await stageOn(folder);
		const [id] = await before.addMany(200);
		await before.store.close();
		spoil(join(folder, 'jobs.db'));
		const told: Quarantined[] = [];
		const stage = await stageOn(folder, told);
		assert.equal(told.length, 1);
		const [{ movedTo, reason, path }] = told as [Quarantined];
		assert.equal(path, join(folder, 'jobs.db'));
		assert.ok(existsSync(movedTo) && reason !== '', reason);
		assert.equal(await stage.store.get(id as string), null);
		await stage.add();
		assert.equal((await stage.claim()).length, 1);
		await stage.store.close();
	});
}

test('a file that is damaged while it is open is put aside then, and calls go on with another', async () => {
	const folder = fresh();
	const path = join(folder, 'jobs.db');
	const told: Quarantined[] = [];
	const stage = await stageOn(folder, told);
	await stage.addMany(1500, { body: { inline: new Uint8Array(20_000) } });
	await stage.store.close();
	const again = await stageOn(folder, told);
	scribble(path, 4096, statSync(path).size - 4096);
	let failed = 0;
	for (let i = 0; i < 20 && told.length === 0; i++) {
		await Promise.allSettled([
			again.store.claim({ holder: 'n', leaseMs: LONG_MS, most: 500, nowMs: Date.now(), queues: [again.room()] }),
			again.store.list({ limit: 1000 }),
		]).then((all) => (failed += all.filter((one) => one.status === 'rejected').length));
	}
	assert.deepEqual([told.length, failed > 0], [1, true]);
	assert.ok(existsSync(told[0]?.movedTo ?? ''));
	const id = await again.add();
	assert.equal((await again.claimOne()).id, id);
	await again.store.close();
});

test('a file of a later version is left alone', async () => {
	const folder = fresh();
	await (await stageOn(folder)).store.close();
	const database = new DatabaseSync(join(folder, 'jobs.db'));
	database.exec('PRAGMA user_version = 999');
	database.close();
	await assert.rejects(stageOn(folder), { code: 'store_unusable' });
	assert.deepEqual(readdirSync(folder), ['jobs.db']);
});

test('while another process writes for long, calls fail and can be made again', async () => {
	const folder = fresh();
	const stage = await stageOn(folder);
	const other = new DatabaseSync(join(folder, 'jobs.db'));
	other.exec('BEGIN IMMEDIATE');
	const job = stage.newJob();
	await assert.rejects(stage.store.add([job]), { code: 'jobs_unavailable' });
	other.exec('ROLLBACK');
	other.close();
	assert.equal((await stage.store.add([job]))[0]?.kind, 'added');
	await stage.store.close();
});

test('a job that is not whole does not stop its queue for ever', async () => {
	const folder = fresh();
	const told: Quarantined[] = [];
	const stage = await stageOn(folder, told);
	await stage.addMany(3);
	const other = new DatabaseSync(join(folder, 'jobs.db'));
	other.exec('DELETE FROM payloads WHERE seq = 1');
	other.close();
	await assert.rejects(stage.claim(), { code: 'jobs_unavailable' });
	assert.deepEqual(
		told.map(({ reason }) => reason),
		['job 1 is not whole'],
	);
	const id = await stage.add();
	assert.equal((await stage.claimOne()).id, id);
	await stage.store.close();
});

test('a store whose file was removed or moved acknowledges nothing, until it is put back', async () => {
	const folder = fresh();
	const stage = await stageOn(folder);
	const kept = await stage.add();
	renameSync(folder, `${folder}-away`);
	// It is not looked at each time.
	await sleep(120);
	const job = stage.newJob();
	const refused = { code: 'jobs_unavailable', message: /jobs\.db was removed while it was in use; put back/ };
	await assert.rejects(stage.store.add([job]), refused);
	await assert.rejects(stage.claim(), refused);
	const other = await stageOn(folder);
	await assert.rejects(stage.store.add([job]), { code: 'jobs_unavailable', message: /another file is at .*jobs\.db / });
	await other.store.close();
	rmSync(folder, { recursive: true });
	renameSync(`${folder}-away`, folder);
	assert.equal(await stage.store.get(job.id), null);
	assert.equal((await stage.store.add([job]))[0]?.kind, 'added');
	assert.deepEqual((await stage.claim()).map(({ id }) => id).toSorted(), [kept, job.id].toSorted());
	rmSync(join(folder, 'jobs.db-wal'));
	await sleep(120);
	await assert.rejects(stage.store.add([stage.newJob()]), { message: /jobs\.db-wal was removed/ });
	await stage.store.close();
});

test('a disk that is read-only is said, whatever of the store meets it', async (t) => {
	using disk = mountSmallDisk(1024);
	if (disk === null) return t.skip(NO_MOUNT);
	const [folder, bodies] = [join(disk.path, 'jobs'), join(disk.path, 'bodies')];
	const bodyFolder = new BodyFolder(bodies);
	await (await stageOn(folder)).store.close();
	disk.makeReadOnly();
	const said = { code: 'store_unusable', message: /^\/.* cannot be used: the disk is read-only \(EROFS\)$/ };
	await assert.rejects(stageOn(folder), said);
	await assert.rejects(stageOn(join(folder, 'another')), said);
	assert.throws(() => new HolderLock(join(folder, 'holders'), 'me'), said);
	assert.throws(() => new HolderLock(folder, 'me'), said);
	assert.throws(() => new BodyFolder(join(folder, 'bodies')), said);
	const refused = { code: 'jobs_unavailable', message: 'the body cannot be stored: the disk is read-only (EROFS)' };
	await assert.rejects(bodyFolder.create(10), refused);
});
