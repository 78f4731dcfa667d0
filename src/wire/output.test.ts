import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Output } from './output.ts';
import { Random } from './testing/random.ts';
import type { Transport } from './transport.ts';

/** Takes what it is given, or keeps hold of it. */
class Sink {
	taken = true;
	readonly kept: Uint8Array[] = [];
	readonly sent: Buffer[] = [];

	write(bytes: Uint8Array): boolean {
		this.sent.push(Buffer.from(bytes));
		if (!this.taken) this.kept.push(bytes);
		return this.taken;
	}

	get transport(): Transport {
		return this as unknown as Transport;
	}

	get text(): string {
		return Buffer.concat(this.sent).toString('latin1');
	}
}

/** What the output holds. */
const content = (out: Output): string => out.buffer.toString('latin1', 0, out.length);

test('whole numbers in decimal', () => {
	const out = new Output();
	const check = (value: number) => {
		out.length = 0;
		out.decimal(value);
		assert.equal(content(out), String(value));
	};
	for (let power = 0; power <= 15; power++)
		for (const by of [-2, -1, 0, 1, 2]) if (10 ** power + by >= 0) check(10 ** power + by);
	for (let bits = 0; bits <= 53; bits++) for (const by of [-1, 0]) if (2 ** bits + by >= 0) check(2 ** bits + by);
	check(Number.MAX_SAFE_INTEGER);
	const random = new Random(3);
	for (let i = 0; i < 20_000; i++) check(Math.floor(random.next() * 10 ** random.int(16)));
});

test('sizes of chunks', () => {
	const out = new Output();
	const check = (value: number) => {
		out.length = 0;
		out.chunkSize(value);
		assert.equal(content(out), `${value.toString(16)}\r\n`);
	};
	for (let bits = 0; bits < 32; bits++) for (const by of [-1, 0, 1]) if (2 ** bits + by >= 0) check(2 ** bits + by);
	check(2 ** 32 - 1);
	const random = new Random(4);
	for (let i = 0; i < 5000; i++) check(Math.floor(random.next() * 2 ** random.int(33)));
});

test('pieces of every length come one behind the other', () => {
	const out = new Output();
	const source = Buffer.from(Array.from({ length: 5000 }, (_, i) => (i * 7) & 255));
	let expected = '';
	for (let size = 0; size < 200; size++) {
		out.copy(source, size, 2 * size);
		expected += source.toString('latin1', size, 2 * size);
		out.bytes(Buffer.from('|'));
		out.text('t\xe4');
		out.crlf();
		expected += '|t\xe4\r\n';
	}
	assert.equal(content(out), expected);
});

test('grows for what is larger than it, and keeps what it holds', () => {
	for (const big of [96 * 1024 - 3, 96 * 1024, 96 * 1024 + 1, 300_000, 5_000_000]) {
		for (const write of [
			(out: Output, value: string) => out.text(value),
			(out: Output, value: string) => out.bytes(Buffer.from(value)),
		]) {
			const out = new Output();
			out.text('head\r\n');
			assert.equal(out.fits(96 * 1024 - 6), true);
			assert.equal(out.fits(96 * 1024 - 5), false);
			write(out, 'x'.repeat(big));
			out.decimal(123);
			out.chunkSize(255);
			assert.ok(content(out) === `head\r\n${'x'.repeat(big)}123ff\r\n`);
		}
	}
	// Right at the end of its room.
	for (let left = 0; left < 20; left++) {
		const out = new Output();
		out.text('x'.repeat(96 * 1024 - left));
		out.decimal(1234567890123456);
		out.crlf();
		out.chunkSize(0xffffffff);
		assert.equal(content(out).slice(96 * 1024 - left), '1234567890123456\r\nffffffff\r\n');
	}
});

test('what the transport took is used again, what it keeps is not', () => {
	const out = new Output();
	const sink = new Sink();
	assert.equal(out.flush(sink.transport), true);
	assert.equal(sink.sent.length, 0, 'nothing to send, nothing sent');
	const { buffer } = out;
	out.text('one');
	assert.equal(out.flush(sink.transport), true);
	assert.deepEqual([out.length, out.buffer === buffer], [0, true]);
	sink.taken = false;
	out.text('two');
	assert.equal(out.flush(sink.transport), false);
	out.text('three');
	assert.equal(out.flush(sink.transport), false);
	out.text('xxxxxxxxx');
	assert.deepEqual(
		sink.kept.map((bytes) => Buffer.from(bytes).toString()),
		['two', 'three'],
	);
	assert.equal(sink.text, 'onetwothree');
});

test('after one huge message the next does not hold its memory', () => {
	const out = new Output();
	const sink = new Sink();
	out.bytes(Buffer.alloc(4_000_000));
	out.flush(sink.transport);
	assert.ok(out.buffer.length <= 400_000, `${out.buffer.length} bytes are held`);
	out.text('next');
	assert.equal(content(out), 'next');
});
