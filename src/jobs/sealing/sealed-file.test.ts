import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buffer } from 'node:stream/consumers';
import { after, test } from 'node:test';
import { openedFile, sealedReader } from './read-sealed.ts';
import { CHUNK_BYTES, FileSealer, HEAD_BYTES, plainBytes, TAG_BYTES } from './sealed-file.ts';
import { type StoreKey, storeKeys } from './store-keys.ts';

const folder = mkdtempSync(join(tmpdir(), 'ballast-sealed-file-'));
after(() => rmSync(folder, { recursive: true }));
const newKey = (): StoreKey => storeKeys([randomBytes(32).toString('base64')])[0] as StoreKey;
const KEY = newKey();
const SEALED_CHUNK = CHUNK_BYTES + TAG_BYTES;

function sealed(plain: Buffer, { key = KEY, about = 'a', pieces = 10_000 } = {}): Buffer {
	const sealer = new FileSealer(key, about);
	const out = [sealer.head];
	for (let at = 0; at < plain.length; at += pieces) out.push(sealer.add(plain.subarray(at, at + pieces)));
	return Buffer.concat([...out, sealer.end()]);
}

let count = 0;
function written(bytes: Buffer): string {
	const path = join(folder, `${count++}`);
	writeFileSync(path, bytes);
	return path;
}

const opened = (path: string, keys: readonly StoreKey[] = [KEY], about = 'a'): Promise<Buffer> =>
	buffer(openedFile(path, { about, keys }));

/** By reads of so many bytes. */
async function read(path: string, [start, end]: [number, number], most: number): Promise<Buffer> {
	const fd = openSync(path, 'r');
	try {
		const readAt = sealedReader(fd, { about: 'a', keys: [KEY] });
		const into = Buffer.alloc(most);
		const pieces: Buffer[] = [];
		for (let at = start; at < end; ) {
			const length = await new Promise<number>((resolve, reject) =>
				readAt(into, { length: Math.min(most, end - at), at }, (error, got) =>
					error === null ? resolve(got) : reject(error),
				),
			);
			if (length === 0) break;
			pieces.push(Buffer.from(into.subarray(0, length)));
			at += length;
		}
		return Buffer.concat(pieces);
	} finally {
		closeSync(fd);
	}
}

test('whatever its length it is as it was, as a whole and in parts, and its length is known by that of the file', async () => {
	for (const length of [0, 1, CHUNK_BYTES - 1, CHUNK_BYTES, CHUNK_BYTES + 1, 2 * CHUNK_BYTES, 3 * CHUNK_BYTES + 5]) {
		const plain = randomBytes(length);
		for (const pieces of [9999, CHUNK_BYTES, 300_000]) {
			const bytes = sealed(plain, { pieces });
			assert.equal(plainBytes(bytes.length), length);
			const path = written(bytes);
			assert.ok((await opened(path)).equals(plain), `${length} in pieces of ${pieces}`);
			assert.ok((await read(path, [0, length + 10], 100_000)).equals(plain));
		}
	}
	const plain = randomBytes(3 * CHUNK_BYTES);
	const path = written(sealed(plain));
	for (const [start, end] of [
		[0, 1],
		[CHUNK_BYTES - 1, CHUNK_BYTES + 1],
		[2 * CHUNK_BYTES, 3 * CHUNK_BYTES],
		[5, 3 * CHUNK_BYTES - 5],
	] as [number, number][])
		for (const most of [1000, 131_072])
			assert.ok((await read(path, [start, end], most)).equals(plain.subarray(start, end)), `${start}-${end}`);
	for (const length of [0, HEAD_BYTES, HEAD_BYTES + TAG_BYTES - 1, HEAD_BYTES + SEALED_CHUNK + 3])
		assert.equal(plainBytes(length), null, `${length}`);
});

test('what was changed, cut off, put in another order or in another place does not open', async () => {
	const bytes = sealed(randomBytes(3 * CHUNK_BYTES));
	const chunk = (at: number): Buffer =>
		bytes.subarray(HEAD_BYTES + at * SEALED_CHUNK, HEAD_BYTES + (at + 1) * SEALED_CHUNK);
	const head = bytes.subarray(0, HEAD_BYTES);
	const changed = (at: number): Buffer => {
		const copy = Buffer.from(bytes);
		copy[at] = (copy[at] as number) ^ 1;
		return copy;
	};
	const cases: Record<string, Buffer> = {
		'the mark': changed(0),
		'the salt': changed(HEAD_BYTES - 1),
		'a byte': changed(HEAD_BYTES + SEALED_CHUNK + 7),
		'the last tag': changed(bytes.length - 1),
		'cut behind a chunk': Buffer.concat([head, chunk(0), chunk(1)]),
		'cut within one': bytes.subarray(0, bytes.length - 100),
		'the first left out': Buffer.concat([head, chunk(1), chunk(2)]),
		'another order': Buffer.concat([head, chunk(1), chunk(0), chunk(2)]),
		'more behind it': Buffer.concat([bytes, chunk(2)]),
		'a chunk of another file': Buffer.concat([
			head,
			chunk(0),
			sealed(randomBytes(3 * CHUNK_BYTES)).subarray(HEAD_BYTES + SEALED_CHUNK),
		]),
		nothing: Buffer.alloc(0),
	};
	const told =
		/^Error: a: it (?:is no sealed file, or was cut off|was changed, or cut off, where it is stored|was cut off)$/;
	for (const [what, file] of Object.entries(cases)) await assert.rejects(opened(written(file)), told, what);
	await assert.rejects(opened(written(bytes), [KEY], 'b'), Error, 'of another name');
	// What is right before it is given, what is wrong is not.
	const path = written(cases['the last tag'] as Buffer);
	assert.equal((await read(path, [0, 2 * CHUNK_BYTES], 131_072)).length, 2 * CHUNK_BYTES);
	await assert.rejects(read(path, [2 * CHUNK_BYTES, 2 * CHUNK_BYTES + 1], 131_072));
});

test('each file has a key of its own; any of the keys opens what it sealed, and one that is missing is named', async () => {
	const plain = Buffer.alloc(100_000, 'top-secret');
	const [one, other] = [sealed(plain), sealed(plain)];
	assert.ok(!one.includes('top-secret'));
	assert.ok(!one.subarray(HEAD_BYTES).equals(other.subarray(HEAD_BYTES)));
	const path = written(one);
	assert.ok((await opened(path, [newKey(), KEY])).equals(plain));
	await assert.rejects(opened(path, [newKey()]), new RegExp(`by the key ${KEY.id.toString('hex')}, which is not`));
	assert.ok(readFileSync(path).equals(one));
});
