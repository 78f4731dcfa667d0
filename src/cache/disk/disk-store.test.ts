import assert from 'node:assert/strict';
import { readdirSync, rmSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'node:test';
import { FillState } from '../answer-store.ts';
import { cacheKey, storedAnswer } from '../memory/testing/answers.ts';
import { BLOCK } from './body-file.ts';
import { any, begun, bodiesFolder, bodyOf, diskStore, MIB, put, readBody, settled } from './testing/disk-store.ts';

const bytesIn = (folder: string): number =>
	readdirSync(folder).reduce((sum, name) => sum + statSync(join(folder, name)).size, 0);

test('a large body is written to a file and read from it, in whole and in part', async (t) => {
	const folder = bodiesFolder(t);
	const { store } = await diskStore(folder);
	const length = 2 * BLOCK + 12_345;
	(await put(store, 'hx/a', length)).release();
	const entry = store.find(cacheKey('hx/a'), any);
	assert.ok(entry !== null);
	assert.equal(entry.received, length);
	assert.equal(entry.read(0).length, 0);
	const whole = bodyOf('hx/a', length);
	assert.ok((await readBody(entry))?.equals(whole));
	for (const [at, end] of [
		[0, 1],
		[BLOCK - 1, BLOCK + 1],
		[length - 1, length],
	] as const)
		assert.ok((await readBody(entry, at, end))?.equals(whole.subarray(at, end)));
	assert.equal(store.diskUsage?.entries, 1);
	assert.ok(bytesIn(folder) <= (store.diskUsage?.bytes ?? 0));
	assert.equal(statSync(join(folder, readdirSync(folder)[0] ?? '')).mode & 0o777, 0o600);
	assert.ok(store.usage.bytes - store.memory.arena < 4096);
	entry.release();
});

test('a small body stays in memory', async (t) => {
	const folder = bodiesFolder(t);
	const { store } = await diskStore(folder);
	const entry = await put(store, 'hx/small', 99_999);
	assert.equal(entry.distant, null);
	assert.deepEqual(readdirSync(folder), []);
});

test('who follows an entry that grows reads what is there', async (t) => {
	const { store } = await diskStore(bodiesFolder(t));
	const length = 3 * BLOCK;
	const filling = begun(store, cacheKey('hx/grows'), storedAnswer({ length }));
	const follower = store.find(cacheKey('hx/grows'), any);
	assert.ok(follower !== null);
	const body = bodyOf('hx/grows', length);
	for (let at = 0; at < length; at += BLOCK / 2) {
		filling.append(body, at, at + BLOCK / 2);
		await new Promise<void>((resolve) => {
			const listener = {
				entryChanged: () => {
					if (follower.received < at + BLOCK / 2) return;
					follower.unwatch(listener);
					resolve();
				},
			};
			follower.watch(listener);
		});
		assert.ok((await readBody(follower, at))?.equals(body.subarray(at, at + BLOCK / 2)));
	}
	filling.complete(null);
	assert.equal(await settled(follower), FillState.whole);
	assert.ok((await readBody(follower))?.equals(body));
});

test('the bound holds; who was given stays', async (t) => {
	const folder = bodiesFolder(t);
	const { store } = await diskStore(folder, { bytes: 4 * MIB });
	for (let i = 0; i < 40; i++) {
		(await put(store, `hx/${i}`, 300_000 + i)).release();
		const first = store.find(cacheKey('hx/0'), any);
		assert.ok(first !== null, `${i}`);
		first.touch();
		first.release();
		assert.ok((store.diskUsage?.bytes ?? 0) <= 4 * MIB);
	}
	await store.bodies?.settled();
	assert.ok(bytesIn(folder) <= 4 * MIB);
	assert.ok(bytesIn(folder) >= 3.5 * MIB);
	assert.equal(readdirSync(folder).length, store.diskUsage?.entries);
	assert.ok((store.diskUsage?.evicted ?? 0) >= 26);
});

test('where it has less room than before, as many go', async (t) => {
	const folder = bodiesFolder(t);
	const { store, care } = await diskStore(folder);
	for (let i = 0; i < 10; i++) (await put(store, `hx/${i}`, 400_000)).release();
	care.configure({ bytes: MIB, fromBytes: 100_000 });
	assert.ok(store.filler.reservePages(0));
	await store.bodies?.settled();
	assert.ok(bytesIn(folder) <= MIB && bytesIn(folder) > MIB / 2);
});

test('a purge removes files; one that is read goes on, and its place is free', async (t) => {
	const folder = bodiesFolder(t);
	const { store } = await diskStore(folder);
	(await put(store, 'hx/a', 200_000, { tags: ['t'] })).release();
	(await put(store, 'hx/b', 200_000)).release();
	const entry = store.find(cacheKey('hx/a'), any);
	assert.ok(entry !== null && (await readBody(entry, 0, 10)) !== null);
	assert.equal(await store.purge({ tags: ['t'] }, false), 1);
	await store.bodies?.settled();
	assert.equal(readdirSync(folder).length, 1);
	assert.equal(store.find(cacheKey('hx/a'), any), null);
	entry.release();
	assert.equal(await store.purge({ everything: true }, true), 1);
	assert.ok((store.find(cacheKey('hx/b'), any)?.staleFromMs ?? 0) > 0);
	assert.equal(await store.purge({ everything: true }, false), 1);
	await store.bodies?.settled();
	assert.deepEqual(readdirSync(folder), []);
	assert.equal(store.diskUsage?.bytes, 0);
});

test('what is purged while it comes is not kept', async (t) => {
	const folder = bodiesFolder(t);
	const { store } = await diskStore(folder);
	const entry = begun(store, cacheKey('hx/a'), storedAnswer({ length: 200_000 }));
	entry.append(bodyOf('x', 200_000), 0, 200_000);
	assert.equal(store.purgeKey(cacheKey('hx/a'), false), 1);
	entry.complete(null);
	assert.equal(await settled(entry), FillState.whole);
	assert.equal(store.find(cacheKey('hx/a'), any), null);
	assert.equal(store.diskUsage?.bytes, 0);
	await store.bodies?.settled();
});

test('an answer that a 304 renewed has the same file, and a newer one takes its place', async (t) => {
	const folder = bodiesFolder(t);
	const { store } = await diskStore(folder);
	const old = await put(store, 'hx/a', 200_000);
	const after = store.update(old, storedAnswer({ length: 200_000, etag: '"2"' }));
	old.release();
	assert.equal(after?.answer?.etag, '"2"');
	assert.ok((await readBody(after))?.equals(bodyOf('hx/a', 200_000)));
	after?.release();
	assert.deepEqual([readdirSync(folder).length, store.diskUsage?.entries], [1, 1]);
	(await put(store, 'hx/a', 150_000)).release();
	await store.bodies?.settled();
	assert.deepEqual([readdirSync(folder).length, store.diskUsage?.entries], [1, 1]);
	assert.ok((store.diskUsage?.bytes ?? 0) < 160_000);
});

test('one that breaks off leaves nothing', async (t) => {
	const folder = bodiesFolder(t);
	const { store } = await diskStore(folder);
	const entry = begun(store, cacheKey('hx/a'), storedAnswer({ length: 200_000 }));
	entry.append(bodyOf('x', 1000), 0, 1000);
	entry.fail(FillState.broken);
	entry.release();
	assert.equal(store.diskUsage?.bytes, 0);
	assert.equal(store.find(cacheKey('hx/a'), any), null);
	(await put(store, 'hx/b', 200_000)).release();
	assert.equal(readdirSync(folder).length, 1);
});

test('damage is seen, wherever it is', async (t) => {
	const folder = bodiesFolder(t);
	const { store } = await diskStore(folder);
	const damage = [
		(path: string) => truncateSync(path, 150_000),
		(path: string) => writeFileSync(path, Buffer.alloc(3), { flag: 'r+' }),
		(path: string) => writeFileSync(path, 'not a file of ours'),
	];
	for (const [index, act] of damage.entries()) {
		const key = `hx/${index}`;
		const before = new Set(readdirSync(folder));
		(await put(store, key, 200_000)).release();
		const name = readdirSync(folder).find((one) => !before.has(one)) ?? '';
		// As another thread finds it.
		store.bodies?.files.close();
		act(join(folder, name));
		const entry = store.find(cacheKey(key), any);
		assert.ok(entry !== null);
		assert.equal(entry.distant?.ready, false);
		assert.equal(await new Promise((resolve) => entry.distant?.prepare(resolve)), 'gone');
		assert.equal(await readBody(entry), null);
		entry.release();
	}
});

test('a disk that cannot be written gives back what it did not take, and is told once', async (t) => {
	const folder = bodiesFolder(t);
	const { store, care, told } = await diskStore(folder);
	rmSync(folder, { recursive: true });
	const entry = begun(store, cacheKey('hx/a'), storedAnswer({ length: 200_000 }));
	const fill = entry.distantFill;
	assert.ok(fill !== null);
	entry.append(bodyOf('hx/a', 200_000), 0, 1000);
	assert.equal(await new Promise<boolean>((settled) => (fill.listener = { drained() {}, settled })), false);
	assert.ok(Buffer.concat(fill.takeBack()).equals(bodyOf('hx/a', 1000)));
	assert.equal(entry.state, FillState.broken);
	assert.equal(store.diskUsage?.bytes, 0);
	entry.release();
	assert.equal(store.bodies?.wants(200_000), false);
	await care.look(Date.now());
	await care.look(Date.now());
	assert.match(told.join('\n'), /^large answers are not kept: .* ENOENT/);
	await care.look(Date.now() + 60_000);
	assert.match(told[1] ?? '', /again$/);
	assert.equal(store.bodies?.wants(200_000), true);
});

test('a body whose length nobody said goes on in a file once it is too long for the memory', async (t) => {
	const folder = bodiesFolder(t);
	const { store } = await diskStore(folder);
	const length = 2 * MIB + 17;
	const body = bodyOf('hx/long', length);
	const entry = begun(store, cacheKey('hx/long'), storedAnswer({ tags: ['t'] }));
	entry.append(body, 0, 90_000);
	assert.equal(entry.distantFill, null);
	const follower = store.find(cacheKey('hx/long'), any);
	for (let at = 90_000; at < length; at += 90_000) assert.ok(entry.append(body, at, Math.min(length, at + 90_000)));
	assert.equal(entry.distant?.from, 90_000);
	assert.ok(entry.read(0).length > 0 && entry.read(90_000).length === 0);
	const ended = new Promise<boolean>((resolve) => {
		if (entry.distantFill !== null) entry.distantFill.listener = { drained() {}, settled: resolve };
	});
	entry.complete(Buffer.from('T: 1\r\n'));
	assert.equal(await ended, true);
	assert.equal(follower?.state, FillState.whole);
	assert.ok((await readBody(entry, 90_000))?.equals(body.subarray(90_000)));
	follower?.release();
	entry.release();
	const after = store.find(cacheKey('hx/long'), any);
	assert.ok(after !== null && after.unit !== entry.unit);
	assert.deepEqual(
		[after.received, after.answer?.length, after.trailers?.toString(), after.answer?.tags],
		[length, length, 'T: 1\r\n', ['t']],
	);
	assert.ok((await readBody(after))?.equals(body));
	after.release();
	assert.equal(store.usage.entries, 1);
	assert.ok((store.diskUsage?.bytes ?? 0) < length + 8192);
	await store.purge({ everything: true }, false);
	assert.deepEqual([store.diskUsage?.bytes, store.usage.bytes - store.memory.arena], [0, 0]);
});

test('one of unknown length that cannot be written gives back what is not in memory', async (t) => {
	const folder = bodiesFolder(t);
	const { store } = await diskStore(folder);
	writeFileSync(join(folder, '00000001.body'), '');
	const body = bodyOf('hx/long', 300_000);
	const entry = begun(store, cacheKey('hx/long'), storedAnswer());
	for (const [at, end] of [
		[0, 90_000],
		[90_000, 150_000],
		[150_000, 300_000],
	] as const)
		assert.ok(entry.append(body, at, end));
	const fill = entry.distantFill;
	assert.ok(fill !== null);
	assert.equal(await new Promise<boolean>((settled) => (fill.listener = { drained() {}, settled })), false);
	assert.equal(entry.received, 90_000);
	assert.ok(Buffer.concat(fill.takeBack()).equals(body.subarray(90_000)));
	entry.release();
	assert.deepEqual([store.diskUsage?.bytes, store.usage.bytes - store.memory.arena], [0, 0]);
});
