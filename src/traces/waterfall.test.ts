import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Span } from '../core/span.ts';
import { spansOf } from './spans-of.ts';
import { accessEntry, attemptEntry } from './testing-entry.ts';
import { waterfallOf, waterfallText } from './waterfall.ts';

const span = (spanId: string, parentId: string, differs: Partial<Span> = {}): Span => ({
	traceId: 'a'.repeat(32),
	spanId,
	parentId,
	name: spanId,
	kind: 'internal',
	startMs: 1000,
	endMs: 1010,
	error: '',
	fields: {},
	...differs,
});

test('as it is printed', () => {
	const attempts = [
		attemptEntry({ startUs: 40_000, connectUs: -1, headUs: -1, endUs: 300, status: 0, error: 'connect_refused' }),
		attemptEntry({ instance: 'videos-2', startUs: 41_000, connectUs: 4000, headUs: 60_000, endUs: 79_000 }),
	];
	const text = waterfallText(spansOf(accessEntry({ queueUs: 40_000, attempts })).toReversed(), 80);
	assert.equal(
		text,
		`trace 0af7651916cd43dd8448eb211c80319c  7 spans  120.0 ms
GET /v1/videos/*                    █████████████████████████████████   120.0 ms
  queue                             ███████████                          40.0 ms
  ! GET → videos-1 connect_refused             █                          300 µs
  GET → videos-2                               ██████████████████████    79.0 ms
    connect                                    █                          4.0 ms
    first byte                                  ████████████████         56.0 ms
    transfer                                                    █████    19.0 ms
`,
	);
});

test('no line is wider than it may be, and nothing in it is active', () => {
	const hostile = span('1', '', { name: `\u001b[2J\u202e${'日本'.repeat(100)}👩‍💻`, error: '\n\u001b]0;x\u0007' });
	for (const columns of [0, 40, 80, 1000, Number.NaN]) {
		const text = waterfallText([hostile, span('2', '1', { startMs: -5, endMs: 1e9 })], columns || 40);
		// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what must not be there
		assert.doesNotMatch(text, /[\u0000-\u0009\u000b-\u001f\u007f\u202e]/);
		for (const line of text.split('\n')) {
			const wide = [...line].reduce((sum, char) => sum + (/[\u2e80-\ua4cf]/.test(char) ? 2 : 1), 0);
			assert.ok(wide <= Math.max(40, Math.min(columns || 40, 250)), `${wide} of ${columns}: ${line}`);
		}
	}
});

test('circles, orphans and the same id twice are each shown once', () => {
	const rows = waterfallOf([
		span('a', 'b'),
		span('b', 'a'),
		span('c', 'c'),
		span('d', 'gone'),
		span('e', 'd', { startMs: 1005 }),
		span('e', 'd', { startMs: 1005 }),
	]).rows;
	assert.deepEqual(rows.map(({ span: { spanId }, depth }) => `${spanId}${depth}`).sort(), [
		'a0',
		'b1',
		'c0',
		'd0',
		'e1',
	]);
});

test('a trace that is deep and long is bounded', () => {
	const spans = Array.from({ length: 20_000 }, (_, i) => span(`${i}`, i === 0 ? '' : `${i - 1}`));
	const { rows, left } = waterfallOf(spans);
	assert.deepEqual([rows.length, left], [500, 19_500]);
	assert.match(waterfallText(spans, 80), /\nand 19500 more\n$/);
	assert.equal(waterfallText([], 80), 'no span is known of this trace\n');
});
