/** Ballast's codec against Node's own parser. Longer, by hand: `node test/fuzz/codec.ts --minutes 5 --seed 7`. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { after, describe, test } from 'node:test';
import { compare } from './compare.ts';
import { Differential, type Input } from './differential.ts';
import type { Judgement } from './judgement.ts';
import { minimise } from './minimise.ts';
import { wrongIn, wrongInAnswer } from './passed-on.ts';
import { type Message, type Reading, wholeOf } from './reading.ts';
import { fuzz, inputOf, report } from './run.ts';
import { STRICTNESS_PAGE, withTables } from './strictness-page.ts';
import { REFUSED } from './strictness-refused.ts';
import { READ_OTHERWISE, TAKEN } from './strictness-taken.ts';

const SEED = 20261121;
const FUZZ_MS = 4000;
const NEXT = 'GET /next HTTP/1.1\r\nHost: n\r\n\r\n';

const differential = new Differential();
after(() => differential.close());

test('what both take is read alike, and every other difference is on the lists', async (t) => {
	const result = await fuzz({ seed: SEED, ms: FUZZ_MS });
	if (result.failure !== null) assert.fail(report(result.failure));
	t.diagnostic(
		`seed ${SEED}: ${result.inputs} inputs, ${result.alike} messages read alike, ${result.refused} refused by both`,
	);
	// Else it would compare nothing.
	assert.ok(
		result.inputs >= 1000 && result.alike > result.inputs / 2 && result.refused > result.inputs / 10,
		JSON.stringify(result),
	);
});

test('an input is the same for the same seed and number, and another for others', () => {
	assert.deepEqual(inputOf(1, 5), inputOf(1, 5));
	assert.equal(new Set(Array.from({ length: 200 }, (_, at) => inputOf(1, at).text)).size > 190, true);
	assert.notDeepEqual(inputOf(1, 5), inputOf(2, 5));
});

describe('each line of the lists is true, by its example', () => {
	const inputs = ({ example, side }: Judgement): Input[] => {
		const request: Input = { side: 'request', text: example + NEXT, method: 'GET' };
		const response: Input = { side: 'response', text: example, method: 'GET' };
		return side === 'response' || example.startsWith('HTTP/') ? [response] : [request];
	};
	const check = (list: readonly Judgement[], outcome: (ours: Reading, node: Reading) => boolean) => {
		for (const judgement of list) {
			test(judgement.what, async () => {
				for (const input of inputs(judgement)) {
					const { ours, node, judgement: found, failure } = await differential.run(input);
					const seen = JSON.stringify({ ours, node }).slice(0, 2000);
					assert.equal(failure, '', seen);
					assert.equal(found?.what, judgement.what, seen);
					assert.ok(outcome(ours, node), seen);
				}
			});
		}
	};
	check(REFUSED, (ours, node) => ours.end === 'refused' && wholeOf(node) > wholeOf(ours));
	check(TAKEN, (ours, node) => node.end === 'refused' && wholeOf(ours) > wholeOf(node));
	check(READ_OTHERWISE, (ours, node) => ours.end !== 'refused' && node.end !== 'refused');
});

test('docs/strictness.md shows the lists', () => {
	const page = readFileSync(STRICTNESS_PAGE, 'utf8');
	assert.equal(withTables(page), page, 'out of date: node test/fuzz/strictness-page.ts --write');
});

test('the comparison sees whatever differs', () => {
	const message: Message = {
		first: 'GET',
		second: '/',
		version: '1.1',
		fields: [
			['A', '1'],
			['B', '2'],
		],
		body: 'b',
		trailers: [['T', '1']],
		whole: true,
		keeps: true,
	};
	const reading = (changed: Partial<Message>, end: Reading['end'] = 'open'): Reading => ({
		messages: [{ ...message, ...changed }],
		end,
		why: '',
		starts: [0],
	});
	const same = reading({});
	assert.equal(compare(same, reading({})), null);
	const changes: Partial<Message>[] = [
		{ first: 'PUT' },
		{ second: '/a' },
		{ version: '1.0' },
		{ body: '' },
		{
			fields: [
				['B', '2'],
				['A', '1'],
			],
		},
		{
			fields: [
				['a', '1'],
				['B', '2'],
			],
		},
		{
			fields: [
				['A', '1, 2'],
				['B', '2'],
			],
		},
		{ trailers: [] },
		{ keeps: false },
	];
	for (const change of changes) {
		assert.equal(compare(same, reading(change))?.kind, 'read', JSON.stringify(change));
		assert.equal(
			compare(reading({ ...change, whole: false }), reading({ whole: false }))?.kind,
			'read',
			JSON.stringify(change),
		);
	}
	const nothing = (end: Reading['end']): Reading => ({ messages: [], end, why: '', starts: [0] });
	assert.equal(compare(same, nothing('open'))?.kind, 'read');
	assert.equal(compare(same, nothing('refused'))?.kind, 'only we take it');
	assert.equal(compare(nothing('refused'), same)?.kind, 'only Node takes it');
	assert.equal(compare(nothing('refused'), nothing('refused')), null);
	assert.equal(
		compare(
			same,
			reading({
				trailers: [
					['T', '1'],
					['Host', 'x'],
					['a_b', 'c'],
				],
			}),
		),
		null,
	);
});

test('a request that is passed on in any other form is seen', () => {
	const message: Message = {
		first: 'POST',
		second: '/a/../b?c',
		version: '1.1',
		fields: [
			['Host', 'a'],
			['X-One', '1'],
			['X-Two', '2'],
		],
		body: 'body',
		trailers: [],
		whole: true,
		keeps: true,
	};
	const good = 'POST /b?c HTTP/1.1\r\nHost: a\r\nX-One: 1\r\nX-Two: 2\r\nContent-Length: 4\r\n\r\nbody';
	assert.equal(wrongIn({ ...message, passedOn: good }), '');
	const changes: [string, string][] = [
		['POST', 'PUT'],
		['/b?c', '/a/../b?c'],
		['/b?c', '/b?d'],
		['HTTP/1.1', 'HTTP/1.0'],
		['X-One: 1', 'X-One: 2'],
		['X-One: 1', 'X-Three: 1'],
		['X-One: 1\r\nX-Two: 2', 'X-Two: 2\r\nX-One: 1'],
		['Length: 4', 'Length: 3'],
		['Length: 4', 'Length: 5'],
		['Length: 4', 'Length: 4\r\nTransfer-Encoding: chunked'],
		['\r\nbody', '\r\nbods'],
		['body', 'bodyGET / HTTP/1.1\r\n\r\n'],
		['Host: a\r\n', ''],
		['\r\nX-Two', '\nX-Two'],
	];
	for (const [from, to] of changes) assert.notEqual(wrongIn({ ...message, passedOn: good.replace(from, to) }), '', to);
});

test('an answer that is passed on in any other form is seen', () => {
	const message: Message = {
		first: '200',
		second: 'OK',
		version: '1.1',
		fields: [
			['X-One', '1'],
			['X-Two', '2'],
		],
		body: 'body',
		trailers: [],
		whole: true,
		keeps: true,
	};
	const good = 'HTTP/1.1 200 OK\r\nX-One: 1\r\nX-Two: 2\r\nDate: today\r\nContent-Length: 4\r\n\r\nbody';
	assert.equal(wrongInAnswer({ ...message, passedOn: good }, 'GET'), '');
	assert.equal(
		wrongInAnswer(
			{
				...message,
				passedOn: `HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n${good}`,
				fields: [['Link', 'x'], ...message.fields],
			},
			'GET',
		),
		'',
	);
	const changes: [string, string][] = [
		['200 OK', '200'],
		['200 OK', '201 OK'],
		['1.1', '1.0'],
		['X-One: 1\r\n', 'X-One: 1\n'],
		['X-Two: 2', 'X-Two: 3'],
		['Date: today\r\n', ''],
		['Content-Length: 4\r\n', ''],
		['Content-Length: 4', 'Content-Length: 4\r\nContent-Length: 4'],
		['body', 'bod'],
		['body', 'bodyHTTP/1.1 200 OK'],
	];
	for (const [from, to] of changes)
		assert.notEqual(wrongInAnswer({ ...message, passedOn: good.replace(from, to) }, 'GET'), '', to);
	assert.notEqual(wrongInAnswer({ ...message, passedOn: good }, 'HEAD'), '', 'a body to HEAD');
});

test('a failure is shown in as few bytes as it takes', async () => {
	const text = `${inputOf(1, 3).text}\0${inputOf(1, 4).text}`;
	const minimal = await minimise(text, async (shorter) => shorter.includes('\0') && shorter.includes('H'));
	assert.ok(minimal === '\0H' || minimal === 'H\0', JSON.stringify(minimal));
});
