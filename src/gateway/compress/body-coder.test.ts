import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { brotliDecompressSync, constants, gunzipSync, zstdDecompressSync } from 'node:zlib';
import { BodyCoder, compressNow, compressWhole } from './body-coder.ts';
import type { Coding } from './coding.ts';
import { CompressCounts } from './compress-counts.ts';

const plain: Record<Coding, (bytes: Buffer, finished?: boolean) => Buffer> = {
	gzip: (bytes, finished = true) => gunzipSync(bytes, finished ? {} : { finishFlush: constants.Z_SYNC_FLUSH }),
	br: (bytes, finished = true) =>
		brotliDecompressSync(bytes, finished ? {} : { finishFlush: constants.BROTLI_OPERATION_FLUSH }),
	zstd: (bytes, finished = true) => zstdDecompressSync(bytes, finished ? {} : { finishFlush: constants.ZSTD_e_flush }),
};
const CODINGS: Coding[] = ['br', 'zstd', 'gzip'];
/** In memory that workers share, as stored bodies are. */
const text = Buffer.from(new SharedArrayBuffer(200_000));
for (let at = 0, i = 0; at < text.length; i++) at += text.write(`{"id":${i},"name":"user ${(i * 7919) % 1000}"},`, at);

const code = (coder: BodyCoder, bytes: Buffer, last: boolean): Promise<Buffer | null> =>
	new Promise((then) => coder.code(bytes, last, then));

for (const coding of CODINGS)
	suite(coding, () => {
		test('a whole body', async () => {
			const coded = await compressWhole(text, coding, 3);
			assert.ok(coded !== null && coded.length < text.length / 2, String(coded?.length));
			assert.deepEqual(plain[coding](coded), text);
		});

		test('one at once', () => {
			for (const length of [0, 1, 16_384]) {
				const bytes = text.subarray(0, length);
				assert.deepEqual(plain[coding](compressNow(bytes, coding, 5)), bytes);
			}
		});

		test('one after another is no worse than the first', async () => {
			const sizes = new Set<number | undefined>();
			for (let i = 0; i < 3; i++) sizes.add((await compressWhole(text, coding, 2))?.length);
			assert.equal(sizes.size, 1);
		});

		test('an empty one', async () => {
			const coded = await compressWhole(Buffer.alloc(0), coding, 3);
			assert.deepEqual(plain[coding](coded as Buffer).length, 0);
		});

		test('each piece of a stream can be read once it is out', async () => {
			const coder = BodyCoder.take(coding, { level: 3, size: -1 });
			const coded: Buffer[] = [];
			let given = 0;
			for (const end of [10, 1000, 150_000, 200_000]) {
				coded.push((await code(coder, text.subarray(given, end), end === text.length)) as Buffer);
				given = end;
				assert.deepEqual(plain[coding](Buffer.concat(coded), end === text.length), text.subarray(0, end));
			}
			coder.close();
		});

		test('closed in the middle it says nothing more', async () => {
			const coder = BodyCoder.take(coding, { level: 3, size: -1 });
			let told = false;
			coder.code(text, false, () => {
				told = true;
			});
			coder.close();
			await compressWhole(text, coding, 3);
			assert.equal(told, false);
		});
	});

test('what is compressed is counted by its coding, bytes before and after, in the column of its worker', async () => {
	const buffer = CompressCounts.create(2);
	const before = CompressCounts.own;
	CompressCounts.own = new CompressCounts(buffer, 1);
	try {
		const bytes = Buffer.alloc(5000, 'ab');
		const whole = (await compressWhole(bytes, 'gzip', 6)) as Buffer;
		const now = compressNow(bytes, 'gzip', 6);
		new CompressCounts(buffer, 0).add('br', 10, 1);
		assert.deepEqual(CompressCounts.sum(buffer), [
			{ coding: 'br', inBytes: 10, outBytes: 1 },
			{ coding: 'gzip', inBytes: 10_000, outBytes: whole.length + now.length },
		]);
	} finally {
		CompressCounts.own = before;
	}
});
