import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { hashBytes, hashText, mixBits } from './hash.ts';
import { anyText } from './testing/any-text.ts';

test('the published vectors of MurmurHash3 x86_32 hold', () => {
	const vectors: [string, number, number][] = [
		['', 0, 0],
		['', 1, 0x514e28b7],
		['test', 0, 0xba6bd213],
		['test', 0x9747b28c, 0x704b81dc],
		['Hello, world!', 0, 0xc0363e43],
		['Hello, world!', 0x9747b28c, 0x24884cba],
		['The quick brown fox jumps over the lazy dog', 0, 0x2e4ff723],
		['The quick brown fox jumps over the lazy dog', 0x9747b28c, 0x2fa826cd],
	];
	for (const [text, seed, expected] of vectors) {
		assert.equal(hashText(text, seed), expected | 0, `${text} with seed ${seed}`);
	}
});

test('text and its bytes have one hash, wherever the bytes lie', () => {
	fc.assert(
		fc.property(anyText(400), fc.nat(9), fc.integer(), (text, offset, seed) => {
			const bytes = Buffer.from(text);
			const within = Buffer.concat([Buffer.alloc(offset, 7), bytes, Buffer.alloc(3, 9)]);
			const hash = hashBytes(within, offset, offset + bytes.length, seed);
			assert.equal(hash, hashText(text, seed));
			assert.equal(hash, hash | 0, 'a signed 32-bit integer');
		}),
		{ seed: 1, numRuns: 150 },
	);
});

test('one changed bit changes half of the bits of the hash', () => {
	const bytes = Buffer.from('x-tenant: 0123456789');
	const before = hashBytes(bytes, 0, bytes.length);
	let changed = 0;
	for (let bit = 0; bit < bytes.length * 8; bit++) {
		bytes[bit >> 3] = (bytes[bit >> 3] as number) ^ (1 << (bit & 7));
		let difference = hashBytes(bytes, 0, bytes.length) ^ before;
		for (; difference !== 0; difference &= difference - 1) changed++;
		bytes[bit >> 3] = (bytes[bit >> 3] as number) ^ (1 << (bit & 7));
	}
	const mean = changed / (bytes.length * 8);
	assert.ok(mean > 14.5 && mean < 17.5, `mean of changed bits ${mean}`);
});

test('mixing is a bijection: neighbours never collide', () => {
	const seen = new Set<number>();
	for (let bits = -50_000; bits < 50_000; bits++) seen.add(mixBits(bits));
	assert.equal(seen.size, 100_000);
});
