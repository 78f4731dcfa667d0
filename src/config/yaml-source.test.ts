import assert from 'node:assert/strict';
import test from 'node:test';
import type { Path } from './problem.ts';
import { readYaml } from './yaml-source.ts';

const problems = (text: string) =>
	readYaml('/x.yaml', text).problems.map(({ line, column, message }) => `${line}:${column} ${message}`);
const where = (text: string, path: Path, at: 'key' | 'value' = 'value') => {
	const position = readYaml('/x.yaml', text).source?.locate(path, at);
	return `${position?.line}:${position?.column}`;
};

test('positions of keys and values, in block and flow style', () => {
	const text = 'a:\n  b: 1\n  c: [x, { d: 2 }]\n  e:\n    - f\n    - g: 3\n';
	assert.equal(where(text, ['a', 'b']), '2:6');
	assert.equal(where(text, ['a', 'b'], 'key'), '2:3');
	assert.equal(where(text, ['a', 'c', 1, 'd']), '3:15');
	assert.equal(where(text, ['a', 'e', 1, 'g'], 'key'), '6:7');
	assert.equal(where(text, ['a', 'e']), '4:3', 'a block stands where its key does');
	assert.equal(where(text, ['a', 'c']), '3:6');
	assert.equal(where(text, ['a', 'nope', 'x']), '1:1', 'the nearest that is there');
	assert.equal(where(text, []), '1:1');
	assert.equal(where('', ['a']), '1:1');
});

test('positions through aliases and merge keys', () => {
	const text = 'x: &x\n  a: 1\ny: *x\nz:\n  <<: [*x]\n  b: 2\n';
	assert.equal(where(text, ['y', 'a']), '2:6');
	assert.equal(where(text, ['z', 'a']), '2:6');
	assert.equal(where(text, ['z', 'b']), '6:6');
	assert.deepEqual(readYaml('/x.yaml', text).source?.value, { x: { a: 1 }, y: { a: 1 }, z: { a: 1, b: 2 } });
});

test('YAML 1.2: yes, no, on and off are texts; other keys become texts', () => {
	const { source } = readYaml('/x.yaml', 'a: [yes, no, on, off, ~, 0x10, 2026-11-21]\n200: b\ntrue: c\n');
	assert.deepEqual(source?.value, { a: ['yes', 'no', 'on', 'off', null, 16, '2026-11-21'], 200: 'b', true: 'c' });
});

test('each key once, in any map', () => {
	assert.deepEqual(problems('a: { b: 1, "b": 2 }\nc:\n  d: 1\n  d: 2\n'), [
		'1:12 expected each key once; `b` stands there twice',
		'4:3 expected each key once; `d` stands there twice',
	]);
	assert.deepEqual(problems('a: &a {}\nb: &b {}\nc:\n  <<: *a\n  <<: *b\n'), []);
});

test('bad YAML in our own words', () => {
	const cases: [string, string][] = [
		['a:\n\tb: 1\n', '2:1 expected blanks: a tab cannot indent YAML'],
		['a: *nope\n', '1:4 expected an alias to an anchor that stands before it'],
		['a: &a [*a]\n', '1:8 expected an alias that does not hold itself'],
		['a: { <<: b }\n', '1:6 expected a map, or aliases to maps, behind the merge key `<<`'],
		['a: &a 1\nb: { <<: [{}, *a] }\n', '2:6 expected a map, or aliases to maps, behind the merge key `<<`'],
		['a: "x\n', '2:1 expected a quote, bracket, comma or colon that is missing here'],
		['a: b: c\n', '1:4 expected one value; a value that holds `: ` needs quotes'],
		['a: @x\n', '1:4 expected text in quotes: it starts with a character that YAML reserves (@ or a backquote)'],
		['? [a]\n: 1\n', '1:3 expected text as a key'],
		['a: !!binary aGk=\n', '1:4 expected a plain value; tags such as !this are not known here'],
	];
	for (const [text, expected] of cases) assert.equal(problems(text)[0], expected, text);
});

test('bombs are refused, quickly', () => {
	const levels = Array.from(
		{ length: 9 },
		(_, at) => `l${at}: &l${at} [${Array(9).fill(at === 0 ? 'x' : `*l${at - 1}`)}]`,
	);
	const cases: [string, RegExp][] = [
		[levels.join('\n'), /at most 1000 uses of aliases/],
		[
			`a: &a { b: 1 }\n${Array.from({ length: 1001 }, (_, at) => `k${at}: { <<: *a }`).join('\n')}`,
			/at most 1000 uses of aliases/,
		],
		['['.repeat(50_000), /nested too deep/],
		[`${'{a: '.repeat(80)}1${'}'.repeat(80)}`, /nested more than 64 deep/],
		[`a: [${Array(200_001).fill(1)}]`, /too many parts/],
	];
	for (const [text, expected] of cases) {
		// By the processor's time: a busy machine says nothing of the reader.
		const start = process.cpuUsage();
		assert.match(problems(text)[0] ?? 'none', expected);
		const { user, system } = process.cpuUsage(start);
		assert.ok(user + system < 5_000_000, `${expected}: ${(user + system) / 1000} ms`);
	}
});

test('an anchor that many use is no bomb', () => {
	const text = `a: &a { b: 1 }\n${Array.from({ length: 500 }, (_, at) => `k${at}: { <<: *a }`).join('\n')}`;
	assert.deepEqual(problems(text), []);
});

test('a file full of faults does not fill the screen', () => {
	assert.equal(problems('a: 1\n'.repeat(1000)).length, 20);
});

test('no key reaches a prototype', () => {
	assert.deepEqual(problems('__proto__: { polluted: 1 }\n'), [
		'null:null expected other keys; `__proto__` cannot be one',
	]);
	assert.deepEqual(readYaml('/x.yaml', 'constructor: 1\ntoString: 2\n').source?.value, { constructor: 1, toString: 2 });
});
