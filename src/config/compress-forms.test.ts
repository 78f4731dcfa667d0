import assert from 'node:assert/strict';
import test from 'node:test';
import { COMPRESS } from '../gateway/compress/compress-policy.ts';
import { problemsOf, serviceOf } from './testing/load-text.ts';

const API = 'services:\n  api:\n    instances: http://h:1\n';

test('compress: off where nothing is said, and its short forms', async () => {
	assert.equal((await serviceOf(API)).compress, null);
	assert.equal((await serviceOf(`${API}    compress: off\n`)).compress, null);
	assert.deepEqual((await serviceOf(`${API}    compress: true\n`)).compress, COMPRESS);
	assert.deepEqual((await serviceOf(`${API}    compress: [zstd, gzip, zstd]\n`)).compress, {
		...COMPRESS,
		encodings: ['zstd', 'gzip'],
	});
});

test('compress: what a route says is laid over what its service says', async () => {
	const { compress, routes } = await serviceOf(`${API}    compress: { min: 4KiB, levels: { br: 9 } }
    routes:
      /a: {}
      /b: { compress: [gzip] }
      /c: { compress: { types: [TEXT/*, +json], levels: { gzip: 1 } } }
      /d: { compress: off }
`);
	const own = { ...COMPRESS, minBytes: 4096, levels: { ...COMPRESS.levels, br: 9 } };
	assert.deepEqual(compress, own);
	assert.deepEqual(
		routes.map((route) => route.compress),
		[
			own,
			{ ...own, encodings: ['gzip'] },
			{ ...own, types: ['text/*', '+json'], levels: { ...own.levels, gzip: 1 } },
			null,
		],
	);
});

test('compress: what cannot be', async () => {
	const wrong: [string, RegExp][] = [
		['compress: yes please', /expected true, off, a list of br, zstd, gzip/],
		['compress: [deflate]', /expected br, zstd or gzip/],
		['compress: []', /this one is empty/],
		['compress: { types: [html] }', /expected a content type such as text\/html/],
		['compress: { types: ["*/*"] }', /expected a content type/],
		['compress: { levels: { zstd: 22 } }', /expected a whole number from 1 to 19/],
		['compress: { minimum: 1KiB }', /accepted here: encodings, min, types, levels/],
		['compression: true', /did you mean `compress`/],
	];
	for (const [text, says] of wrong) assert.match(await problemsOf(`${API}    ${text}\n`), says, text);
});
