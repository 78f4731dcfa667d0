import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { ByteReader } from './byte-reader.ts';
import { ByteWriter } from './byte-writer.ts';
import { FrameReader, FrameWriter } from './frame.ts';
import { FrameSum } from './frame-sum.ts';

const ids = fc.uniqueArray(fc.integer({ min: 1, max: 1e9 }), { maxLength: 30 }).map((all) => all.sort((a, b) => a - b));
const cellCounts = fc.dictionary(
	fc.integer({ min: 0, max: 895 }).map(String),
	fc.integer({ min: 1, max: 2 ** 32 - 1 }),
	{ maxKeys: 40 },
);
const cellsOf = (dictionary: Record<string, number>): [number, number][] =>
	Object.entries(dictionary)
		.map(([cell, count]): [number, number] => [Number(cell), count])
		.sort(([a], [b]) => a - b);

test('whole numbers come back exactly, others to a millionth, gone ones as gone', () => {
	fc.assert(
		fc.property(fc.array(fc.oneof(fc.maxSafeNat(), fc.double(), fc.double({ min: 0, max: 1e6 }))), (numbers) => {
			const writer = new ByteWriter(1);
			for (const number of numbers) writer.number(number);
			const reader = new ByteReader(writer.take());
			for (const number of numbers) {
				const read = reader.number();
				if (Number.isInteger(number) && number >= 0) assert.equal(read, number + 0);
				else if (Number.isNaN(number)) assert.ok(Number.isNaN(read));
				else if (Number.isFinite(number)) assert.ok(Math.abs(read - number) <= 5.1e-7, `${number} → ${read}`);
				else assert.equal(read, number);
			}
			assert.ok(reader.done);
		}),
	);
});

test('varints take few bytes and come back up to 2^53', () => {
	fc.assert(
		fc.property(fc.maxSafeNat(), (value) => {
			const writer = new ByteWriter(1);
			writer.varint(value);
			assert.equal(new ByteReader(writer.view()).varint(), value);
			assert.equal(writer.length, Math.max(1, Math.ceil(Math.log2(value + 1) / 7)));
		}),
		{ examples: [[0], [127], [128], [2 ** 31 - 1], [2 ** 31], [2 ** 32], [2 ** 35]] },
	);
});

test('a frame of histograms comes back cell by cell', () => {
	fc.assert(
		fc.property(ids, fc.array(cellCounts, { minLength: 30, maxLength: 30 }), (series, cells) => {
			const writer = new FrameWriter();
			for (const [at, id] of series.entries()) writer.cells(id, at, cellsOf(cells[at] ?? {}));
			const reader = new FrameReader('cells', writer.take());
			for (const [at, id] of series.entries()) {
				assert.ok(reader.next());
				assert.equal(reader.id, id);
				assert.equal(reader.value, at);
				// Every other one is passed over.
				if (at % 2 === 1) continue;
				const read = new Float64Array(896);
				reader.addCells(read);
				const expected = new Float64Array(896);
				for (const [cell, count] of cellsOf(cells[at] ?? {})) expected[cell] = count;
				assert.deepEqual(read, expected);
			}
			assert.equal(reader.next(), false);
		}),
		{ numRuns: 50 },
	);
});

test('merged frames are the exact sums of their parts', () => {
	const frames = fc.array(
		fc.dictionary(fc.integer({ min: 1, max: 20 }).map(String), fc.integer({ min: 0, max: 1e9 }), { maxKeys: 10 }),
		{ maxLength: 8 },
	);
	fc.assert(
		fc.property(frames, (all) => {
			const sum = new FrameSum('counter', 0);
			const expected = new Map<number, number>();
			for (const frame of all) {
				const writer = new FrameWriter();
				for (const [id, grown] of cellsOf(frame)) {
					writer.number(id, grown);
					expected.set(id, (expected.get(id) ?? 0) + grown);
				}
				sum.add(writer.view());
			}
			const reader = new FrameReader('number', sum.encode());
			const read = new Map<number, number>();
			while (reader.next()) read.set(reader.id, reader.value);
			assert.deepEqual(new Map([...read].sort()), new Map([...expected].sort()));
		}),
	);
});

test('merged histograms are the exact sums, also when merged in two steps', () => {
	fc.assert(
		fc.property(fc.array(cellCounts, { minLength: 1, maxLength: 6 }), (all) => {
			const encoded = all.map((cells) => {
				const writer = new FrameWriter();
				writer.cells(7, 0.25, cellsOf(cells));
				return writer.take();
			});
			const merge = (frames: Uint8Array[]): Uint8Array => {
				const sum = new FrameSum('histogram', 896);
				for (const frame of frames) sum.add(frame);
				return sum.encode();
			};
			const atOnce = merge(encoded);
			assert.deepEqual(merge([merge(encoded.slice(0, 2)), merge(encoded.slice(2))]), atOnce);
			const reader = new FrameReader('cells', atOnce);
			assert.ok(reader.next());
			assert.equal(reader.value, 0.25 * all.length);
			const read = new Float64Array(896);
			reader.addCells(read);
			const expected = new Float64Array(896);
			for (const cells of all)
				for (const [cell, count] of cellsOf(cells)) expected[cell] = (expected[cell] as number) + count;
			assert.deepEqual(read, expected);
		}),
		{ numRuns: 50 },
	);
});

test('a gauge merges to its mean over the time in which it is known', () => {
	const sum = new FrameSum('gauge', 0);
	for (const [value, ms] of [
		[10, 60_000],
		[40, 20_000],
	] as const) {
		const writer = new FrameWriter();
		writer.mean(3, value, ms);
		sum.add(writer.view());
	}
	const reader = new FrameReader('mean', sum.encode());
	assert.ok(reader.next());
	assert.equal(reader.value, 17.5);
	assert.equal(reader.knownMs, 80_000);
});

test('damaged bytes are refused, and never read for ever', () => {
	fc.assert(
		fc.property(fc.uint8Array({ maxLength: 200 }), fc.constantFrom('number', 'mean', 'cells'), (bytes, shape) => {
			const reader = new FrameReader(shape, bytes);
			const cells = new Float64Array(896);
			try {
				let entries = 0;
				while (reader.next()) {
					if (shape === 'cells') reader.addCells(cells);
					assert.ok(++entries <= bytes.length);
				}
			} catch (error) {
				assert.ok(error instanceof RangeError);
			}
		}),
	);
});
