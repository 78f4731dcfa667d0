import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';

const { LineQueue, LineRing, LineSplitter } = await import(new URL('../../bin/keeper/lines.js', import.meta.url).href);

function split(chunks: Uint8Array[]): string[] {
	const lines: string[] = [];
	const splitter = new LineSplitter((more: string[]) => lines.push(...more));
	for (const chunk of chunks) splitter.push(Buffer.from(chunk));
	splitter.end();
	return lines;
}

test('lines are the same wherever the stream is cut', () => {
	const text = fc
		.array(fc.constantFrom('a', 'ä', '🙂', '\n', '\r\n', ' '), { maxLength: 60 })
		.map((parts) => parts.join(''));
	fc.assert(
		fc.property(text, fc.array(fc.nat(200), { maxLength: 8 }), (whole, cuts) => {
			const bytes = Buffer.from(whole);
			const at = [0, ...cuts.map((cut) => Math.min(cut, bytes.length)).sort((a, b) => a - b), bytes.length];
			const chunks = at.slice(1).map((end, index) => bytes.subarray(at[index], end));
			const expected = whole.split('\n').map((line) => line.replace(/\r$/, ''));
			if (whole === '' || whole.endsWith('\n')) expected.pop();
			assert.deepEqual(split(chunks), expected);
		}),
		{ numRuns: 300, seed: 7 },
	);
});

test('a line over 64 KiB is cut once, wherever its pieces end, and the next one is whole', () => {
	const mark = ' … [cut: the line is over 64 KiB]';
	const exact = Buffer.alloc(65_536, 'x');
	assert.deepEqual(split([exact, Buffer.from('\nnext\n')]), [exact.toString(), 'next']);
	const pieces = Array.from({ length: 70 }, () => Buffer.alloc(1000, 'y'));
	assert.deepEqual(split([...pieces, Buffer.from('zz\nnext')]), ['y'.repeat(65_536) + mark, 'next']);
	// A character that the cut would split is left out.
	assert.deepEqual(split([Buffer.concat([Buffer.alloc(65_535, 'x'), Buffer.from('ä\n')])]), [
		'x'.repeat(65_535) + mark,
	]);
});

test('a queue that is full drops the oldest lines and says how many', () => {
	const queue = new LineQueue();
	for (let n = 0; n < 12_000; n++) queue.add(n % 2 ? 'a' : 'b', 'stdout', [`${n} ${'x'.repeat(1000)}`]);
	let lines = 0;
	let dropped = 0;
	const marks: string[] = [];
	while (!queue.isEmpty) {
		const taken = queue.take();
		dropped += taken.dropped;
		let size = 0;
		for (const entry of taken.batch) {
			size += entry.lines[0].length;
			if (entry.stream === 'stderr') marks.push(`${entry.id} ${entry.lines[0]}`);
			else lines += entry.lines.length;
		}
		assert.ok(size <= 300_000);
	}
	assert.equal(lines + dropped, 12_000);
	assert.ok(dropped > 3_000);
	const counted = marks.map((mark) =>
		Number(/^[ab] \[ballast: (\d+) lines before this one were dropped\]$/.exec(mark)?.[1]),
	);
	assert.equal(counted.length, 2);
	assert.equal((counted[0] ?? 0) + (counted[1] ?? 0), dropped);
});

test('a ring keeps the last 20 lines, none over 4 KB', () => {
	const ring = new LineRing();
	ring.add(Array.from({ length: 15 }, (_, n) => `a${n}`));
	ring.add(Array.from({ length: 15 }, (_, n) => `b${n}`));
	ring.add(['z'.repeat(9_000)]);
	const lines = ring.list();
	assert.equal(lines.length, 20);
	assert.equal(lines[0], 'a11');
	assert.equal(lines.at(-1).length, 4_097);
});
