import assert from 'node:assert/strict';
import test from 'node:test';
import fc from 'fast-check';
import { anyText } from '../core/testing/any-text.ts';
import { readJson } from './json-source.ts';
import { loadConfig } from './load.ts';
import { formatProblems } from './problem.ts';
import { TempFiles } from './testing/temp-files.ts';

const problem = (text: string) => {
	const [first] = readJson('/x.json', text).problems;
	return `${first?.line}:${first?.column} ${first?.message}`;
};

test('property: what JSON.parse makes of a text, this does', () => {
	const { value } = fc.letrec<{ value: unknown }>((tie) => ({
		value: fc.oneof(
			{ depthSize: 'small', withCrossShrink: true },
			fc.constantFrom(null, true, false),
			fc.double({ noNaN: true, noDefaultInfinity: true }),
			fc.integer(),
			anyText(),
			fc.array(tie('value'), { maxLength: 5 }),
			fc.dictionary(
				anyText().filter((key) => key !== '__proto__'),
				tie('value'),
				{ maxKeys: 5 },
			),
		),
	}));
	fc.assert(
		fc.property(value, fc.constantFrom(0, 2, '\t'), (one, indent) => {
			const text = JSON.stringify(one, null, indent);
			const { source, problems } = readJson('/x.json', text);
			assert.deepEqual(problems, []);
			assert.deepEqual(source?.value, JSON.parse(text));
		}),
		{ seed: 1, numRuns: 300 },
	);
});

test('property: what JSON.parse refuses, this refuses', () => {
	const text = fc.array(
		fc.constantFrom('{', '}', '[', ']', ',', ':', '"a"', '"', '1', '-', '0', '.5', 'e3', 'true', 'null', ' ', '\\'),
		{ maxLength: 8 },
	);
	fc.assert(
		fc.property(text, (parts) => {
			const json = parts.join('');
			let parsed = true;
			try {
				JSON.parse(json);
			} catch {
				parsed = false;
			}
			const { problems } = readJson('/x.json', json);
			const twice = problems[0]?.message.includes('each key once') === true;
			assert.equal(problems.length === 0 || twice, parsed, json);
		}),
		{ seed: 2, numRuns: 3000 },
	);
});

test('bad JSON: where, and what is accepted', () => {
	const cases: [string, string][] = [
		[
			'{\n  "a": b\n}',
			'2:8 expected a JSON value: an object, a list, text in double quotes, a number, true, false or null',
		],
		['{ a: 1 }', '1:3 expected a key in double quotes'],
		['{ "a" 1 }', '1:7 expected `:` after the key'],
		['{ "a": 1 "b": 2 }', '1:10 expected `,` or `}`'],
		['{ "a": 1, }', '1:11 expected no `,` behind the last element'],
		['[1, 2', '1:6 expected `,` or `]`'],
		['{ "a": "x\ny" }', '1:8 expected text in double quotes, on one line, with valid escapes'],
		[
			'{ "a": 01 }',
			'1:8 expected a JSON value: an object, a list, text in double quotes, a number, true, false or null',
		],
		['{} {}', '1:4 expected the end of the file'],
		['// x\n{}', '1:1 expected JSON, which has no comments; YAML has'],
		['{ "a": 1,\n  "a": 2 }', '2:3 expected each key once; `a` stands there twice'],
		['', '1:1 expected a JSON value: an object, a list, text in double quotes, a number, true, false or null'],
		['['.repeat(100_000), '1:102 expected a configuration; this one is nested too deep'],
		['{ "__proto__": {} }', 'null:null expected other keys; `__proto__` cannot be one'],
	];
	for (const [text, expected] of cases) assert.equal(problem(text), expected, text.slice(0, 40));
});

test('problems of a JSON file have positions, too', async () => {
	using temp = new TempFiles({
		'ballast.json':
			'{\n\t"services": {\n\t\t"a": { "instances": "http://h:1", "health": { "timeout": 3 } },\n\t\t"b": {}\n\t}\n}',
	});
	const result = await loadConfig('ballast.json', { cwd: temp.folder });
	assert.equal(
		result.ok ? '' : formatProblems(result.problems, temp.folder),
		'ballast.json:3:60  services.a.health.timeout: 3\n    expected a duration such as 500ms, 30s or 1m30s; write `3s`\n' +
			'ballast.json:4:3  services.b\n    missing; a service needs `instances`: { run: … }, { urls: […] } or { dns: … }\n' +
			'ballast.json:4:3  services.b\n    conflict: services.a takes everything too',
	);
});
