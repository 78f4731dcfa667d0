import assert from 'node:assert/strict';
import test from 'node:test';
import fc from 'fast-check';
import { KeyedHash } from './keyed-hash.ts';

const rotated = (x: number, by: number) => ((x << by) | (x >>> (32 - by))) >>> 0;

/** HalfSipHash as its paper says it, slow and plain; `long`: 64 bits of result. */
function reference(key: [number, number], words: number[], { c, d, long }: { c: number; d: number; long: boolean }) {
	const v = [key[0], key[1] ^ (long ? 0xee : 0), key[0] ^ 0x6c796765, key[1] ^ 0x74656462] as [
		number,
		number,
		number,
		number,
	];
	const rounds = (count: number) => {
		for (let i = 0; i < count; i++) {
			v[0] = v[0] + v[1];
			v[1] = rotated(v[1], 5) ^ v[0];
			v[0] = rotated(v[0], 16);
			v[2] = v[2] + v[3];
			v[3] = rotated(v[3], 8) ^ v[2];
			v[0] = v[0] + v[3];
			v[3] = rotated(v[3], 7) ^ v[0];
			v[2] = v[2] + v[1];
			v[1] = rotated(v[1], 13) ^ v[2];
			v[2] = rotated(v[2], 16);
		}
	};
	for (const word of words) {
		v[3] ^= word;
		rounds(c);
		v[0] ^= word;
	}
	v[2] ^= long ? 0xee : 0xff;
	rounds(d);
	const a = (v[1] ^ v[3]) | 0;
	v[1] ^= 0xdd;
	rounds(d);
	return { a, b: (v[1] ^ v[3]) | 0 };
}

/** The words of the bytes 0, 1, … of a published vector, its length in the last. */
function vectorWords(length: number): number[] {
	const bytes = Buffer.from(Array.from({ length: length + 4 }, (_, at) => (at < length ? at : 0)));
	bytes[length + 3] = length;
	return Array.from({ length: length / 4 + 1 }, (_, at) => bytes.readInt32LE(at * 4));
}

const VECTOR_KEY: [number, number] = [0x03020100, 0x07060504];

test('the reference of these tests gives the published results (of 2-4 with 64 bits, and of 1-3 with 32)', () => {
	const hex = ({ a, b }: { a: number; b: number }) => {
		const bytes = Buffer.alloc(8);
		bytes.writeInt32LE(a, 0);
		bytes.writeInt32LE(b, 4);
		return bytes.toString('hex');
	};
	const long = (length: number) => hex(reference(VECTOR_KEY, vectorWords(length), { c: 2, d: 4, long: true }));
	assert.deepEqual([0, 4, 8].map(long), ['218d1f59b9b83cc8', 'd5e78a175be52ea1', 'edfee820bce4858c']);
	const short = (length: number) => reference(VECTOR_KEY, vectorWords(length), { c: 1, d: 3, long: false }).a >>> 0;
	assert.deepEqual([0, 4, 8].map(short), [0x5814c896, 0x7e059ea6, 0x577999b1]);
});

const int = fc.integer({ min: -0x80000000, max: 0x7fffffff });

test('property: words are hashed as the reference does', () => {
	fc.assert(
		fc.property(fc.tuple(int, int), fc.array(int, { maxLength: 20 }), (key, words) => {
			const hash = new KeyedHash(key);
			hash.begin();
			for (const word of words) hash.word(word);
			hash.finish();
			const expected = reference(key, words, { c: 1, d: 3, long: true });
			assert.deepEqual([hash.a, hash.b], [expected.a, expected.b]);
		}),
	);
});

function hashed(key: [number, number], parts: Uint8Array[], kind = 2): [number, number] {
	const hash = new KeyedHash(key);
	hash.begin();
	for (const part of parts) hash.bytes(kind, part, 0, part.length);
	hash.finish();
	return [hash.a, hash.b];
}

test('bytes: where they stand does not matter; what they are, how they are cut and the key do', () => {
	const bytes = Buffer.from('..example..');
	const hash = new KeyedHash([1, 2]);
	hash.begin();
	hash.bytes(2, bytes, 2, 9);
	hash.finish();
	assert.deepEqual([hash.a, hash.b], hashed([1, 2], [Buffer.from('example')]));
	const lists = [
		['', ''],
		['', 'a'],
		['a', ''],
		['ab', 'c'],
		['a', 'bc'],
		['abc', ''],
		['abcd', 'e'],
		['abc', 'de'],
		['a\0', 'b'],
		['a', '\0b'],
	];
	const seen = new Set(
		lists.map((list) =>
			String(
				hashed(
					[1, 2],
					list.map((text) => Buffer.from(text)),
				),
			),
		),
	);
	assert.equal(seen.size, lists.length);
	assert.notDeepEqual(hashed([1, 2], [bytes]), hashed([1, 3], [bytes]));
	assert.notDeepEqual(hashed([1, 2], [bytes]), hashed([1, 2], [bytes], 3));
});

test('both halves spread evenly, and apart from one another', () => {
	const cells = new Int32Array(4096);
	const both = new Int32Array(4096);
	for (let i = 0; i < 65_536; i++) {
		const [a, b] = hashed([7, 9], [Buffer.from(`10.0.${i >> 8}.${i & 255}`)]);
		cells[b >>> 20] = (cells[b >>> 20] as number) + 1;
		const pair = ((a >>> 26) << 6) | (b >>> 26);
		both[pair] = (both[pair] as number) + 1;
	}
	// 16 on average with a deviation of 4: six of them are never met by chance.
	for (const counts of [cells, both]) for (const count of counts) assert.ok(count > 0 && count < 42, `${count}`);
});
