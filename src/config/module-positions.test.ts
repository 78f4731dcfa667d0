import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { modulePositions } from './module-positions.ts';
import type { Path } from './problem.ts';

/** Where a path is found: what stands there in the source, to the end of the line; null: nowhere. */
function found(source: string, value: unknown, path: Path, which: 'key' | 'value' = 'key'): string | null {
	const position = modulePositions(source, value)(path, which);
	if (position === null) return null;
	return (source.split('\n')[position.line - 1] as string).slice(position.column - 1);
}

const VALUE = { listen: 8080, services: { a: { instances: ['http://h:1', 'http://h:2'], health: '/x' } } };

describe('the literal that is exported', () => {
	const literal = `{
	// a comment { with brackets
	listen: 8080, /* and
	another ' */
	'services': {
		a: {
			instances: ['http://h:1',
				"http://h:2"],
			health: \`/x\`,
		},
	},
}`;
	const FORMS: Record<string, string> = {
		plain: `export default ${literal}`,
		'with defineConfig': `import { defineConfig } from 'ballast';\nexport default defineConfig(${literal});`,
		'with a type': `export default ${literal} satisfies Config;`,
		'a constant': `const config: Record<string, unknown> = ${literal};\nexport default config;`,
		'a constant without semicolons': `const config = defineConfig(${literal})\nconsole.log('x')\nexport default config`,
		'behind much else': `#!/usr/bin/env node\nimport x from 'y';\nconst re = /[{"'/]\\//g, t = \`\${'}'} {\`;\nfunction f(a = {}) { return a / 2 / 1; }\nexport const other = { listen: 1 };\nexport default ${literal}`,
	};
	for (const [name, source] of Object.entries(FORMS)) {
		test(name, () => {
			assert.equal(found(source, VALUE, ['listen'])?.slice(0, 13), 'listen: 8080,');
			assert.equal(found(source, VALUE, ['listen'], 'value')?.slice(0, 5), '8080,');
			assert.equal(found(source, VALUE, ['services']), "'services': {");
			assert.equal(found(source, VALUE, ['services', 'a', 'instances', 1]), '"http://h:2"],');
			assert.equal(found(source, VALUE, ['services', 'a', 'health'], 'value'), '`/x`,');
			// What is missing is missed where it should be.
			assert.equal(found(source, VALUE, ['services', 'a', 'scale']), 'a: {');
			assert.equal(found(source, VALUE, ['services', 'b', 'scale'])?.slice(0, 12), "'services': ");
		});
	}

	test('constants within it are followed, one that is imported is not', () => {
		const source = `import { url } from './url.ts';
const health = '/x';
const a = { instances: [url, 'http://h:2'], health };
export default { listen: 8080, services: { a } };`;
		assert.equal(found(source, VALUE, ['services', 'a', 'health'])?.slice(0, 8), 'health }');
		assert.equal(found(source, VALUE, ['services', 'a', 'health'], 'value'), "'/x';");
		assert.equal(found(source, VALUE, ['services', 'a', 'instances', 0], 'value')?.slice(0, 5), 'url, ');
	});
});

describe('where the text does not tell, the nearest part above is named, or nothing', () => {
	const SERVICE = { instances: 'http://h:1', scale: 2 };
	const value = { services: { a: SERVICE } };
	const CASES: [why: string, source: string, expected: string | null][] = [
		['spread in', 'export default {\nservices: { a: {\n...base, ...more } } }', 'a: {'],
		[
			'spread behind it, which may replace it',
			'export default {\nservices: {\na: { scale: 2,\n...more } } }',
			'a: { scale: 2,',
		],
		['a computed key', 'export default {\nservices: { [name]: {\nscale: 2 } } }', 'services: { [name]: {'],
		['a method', 'export default {\nservices: { a: {\nscale: 2, get instances() { return 1 } } } }', 'a: {'],
		['a call', 'export default {\nservices: { a: service({\nscale: 2 }) } }', 'a: service({'],
		[
			'a choice',
			'export default {\nservices: { a: x ? { scale: 2 } : { scale: 2 } } }',
			'a: x ? { scale: 2 } : { scale: 2 } } }',
		],
		[
			'another value than was exported',
			"export default {\nservices: { a: {\nscale: 3, instances: 'http://h:1' } } }",
			'a: {',
		],
		[
			'keys that were added later',
			'const c = {\nservices: { a: { scale: 2 } } };\nc.services.a.instances = 1;\nexport default c',
			'services: { a: { scale: 2 } } };',
		],
		['a list with something spread in', 'export default {\nservices: [...x] }', null],
		['a function that makes it', 'export default make({ services: { a: { scale: 2 } } })', null],
		['a variable that may have changed', 'let c = { services: { a: { scale: 2 } } }; export default c', null],
		['two constants of one name', 'const c = { services: {} }; { const c = 1 } const c = {}; export default c', null],
		['no default export', 'export const a = { services: { a: { scale: 2 } } }; export { a as default }', null],
		['another literal', 'export default { listen: 1 }', null],
		['text that is no module', "export default { services: { a: 'x", null],
		['a template that never ends', 'export default { services: `${', null],
	];
	for (const [why, source, expected] of CASES) {
		test(why, () => {
			const text = found(source, value, ['services', 'a', 'scale']);
			assert.equal(expected === null ? text : text?.slice(0, expected.length), expected);
		});
	}

	test('a constant that stands for itself ends', () => {
		assert.equal(found('const a = b; const b = a; export default { x: a }', { x: 1 }, ['x', 'y'])?.slice(0, 4), 'x: a');
	});
});

/** A value, its source text and the offsets of its keys and values in it. */
interface Written {
	value: unknown;
	text: string;
	places: { path: Path; keyAt: number; valueAt: number }[];
}

const moved = (written: Written, path: Path, by: number): Written['places'] =>
	written.places.map((place) => ({
		path: [...path, ...place.path],
		keyAt: place.keyAt + by,
		valueAt: place.valueAt + by,
	}));

const blank = fc.constantFrom('', ' ', '\n', '\t', '// x: {\n', '/* "y: [ */', ' \n\n');
const plain: fc.Arbitrary<Written> = fc
	.oneof(
		fc.integer({ min: 0, max: 9999 }).map((value) => ({ value, text: String(value) })),
		fc.boolean().map((value) => ({ value, text: String(value) })),
		fc.string().map((value) => ({ value, text: JSON.stringify(value) })),
		fc.constantFrom({ value: "it's {", text: `'it\\'s {'` }, { value: 'a`b', text: '`a\\`b`' }),
	)
	.map((one) => ({ ...one, places: [] }));

const { written } = fc.letrec<{ written: Written }>((tie) => {
	const inner = tie('written');
	const key = fc.oneof(
		fc.constantFrom('services', 'a', '$b', 'run').map((name) => ({ name, text: name })),
		fc
			.string()
			.filter((name) => name !== '__proto__')
			.map((name) => ({ name, text: JSON.stringify(name) })),
	);
	const object = fc
		.tuple(
			fc.uniqueArray(fc.tuple(key, inner), { maxLength: 4, selector: ([{ name }]) => name }),
			fc.array(blank, { minLength: 12, maxLength: 12 }),
		)
		.map(([entries, blanks]) => {
			const result: Written = { value: {}, text: `{${blanks[0]}`, places: [] };
			for (const [at, [{ name, text }, element]] of entries.entries()) {
				const keyAt = result.text.length;
				result.text += `${text}${blanks[at + 1]}:${blanks[at + 5]}`;
				const valueAt = result.text.length;
				result.text += `${element.text}${blanks[at + 8] ?? ''},`;
				(result.value as Record<string, unknown>)[name] = element.value;
				result.places.push({ path: [name], keyAt, valueAt }, ...moved(element, [name], valueAt));
			}
			return { ...result, text: `${result.text}${blanks[11]}}` };
		});
	const list = fc.tuple(fc.array(inner, { maxLength: 3 }), blank).map(([elements, space]) => {
		const result: Written = { value: [], text: `[${space}`, places: [] };
		for (const [at, element] of elements.entries()) {
			const valueAt = result.text.length;
			result.text += `${element.text}${space},`;
			(result.value as unknown[]).push(element.value);
			result.places.push({ path: [at], keyAt: valueAt, valueAt }, ...moved(element, [at], valueAt));
		}
		return { ...result, text: `${result.text}]` };
	});
	return { written: fc.oneof({ maxDepth: 4, withCrossShrink: true }, plain, object, object, list) };
});

test('every part of every literal is found where it stands', () => {
	const forms = fc.constantFrom(
		['export default ', ''],
		['export default defineConfig(', ');'],
		['const a = { x: 1 };\nconst config = ', ' as const;\nexport default config;'],
	);
	fc.assert(
		fc.property(written, forms, ({ value, text, places }, [before = '', after = '']) => {
			fc.pre(typeof value === 'object' && !Array.isArray(value));
			const source = `${before}${text}${after}`;
			const locate = modulePositions(source, value);
			const offset = (path: Path, which: 'key' | 'value'): number => {
				const position = locate(path, which);
				assert.ok(position, `${JSON.stringify(path)} in ${source}`);
				const lines = source.split('\n').slice(0, position.line - 1);
				return lines.reduce((sum, line) => sum + line.length + 1, 0) + position.column - 1 - before.length;
			};
			for (const { path, keyAt, valueAt } of places) {
				assert.equal(offset(path, 'key'), keyAt, `${JSON.stringify(path)} in ${source}`);
				assert.equal(offset(path, 'value'), valueAt, `${JSON.stringify(path)} in ${source}`);
			}
		}),
		{ numRuns: 500 },
	);
});

test('no text makes it fail', () => {
	const piece = fc.constantFrom(
		'export default ',
		'{',
		'}',
		'[',
		']',
		'(',
		')',
		'a',
		':',
		',',
		'...',
		'`',
		'${',
		"'",
		'"',
		'/',
		'\\',
		'\n',
		'const a = ',
		'=>',
		'0x',
		'#',
	);
	fc.assert(
		fc.property(fc.array(piece, { maxLength: 40 }), fc.anything(), (pieces, value) => {
			const position = modulePositions(pieces.join(''), value)(['a', 'a', 0], 'value');
			assert.ok(position === null || position.line >= 1);
		}),
		{ numRuns: 2000 },
	);
});
