import assert from 'node:assert/strict';
import { readdirSync, readFileSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'node:test';
import {
	any,
	begun,
	bodiesFolder,
	bodyOf,
	type DiskStore,
	diskStore,
	readBody,
	settled,
} from '../disk/testing/disk-store.ts';
import type { MemoryEntry } from '../memory/memory-entry.ts';
import { restoreAnswers, snapshotAnswers } from '../memory/snapshot.ts';
import { storedAnswer } from '../memory/testing/answers.ts';
import { AnswerFlag, type StoredAnswer } from '../stored-answer.ts';
import { bodyNumbers, scanBodies } from './disk-scan.ts';
import { keptKey } from './key-file.ts';
import { takeSnapshot, writeSnapshot } from './snapshot-file.ts';

const LARGE = 200_000;

/** Stores an answer under a key as requests make it. */
async function put(
	{ store, guard }: DiskStore,
	key: string,
	length: number,
	answer: Partial<StoredAnswer> = {},
): Promise<void> {
	const entry = begun(store, guard.keyOf(Buffer.from(key)), storedAnswer({ ...answer, length }));
	entry.append(bodyOf(key, length), 0, length);
	entry.complete(null);
	await settled(entry);
	entry.release();
}

const found = ({ store, guard }: DiskStore, key: string): MemoryEntry | null =>
	store.find(guard.keyOf(Buffer.from(key)), any);

async function bodyIn(disk: DiskStore, key: string): Promise<Buffer | null> {
	const entry = found(disk, key);
	if (entry === null) return null;
	const body = entry.distant === null ? Buffer.from(entry.read(0)) : await readBody(entry);
	entry.release();
	return body;
}

/** As another start finds the folder. */
async function scanned(
	folder: string,
	prepare: (next: DiskStore) => void = () => {},
): Promise<DiskStore & { count: number }> {
	const next = await diskStore(folder, { waits: true });
	prepare(next);
	const count = await scanBodies(next.store, await bodyNumbers(folder), next);
	return { ...next, count };
}

async function restarted(disk: DiskStore, folder: string, prepare: (next: DiskStore) => void = () => {}) {
	const path = join(folder, 'snapshot');
	await writeSnapshot(path, snapshotAnswers(disk.store, { node: disk.guard.node }), Date.now() + 60_000);
	assert.equal(statSync(path).mode & 0o777, 0o600);
	const next = await diskStore(folder, { waits: true });
	prepare(next);
	const chunks = await takeSnapshot(path);
	assert.ok(chunks !== null);
	assert.equal(await takeSnapshot(path), null);
	return { ...next, restored: await restoreAnswers(next.store, chunks, next.guard) };
}

test('after an orderly end all is there as it was, in memory and on disk', async (t) => {
	const folder = bodiesFolder(t);
	const disk = await diskStore(folder);
	await put(disk, 'hx/large', LARGE);
	await put(disk, 'hx/small', 100);
	const old = found(disk, 'hx/large') as MemoryEntry;
	disk.store.update(old, storedAnswer({ length: LARGE, freshMs: 123_456 }))?.release();
	old.release();
	const next = await restarted(disk, folder);
	assert.deepEqual([next.restored.count, next.restored.files.size, next.restored.intact], [2, 1, true]);
	assert.ok((await bodyIn(next, 'hx/large'))?.equals(bodyOf('hx/large', LARGE)));
	assert.ok((await bodyIn(next, 'hx/small'))?.equals(bodyOf('hx/small', 100)));
	const entry = found(next, 'hx/large');
	assert.deepEqual([entry?.answer?.freshMs, entry?.answer?.flags], [123_456, 0]);
	assert.deepEqual(next.store.diskUsage, disk.store.diskUsage);
});

test('after any other end the files are found, and the origin is asked first', async (t) => {
	const folder = bodiesFolder(t);
	const disk = await diskStore(folder);
	await put(disk, 'hx/large', LARGE, { tags: ['t'] });
	const next = await scanned(folder);
	assert.equal(next.count, 1);
	assert.ok((await bodyIn(next, 'hx/large'))?.equals(bodyOf('hx/large', LARGE)));
	const answer = found(next, 'hx/large')?.answer;
	assert.deepEqual([answer?.flags, answer?.tags, answer?.etag], [AnswerFlag.noCache, ['t'], '"abc"']);
	assert.deepEqual(next.store.diskUsage, disk.store.diskUsage);
});

test('what is damaged, cut short or of another node is no answer, and goes; what is not ours stays', async (t) => {
	const folder = bodiesFolder(t);
	const disk = await diskStore(folder);
	for (const key of ['hx/0', 'hx/1', 'hx/2']) await put(disk, key, LARGE);
	const [one, other, third] = readdirSync(folder).toSorted() as [string, string, string];
	truncateSync(join(folder, one), LARGE);
	const bytes = readFileSync(join(folder, other));
	bytes[60] = (bytes[60] as number) ^ 1;
	writeFileSync(join(folder, other), bytes);
	const foreign = readFileSync(join(folder, third));
	foreign[24] = (foreign[24] as number) ^ 1;
	writeFileSync(join(folder, third), foreign);
	writeFileSync(join(folder, 'notes.txt'), 'mine');
	assert.equal((await scanned(folder)).count, 0);
	assert.deepEqual(readdirSync(folder), ['notes.txt']);
});

test('what is purged or changed while it comes back does not', async (t) => {
	for (const way of ['scan', 'snapshot'] as const) {
		const folder = bodiesFolder(t);
		const disk = await diskStore(folder);
		await put(disk, 'hx/tagged', LARGE, { tags: ['gone'] });
		await put(disk, 'hx/named', LARGE);
		await put(disk, 'hx/changed', LARGE);
		await put(disk, 'hx/changed key', LARGE);
		await put(disk, 'hx/soft', LARGE, { tags: ['soft'] });
		await put(disk, 'hx/kept', LARGE);
		const prepare = ({ guard, marks }: DiskStore): void => {
			guard.purged({ tags: ['gone'] }, false);
			guard.purged({ urls: ['http://x/named'] }, false);
			guard.purged({ tags: ['soft'] }, true);
			marks.mark(guard.keyOf(Buffer.from('hx/changed')).high, Date.now());
		};
		const next = way === 'scan' ? await scanned(folder, prepare) : await restarted(disk, folder, prepare);
		for (const key of ['hx/tagged', 'hx/named', 'hx/changed', 'hx/changed key'])
			assert.equal(found(next, key), null, key);
		assert.ok((found(next, 'hx/soft')?.staleFromMs ?? 0) > 0);
		assert.equal(found(next, 'hx/kept')?.staleFromMs, 0);
	}
});

test('where others may have purged meanwhile, the origin is asked first', async (t) => {
	const folder = bodiesFolder(t);
	const disk = await diskStore(folder);
	await put(disk, 'hx/large', LARGE);
	await put(disk, 'hx/small', 100);
	const next = await restarted(disk, folder, ({ guard }) => (guard.doubts = true));
	for (const key of ['hx/large', 'hx/small']) assert.equal(found(next, key)?.answer?.flags, AnswerFlag.noCache, key);
});

test('what was asked for since is not replaced by what is older', async (t) => {
	const folder = bodiesFolder(t);
	const disk = await diskStore(folder);
	await put(disk, 'hx/a', LARGE);
	const next = await diskStore(folder, { waits: true });
	await put(next, 'hx/a', 10, { requestMs: 1_800_000_000_000 });
	assert.equal(await scanBodies(next.store, await bodyNumbers(folder), next), 0);
	assert.equal(found(next, 'hx/a')?.received, 10);
});

test('a snapshot that is cut short, or of another node, says so', async (t) => {
	const folder = bodiesFolder(t);
	const disk = await diskStore(folder);
	await put(disk, 'hx/a', 100);
	const path = join(folder, 'snapshot');
	await writeSnapshot(path, snapshotAnswers(disk.store, { node: disk.guard.node }), Date.now() + 60_000);
	const bytes = readFileSync(path);
	for (const damaged of [
		bytes.subarray(0, bytes.length - 1),
		Buffer.concat([bytes.subarray(0, 20), Buffer.from('x'), bytes.subarray(21)]),
	]) {
		writeFileSync(path, damaged);
		const { store, guard } = await diskStore(folder, { waits: true });
		const chunks = await takeSnapshot(path);
		assert.ok(chunks !== null);
		assert.equal((await restoreAnswers(store, chunks, guard)).intact, false);
	}
});

test('the key is made once, for the user alone', (t) => {
	const folder = bodiesFolder(t);
	const key = keptKey(join(folder, 'cache'));
	assert.ok(keptKey(join(folder, 'cache')).equals(key));
	const { mode, size } = statSync(join(folder, 'cache', 'key'));
	assert.deepEqual([mode & 0o777, size], [0o600, 32]);
	writeFileSync(join(folder, 'cache', 'key'), 'short');
	assert.throws(() => keptKey(join(folder, 'cache')), /is not a key/);
});
