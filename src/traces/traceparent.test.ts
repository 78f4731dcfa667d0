import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { TraceIds } from './trace-ids.ts';
import {
	derivedSpanId,
	inSample,
	parseTraceparent,
	SAMPLED,
	TRACEPARENT_BYTES,
	TraceContext,
	writeTraceparent,
} from './traceparent.ts';

const TRACE = '0af7651916cd43dd8448eb211c80319c';
const PARENT = 'b7ad6b7169203331';
const VALID = `00-${TRACE}-${PARENT}-01`;

/** The id in `count` words from `at`, as lower-case hex. */
const hexId = (words: Uint32Array, at: number, count: number): string =>
	Array.from(words.subarray(at, at + count), (word) => word.toString(16).padStart(8, '0')).join('');

/** What is read of a value that stands amid other bytes; undefined: it is refused. */
function read(value: string): { trace: string; parent: string; flags: number } | undefined {
	const bytes = Buffer.from(`xx${value}-00`, 'latin1');
	const context = new TraceContext();
	const before = context.words.slice();
	if (!parseTraceparent(bytes, 2, 2 + value.length, context)) {
		assert.deepEqual(context.words, before, 'nothing is written of what is refused');
		assert.equal(context.flags, 0);
		return undefined;
	}
	return { trace: hexId(context.words, 0, 4), parent: hexId(context.words, 6, 2), flags: context.flags };
}

function written(context: TraceContext, attempt?: number): string {
	const out = Buffer.alloc(60, 'x');
	assert.equal(writeTraceparent(out, 2, context, attempt), 2 + TRACEPARENT_BYTES);
	assert.equal(out.toString('latin1', 0, 2) + out.toString('latin1', 57), 'xxxxx');
	return out.toString('latin1', 2, 57);
}

test('a valid field is read', () => {
	assert.deepEqual(read(VALID), { trace: TRACE, parent: PARENT, flags: SAMPLED });
	assert.equal(read(`00-${TRACE}-${PARENT}-00`)?.flags, 0);
	assert.equal(read(`00-${TRACE}-${PARENT}-03`)?.flags, 3, 'the random flag is handed on');
	assert.equal(read(`00-${TRACE}-${PARENT}-fd`)?.flags, SAMPLED, 'flags that nobody knows yet are not');
	assert.deepEqual(read(`00-ffffffffffffffffffffffffffffffff-ffffffffffffffff-01`)?.trace, 'f'.repeat(32));
});

test('a later version is read as far as it is known', () => {
	assert.deepEqual(read(`01-${TRACE}-${PARENT}-01`), { trace: TRACE, parent: PARENT, flags: SAMPLED });
	assert.deepEqual(read(`cc-${TRACE}-${PARENT}-01-what-the-future`)?.parent, PARENT);
	assert.deepEqual(read(`fe-${TRACE}-${PARENT}-01-`)?.parent, PARENT);
	assert.equal(read(`cc-${TRACE}-${PARENT}-01.what`), undefined);
	assert.equal(read(`cc-${TRACE}-${PARENT}-011`), undefined);
});

test('whatever is invalid is refused', () => {
	const refused = [
		'',
		'00',
		`ff-${TRACE}-${PARENT}-01`,
		`FF-${TRACE}-${PARENT}-01`,
		`0-${TRACE}-${PARENT}-01`,
		`.0-${TRACE}-${PARENT}-01`,
		`0.-${TRACE}-${PARENT}-01`,
		`00-${'0'.repeat(32)}-${PARENT}-01`,
		`00-${TRACE}-${'0'.repeat(16)}-01`,
		`00-${TRACE.toUpperCase()}-${PARENT}-01`,
		`00-${TRACE}-${PARENT.toUpperCase()}-01`,
		`00-${TRACE}-${PARENT}-0`,
		`00-${TRACE}-${PARENT}-.0`,
		`00-${TRACE}-${PARENT}-0.`,
		`00-${TRACE}-${PARENT}-0X`,
		`00-${TRACE}-${PARENT}-01-`,
		`00-${TRACE}-${PARENT}-01-what-the-future`,
		`00-${TRACE}-${PARENT}`,
		`00-${TRACE.slice(1)}-${PARENT}-01x`,
		`00_${TRACE}_${PARENT}_01`,
		` ${VALID.slice(1)}`,
		`00-${TRACE.slice(1)}\xff-${PARENT}-01`,
		`${VALID},${VALID}`,
	];
	for (const value of refused) assert.equal(read(value), undefined, value);
});

test('any byte that changes in a valid field is either another valid digit or refused', () => {
	const pattern = /^00-(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}$/;
	const later = /^(?!ff)[0-9a-f]{2}-(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}$/;
	for (let at = 0; at < VALID.length; at++) {
		for (let byte = 0; byte < 256; byte++) {
			const value = VALID.slice(0, at) + String.fromCharCode(byte) + VALID.slice(at + 1);
			assert.equal(read(value) !== undefined, pattern.test(value) || later.test(value), JSON.stringify(value));
		}
	}
});

test('what is written is read as the same, our span as the parent', () => {
	const word = fc.integer({ min: 0, max: 0xffffffff });
	const property = fc.property(fc.array(word, { minLength: 6, maxLength: 6 }), fc.boolean(), (ids, sampled) => {
		fc.pre(ids.slice(0, 4).some(Boolean) && ids.slice(4).some(Boolean));
		const context = new TraceContext();
		context.words.set(ids);
		context.flags = sampled ? SAMPLED : 0;
		const value = written(context);
		const [trace, span] = [hexId(context.words, 0, 4), hexId(context.words, 4, 2)];
		assert.equal(value, `00-${trace}-${span}-0${context.flags}`);
		assert.deepEqual(read(value), { trace, parent: span, flags: context.flags });
	});
	fc.assert(property, { numRuns: 500 });
});

test('each attempt has a span of its own, which the reader of the record finds again', () => {
	const context = new TraceContext();
	const ids = new TraceIds();
	const seen = new Set<string>();
	for (let request = 0; request < 500; request++) {
		ids.beginTrace(context);
		const span = hexId(context.words, 4, 2);
		seen.add(span);
		for (let attempt = 1; attempt <= 4; attempt++) {
			const parent = written(context, attempt).slice(36, 52);
			assert.equal(parent, derivedSpanId(span, attempt));
			seen.add(parent);
		}
	}
	assert.equal(seen.size, 2500);
	assert.match(derivedSpanId('0000000000000001', 1), /^[0-9a-f]{16}$/);
});

test('ids are never zero, differ between generators, and a trace that begins has no parent', () => {
	const context = new TraceContext();
	context.words.fill(7);
	context.flags = 3;
	new TraceIds(new Uint32Array(4)).beginTrace(context);
	assert.match(hexId(context.words, 0, 4), /^[0-9a-f]{32}$/);
	assert.match(hexId(context.words, 4, 2), /^[0-9a-f]{16}$/);
	assert.deepEqual([...context.words.subarray(6)], [0, 0]);
	assert.equal(context.flags, 0);
	const traces = new Set<string>();
	for (let generator = 0; generator < 50; generator++) {
		const ids = new TraceIds();
		for (let i = 0; i < 50; i++) {
			ids.beginTrace(context);
			traces.add(hexId(context.words, 0, 4));
		}
	}
	assert.equal(traces.size, 2500);
});

test('xoshiro128** gives the numbers of its authors', () => {
	// The reference, from the state 1 2 3 4: 11520 0 5927040 70819200 2031721883 1637235492 …
	const context = new TraceContext();
	new TraceIds(Uint32Array.of(1, 2, 3, 4)).beginTrace(context);
	assert.deepEqual([...context.words.subarray(0, 6)], [11520, 0, 5927040, 70819200, 2031721883, 1637235492]);
});

test('a share of the traces is kept, and the same ones wherever it is asked', () => {
	const context = new TraceContext();
	const ids = new TraceIds(Uint32Array.of(1, 2, 3, 4));
	let [none, some, all] = [0, 0, 0];
	for (let i = 0; i < 20_000; i++) {
		ids.beginTrace(context);
		none += Number(inSample(context, 0));
		some += Number(inSample(context, 0.1));
		all += Number(inSample(context, 1));
		assert.equal(inSample(context, 0.05) && !inSample(context, 0.1), false);
	}
	assert.deepEqual([none, all], [0, 20_000]);
	assert.ok(Math.abs(some - 2000) < 200, `${some}`);
});
