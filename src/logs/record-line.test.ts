import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { Cached } from '../core/cached.ts';
import { errorIndex } from '../core/errors.ts';
import { writeAccessLine } from './access-line.ts';
import { LineBuffer } from './line-buffer.ts';
import { Want } from './record-layout.ts';
import { RecordLines } from './record-line.ts';
import { RecordReader } from './record-reader.ts';
import { RecordRing } from './record-ring.ts';
import { type Recorded, RecordWriter } from './record-writer.ts';
import { Redactor } from './redact.ts';
import { TOKENS } from './testing-entries.ts';

const names = {
	route: (series: number) => (series === 0 ? undefined : { service: 'vi"deos', route: `GET /v1/${series}/*` }),
	instance: (serial: number) => `videos-${serial}`,
};
const redactor = new Redactor({ patterns: [], keys: ['own'] });

interface Made {
	method: string;
	path: string;
	query: string;
	agent: string;
	address: string;
	status: number;
	attempts: number;
	cause: number;
	notable: boolean;
	series: number;
	durationUs: number;
	queueUs: number;
	trace: number;
	cached: Cached;
}

function requestOf(made: Made): Recorded {
	const { method, path, query, agent, attempts } = made;
	const texts = [method, path, `?${query}`, agent];
	const buffer = Buffer.from(texts.join(''), 'latin1');
	const at = (which: number): number => texts.slice(0, which).join('').length;
	const cells = new Int32Array(24);
	for (let i = 0; i < attempts; i++) cells.set([i + 1, i * 100, 5, 50, i + 1 === attempts ? -1 : 90, 200], i * 6);
	return {
		buffer,
		method,
		status: made.status,
		pathStart: at(1),
		pathEnd: at(2),
		targetEnd: at(3),
		hostStart: 0,
		hostEnd: 0,
		rewritten: false,
		bytesOut: 77,
		trace: { words: new Uint32Array(8).fill(made.trace), flags: 0 },
		body: { received: 3 },
		framing: { userAgentAt: 0 },
		head: {
			minor: 1,
			targetStart: 0,
			targetEnd: 0,
			queryAt: 0,
			fields: { table: Int32Array.of(0, 0, at(3), at(4), 0) },
		},
		cache: { cached: made.cached },
		client: { secure: false },
		fetch: { attempts, times: { cells, count: attempts } },
	};
}

function both(made: Made): { fast: string; slow: string } {
	const ring = RecordRing.create(65_536);
	const { durationUs, queueUs, series, cause, notable, address } = made;
	const parts = { connectUs: 1, firstByteUs: 2, transferUs: 3 };
	const times = { timeMs: 1_790_000_000_123, durationUs, queueUs, ...parts };
	new RecordWriter(ring).write(requestOf(made), {
		wants: Want.line,
		...times,
		series,
		cause,
		weight: 1,
		notable,
		address,
	});
	const fast = new LineBuffer();
	const slow = new LineBuffer();
	ring.drain((at) => {
		new RecordLines(ring, names, { redactor, sample: 1 }).write(at, fast);
		const entry = new RecordReader(ring, names).read(at);
		redactor.access([entry]);
		writeAccessLine(entry, slow);
	}, 1);
	return { fast: fast.view().toString(), slow: slow.view().toString() };
}

const latin = fc.string({
	unit: fc.integer({ min: 0, max: 255 }).map((code) => String.fromCharCode(code)),
	maxLength: 60,
});
const telling = fc.constantFrom(
	'/v1/me@example.com/x',
	'/pay/4111111111111111',
	'/pay/4111 1111 1111 1111',
	'/t/eyJhbGciOi.eyJzdWIiOi.abc',
	'/a;token=hush',
	'/m/me%40example.com',
	'/v1/videos/0123456789012345',
	...TOKENS.map((token) => `/v1/${token}/x`),
	...TOKENS,
	'',
);
const made = fc.record({
	method: fc.constantFrom('GET', 'POST', 'BREW'),
	path: fc.oneof(latin, telling),
	query: fc.oneof(latin, fc.constantFrom('', 'token=x&n=1', 'own=1', 'q=me@example.com')),
	agent: fc.oneof(latin, fc.constantFrom('', 'bot (me@example.com)', 'x token=abcdef123', 'Bearer abcdefgh12345678')),
	address: fc.constantFrom('192.0.2.1', '2001:db8::1'),
	status: fc.constantFrom(0, 200, 404, 502),
	attempts: fc.integer({ min: 0, max: 4 }),
	cause: fc.constantFrom(0, errorIndex('connect_refused'), errorIndex('no_route')),
	notable: fc.boolean(),
	series: fc.constantFrom(0, 3),
	durationUs: fc.integer({ min: 0, max: 2_000_000_000 }),
	queueUs: fc.constantFrom(0, 500),
	trace: fc.constantFrom(0, 0xdeadbeef),
	cached: fc.constantFrom(...Object.values(Cached)),
});

test('property: a line straight from a record is the line of its entry', () => {
	fc.assert(
		fc.property(made, (one) => {
			const { fast, slow } = both(one);
			assert.equal(fast, slow);
			JSON.parse(fast);
		}),
		{ numRuns: 500 },
	);
});

test('what is secret or personal is redacted there too', () => {
	const one = { ...fc.sample(made, { numRuns: 1, seed: 1 })[0], agent: 'x', status: 200 } as Made;
	for (const [path, query] of [
		['/v1/me@example.com', ''],
		['/pay/4111111111111111', ''],
		['/x', 'token=4111111111111111&own=hush'],
		...TOKENS.map((token) => [`/x/${token}/y`, ''] as const),
	] as const) {
		const { fast } = both({ ...one, path, query });
		assert.match(fast, /\[redacted\]/);
		assert.doesNotMatch(fast, /example\.com|4111|hush/);
		assert.ok(!TOKENS.some((token) => fast.includes(token)));
	}
});
