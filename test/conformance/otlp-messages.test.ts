/** Our tables of OTLP's messages against the official definitions, both ways. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { EXPORT_ANSWER, RPC_STATUS } from '../../src/otlp/common-messages.ts';
import { decode } from '../../src/otlp/decode.ts';
import { encode } from '../../src/otlp/encode.ts';
import { LOGS_REQUEST } from '../../src/otlp/log-messages.ts';
import type { Message, Scalar } from '../../src/otlp/message.ts';
import { METRICS_REQUEST } from '../../src/otlp/metric-messages.ts';
import { TRACES_REQUEST } from '../../src/otlp/span-messages.ts';
import { OFFICIAL, type OfficialType, plain } from './official-otlp.ts';

const PAIRS: [name: string, ours: Message<object>, theirs: OfficialType][] = [
	['metrics', METRICS_REQUEST, OFFICIAL.metrics],
	['logs', LOGS_REQUEST, OFFICIAL.logs],
	['traces', TRACES_REQUEST, OFFICIAL.traces],
];

const whole = (min: number, max: number): fc.Arbitrary<number> => fc.integer({ min, max });
const SCALARS: Record<Scalar, fc.Arbitrary<unknown>> = {
	string: fc.string({ unit: 'binary', maxLength: 200 }),
	bool: fc.boolean(),
	double: fc.double({ noNaN: true }).map((value) => (Object.is(value, -0) ? 0 : value)),
	// What a double of epoch ms holds exactly: down to 2⁻¹² ms.
	nanos: whole(0, 1_900_000_000_000),
	fixed64: whole(0, Number.MAX_SAFE_INTEGER),
	sfixed64: whole(Number.MIN_SAFE_INTEGER, Number.MAX_SAFE_INTEGER),
	fixed32: whole(0, 2 ** 32 - 1),
	int64: whole(Number.MIN_SAFE_INTEGER, Number.MAX_SAFE_INTEGER),
	uint64: whole(0, Number.MAX_SAFE_INTEGER),
	uint32: whole(0, 24),
	sint32: whole(-(2 ** 31), 2 ** 31 - 1),
	hex: fc.uint8Array({ minLength: 1, maxLength: 16 }).map((bytes) => Buffer.from(bytes).toString('hex')),
	bytes: fc.uint8Array({ maxLength: 20 }).map((bytes) => Buffer.from(bytes)),
};

/** Any value of a message, of a few fields at a time. */
function anyOf(message: Message<object>, depth: number): fc.Arbitrary<object> {
	const fields: Record<string, fc.Arbitrary<unknown>> = {};
	for (const [name, { type, repeated }] of message.fields) {
		if (typeof type !== 'string' && depth === 0) continue;
		const value = typeof type === 'string' ? SCALARS[type] : fc.constant(0).chain(() => anyOf(type(), depth - 1));
		fields[name] = repeated ? fc.array(value, { minLength: 1, maxLength: 3 }) : value;
	}
	return fc.record(fields, { requiredKeys: [] });
}

for (const [name, ours, theirs] of PAIRS) {
	test(`${name}: what is written here is read by the official definitions, with nothing unknown, and the reverse`, () => {
		const property = fc.property(anyOf(ours, 6), (value) => {
			const read = theirs.decode(encode(ours, value));
			// Written anew by them it is read here as the same; a field whose number or type differs would be missing.
			assert.deepEqual(decode(ours, Buffer.from(theirs.encode(read).finish())), decode(ours, encode(ours, value)));
			assert.deepEqual(Object.keys(plain(theirs, read)).sort(), Object.keys(value).sort());
		});
		fc.assert(property, { numRuns: 300 });
	});
}

test('each field has the official name, number and type', () => {
	let count = 0;
	const seen = new Set<Message<object>>();
	const compare = (message: Message<object>, path: (leaf: object) => object, theirs: OfficialType): void => {
		if (seen.has(message)) return;
		seen.add(message);
		for (const [name, { type, repeated }] of message.fields) {
			const below = typeof type === 'string' ? undefined : type();
			const sample = typeof type === 'string' ? fc.sample(SCALARS[type].filter(isSomething), 1)[0] : {};
			const value = path({ [name]: repeated ? [sample] : sample });
			const text = JSON.stringify(plain(theirs, theirs.decode(encode(rootOf(theirs), value))));
			assert.match(text, new RegExp(`"${name}":`), `${name} is not found by the official definitions`);
			count++;
			if (below !== undefined) compare(below, (leaf) => path({ [name]: repeated ? [leaf] : leaf }), theirs);
		}
	};
	for (const [, ours, theirs] of PAIRS) compare(ours, (leaf) => leaf, theirs);
	assert.ok(count > 90, `${count} fields`);
});

const isSomething = (value: unknown): boolean => value !== 0 && value !== '' && value !== false;
const rootOf = (theirs: OfficialType): Message<object> =>
	PAIRS.find((pair) => pair[2] === theirs)?.[1] as Message<object>;

test('answers are those of the official definitions', () => {
	const bytes = encode(EXPORT_ANSWER, { partialSuccess: { rejected: 7, errorMessage: 'too many' } });
	assert.deepEqual(plain(OFFICIAL.metricsAnswer, OFFICIAL.metricsAnswer.decode(bytes)), {
		partialSuccess: { rejectedDataPoints: '7', errorMessage: 'too many' },
	});
	assert.deepEqual(plain(OFFICIAL.logsAnswer, OFFICIAL.logsAnswer.decode(bytes)), {
		partialSuccess: { rejectedLogRecords: '7', errorMessage: 'too many' },
	});
	assert.deepEqual(plain(OFFICIAL.tracesAnswer, OFFICIAL.tracesAnswer.decode(bytes)), {
		partialSuccess: { rejectedSpans: '7', errorMessage: 'too many' },
	});
	// google.rpc.Status has no definition in that package; field 1 is an int32, field 2 a string.
	assert.equal(encode(RPC_STATUS, { code: 3, message: 'no' }).toString('hex'), '080312026e6f');
});
