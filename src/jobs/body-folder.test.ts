import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buffer } from 'node:stream/consumers';
import { after, test } from 'node:test';
import { BodyFolder } from './body-folder.ts';
import { storeKeys } from './sealing/store-keys.ts';
import { mountSmallDisk, NO_MOUNT } from './testing/small-disk.ts';

const root = mkdtempSync(join(tmpdir(), 'ballast-bodies-'));
after(() => rmSync(root, { recursive: true, force: true }));
let count = 0;
const fresh = (): { path: string; folder: BodyFolder } => {
	const path = join(root, String(count++));
	return { path, folder: new BodyFolder(path) };
};
const bytes = (length: number, of: number): Uint8Array => new Uint8Array(length).fill(of);

test('a body is there under its name when it is whole, for nobody else to read', async () => {
	const { path, folder } = fresh();
	const writer = await folder.create(1000);
	const writes = [writer.write(bytes(300, 1)), writer.write(bytes(0, 0)), writer.write(bytes(200, 2))];
	assert.equal(readdirSync(path).length, 1);
	await Promise.all(writes);
	assert.match(readdirSync(path)[0] ?? '', /\.part$/);
	const { file, bytes: length } = await writer.finish();
	assert.match(file, /^[A-Za-z0-9_-]{22}$/);
	assert.deepEqual(readdirSync(path), [file]);
	assert.equal(statSync(join(path, file)).mode & 0o777, 0o600);
	assert.equal(statSync(path).mode & 0o777, 0o700);
	assert.deepEqual([length, await folder.size(file)], [500, 500]);
	const read = await buffer(folder.read(file));
	assert.ok(read.equals(Buffer.concat([bytes(300, 1), bytes(200, 2)])));
	await writer.abort();
	assert.equal(await folder.size(file), 500, 'what is whole stays');
	await folder.remove([file, file]);
	assert.equal(await folder.size(file), null);
});

test('with a key a body is not to be read in its file, and is as it was for who has the key', async () => {
	const { path, folder } = fresh();
	const before = await folder.create(1000);
	await before.write(Buffer.from('in the clear'));
	const { file: plain } = await before.finish();
	const [old, next] = storeKeys([randomBytes(32), randomBytes(32)].map((key) => key.toString('base64')));
	assert.ok(old !== undefined && next !== undefined);
	folder.keys = [old];
	const body = Buffer.alloc(200_000, 'top-secret');
	const writer = await folder.create(body.length);
	for (let at = 0; at < body.length; at += 70_000) await writer.write(body.subarray(at, at + 70_000));
	const { file, bytes: length } = await writer.finish();
	assert.match(file, /^[A-Za-z0-9_-]{22}\.sealed$/);
	assert.deepEqual([length, await folder.size(file)], [body.length, body.length]);
	assert.ok(!readFileSync(join(path, file)).includes('top-secret'));
	// Another key comes, and what lies there is read as before.
	folder.keys = [next, old];
	assert.ok((await buffer(folder.read(file))).equals(body));
	assert.equal((await buffer(folder.read(plain))).toString(), 'in the clear');
	folder.keys = [next];
	await assert.rejects(buffer(folder.read(file)), /encrypted by the key [0-9a-f]{16}/);
	const empty = await (await folder.create(0)).finish();
	assert.equal((await buffer(folder.read(empty.file))).length, 0);
	assert.deepEqual(
		(await pagesOf(folder.olderThan(Date.now() + 60_000))).flat().toSorted(),
		[plain, file, empty.file].toSorted(),
	);
	folder.keys = [next, old];
	assert.equal(await folder.text({ file, bytes: length }, 1_000_000), body.toString());
	assert.equal(await folder.size(file), null, 'read once');
});

test('a body over its limit leaves nothing', async () => {
	const { path, folder } = fresh();
	const writer = await folder.create(1000);
	await writer.write(bytes(1000, 1));
	await assert.rejects(writer.write(bytes(1, 1)), { code: 'body_too_large' });
	await assert.rejects(writer.finish(), { code: 'body_too_large' });
	await writer.abort();
	assert.deepEqual(readdirSync(path), []);
});

test('a body that is given up leaves nothing', async () => {
	const { path, folder } = fresh();
	const writer = await folder.create(1000);
	await writer.write(bytes(100, 1));
	await writer.abort();
	await writer.abort();
	assert.deepEqual(readdirSync(path), []);
	await assert.rejects(writer.write(bytes(1, 1)), { code: 'jobs_unavailable' });
});

async function pagesOf(pages: AsyncIterable<string[]>): Promise<string[][]> {
	const all: string[][] = [];
	for await (const page of pages) all.push(page);
	return all;
}

test('however many there are, all are listed', async () => {
	const { path, folder } = fresh();
	const names = Array.from({ length: 25 }, (_, at) => String(at).padStart(22, 'a'));
	for (const name of names) writeFileSync(join(path, name), '');
	const pages = await pagesOf(folder.olderThan(Date.now() + 60_000, 10));
	assert.deepEqual(
		pages.map(({ length }) => length),
		[10, 10, 5],
	);
	assert.deepEqual(pages.flat().toSorted(), names.toSorted());
});

test('what is old is listed, halves are removed, and what is not ours is left alone', async () => {
	const { path, folder } = fresh();
	const write = async (): Promise<string> => {
		const writer = await folder.create(10);
		await writer.write(bytes(10, 1));
		return (await writer.finish()).file;
	};
	const [old, young] = [await write(), await write()];
	const [oldHalf, youngHalf] = ['A'.repeat(22), 'B'.repeat(22)].map((name) => `${name}.part`) as [string, string];
	for (const name of [oldHalf, youngHalf, 'README', 'x.part']) writeFileSync(join(path, name), '');
	const nowMs = Date.now();
	for (const name of [old, oldHalf, 'README']) utimesSync(join(path, name), nowMs / 1000 - 7200, nowMs / 1000 - 7200);
	assert.deepEqual(await pagesOf(folder.olderThan(nowMs - 3_600_000)), [[old]]);
	assert.deepEqual(readdirSync(path).toSorted(), ['README', old, young, youngHalf, 'x.part'].toSorted());
});

test('a name that is none of ours is not opened', () => {
	const { folder } = fresh();
	for (const name of ['../secret', '/etc/passwd', '', 'A'.repeat(21), `${'A'.repeat(22)}.part`]) {
		assert.throws(() => folder.read(name), { code: 'internal' });
	}
});

test('a folder that cannot be made is said', () => {
	writeFileSync(join(root, 'file'), '');
	assert.throws(() => new BodyFolder(join(root, 'file', 'x')), { code: 'store_unusable' });
});

test('a disk that takes no more is said, and leaves nothing', async (t) => {
	using disk = mountSmallDisk(256);
	if (disk === null) return t.skip(NO_MOUNT);
	const path = join(disk.path, 'bodies');
	const folder = new BodyFolder(path);
	const writer = await folder.create(1e9);
	await assert.rejects(writer.write(bytes(1_000_000, 1)), (error: Error & { code: string; details: object }) => {
		assert.equal(error.code, 'jobs_unavailable');
		assert.deepEqual(error.details, { disk: 'the disk is full (ENOSPC)' });
		return true;
	});
	await writer.abort();
	assert.deepEqual(readdirSync(path), []);
	const next = await folder.create(1e9);
	await next.write(bytes(1000, 1));
	assert.equal((await next.finish()).bytes, 1000);
});
