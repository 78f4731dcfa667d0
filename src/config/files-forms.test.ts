import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, suite, test } from 'node:test';
import type { FilesConfig } from '../gateway/files/files-config.ts';
import type { Config } from './config.ts';
import { diffConfig } from './diff.ts';
import { printConfig } from './print.ts';
import { configOf, loadText } from './testing/load-text.ts';

const root = mkdtempSync(join(tmpdir(), 'ballast-files-forms-'));
mkdirSync(join(root, 'sub'));
writeFileSync(join(root, 'index.html'), 'home');
after(() => rmSync(root, { recursive: true }));

const text = (files: unknown, more: object = {}): string => JSON.stringify({ services: { site: { files, ...more } } });
const filesOf = ({ services }: Config): FilesConfig | null | undefined => services[0]?.routes[0]?.files;
const files = async (form: unknown) => filesOf(await configOf(text(form)));
const problem = async (form: unknown, more?: object): Promise<string> => {
	const result = await loadText(text(form, more));
	return result.ok ? '' : result.problems.map(({ path, message }) => `${path}: ${message}`).join('\n');
};

const DEFAULTS: FilesConfig = {
	folder: root,
	index: 'index.html',
	fallback: null,
	immutable: { hashed: false, paths: [] },
	cacheControl: 'no-cache',
	cdnCacheControl: null,
	precompressed: [],
	types: {},
};

suite('files', () => {
	test('a path, an object', async () => {
		assert.deepEqual(await files(root), DEFAULTS);
		assert.deepEqual(await files({ folder: root }), DEFAULTS);
		assert.deepEqual(
			await files({
				folder: root,
				index: false,
				fallback: '/index.html',
				immutable: true,
				cacheControl: 'off',
				cdnCacheControl: 'max-age=60',
				precompressed: true,
				types: { '.GLB': 'model/gltf-binary' },
			}),
			{
				folder: root,
				index: null,
				fallback: '/index.html',
				immutable: { hashed: true, paths: [] },
				cacheControl: null,
				cdnCacheControl: 'max-age=60',
				precompressed: ['br', 'zstd', 'gzip'],
				types: { glb: 'model/gltf-binary' },
			},
		);
		const paths = ['/assets/*', '/logo.svg'];
		assert.deepEqual((await files({ folder: root, immutable: paths }))?.immutable, { hashed: false, paths });
		assert.deepEqual((await files({ folder: root, immutable: '/a/*' }))?.immutable.paths, ['/a/*']);
	});

	test('a service of files needs no instances; routes have folders of their own', async () => {
		const config = await configOf(
			JSON.stringify({
				services: { app: { instances: 'http://h:1', routes: { '/assets/*': { files: root, strip: '/assets' } } } },
			}),
		);
		assert.deepEqual(filesOf(config), DEFAULTS);
		assert.equal(config.services[0]?.routes[0]?.path.strip, '/assets');
	});

	test('what is printed is read as the same', async () => {
		for (const form of [
			root,
			{ folder: root, index: 'off', immutable: ['/a/*'], precompressed: ['gzip'], types: { a: 'b/c' } },
		]) {
			const config = await configOf(text(form));
			const again = await configOf(printConfig(config));
			assert.deepEqual(filesOf(again), filesOf(config));
		}
	});

	test('a change is told', async () => {
		const changes = diffConfig(await configOf(text(root)), await configOf(text({ folder: root, index: 'off' })));
		assert.equal(changes.length, 1);
	});

	const wrong: [string, unknown, RegExp][] = [
		[
			'a folder that is not there',
			`${root}/nowhere`,
			/^services\.site\.files: expected a folder that is there; there is no .*nowhere$/,
		],
		[
			'a file',
			{ folder: `${root}/index.html` },
			/^services\.site\.files\.folder: expected a folder that is there; it is no folder/,
		],
		['no folder', {}, /^services\.site\.files\.folder: /],
		['listings', { folder: root, listing: true }, /files\.listing: unknown key; accepted here: folder, index/],
		[
			'a fallback that is not there',
			{ folder: root, fallback: '/app.html' },
			/fallback: expected a file of the folder; there is no/,
		],
		['a fallback that is a folder', { folder: root, fallback: '/sub' }, /fallback: expected a file of the folder/],
		[
			'a fallback without its slash',
			{ folder: root, fallback: 'index.html' },
			/fallback: expected a path within the folder/,
		],
		['a fallback elsewhere', { folder: root, fallback: '/../x' }, /fallback: expected a path within the folder/],
		['an index elsewhere', { folder: root, index: '../x' }, /index: expected the name of a file such as index\.html/],
		['a coding that is not known', { folder: root, precompressed: ['brotli'] }, /precompressed.*: expected/],
		['no codings', { folder: root, precompressed: [] }, /precompressed: expected/],
		['a line end in a value', { folder: root, cacheControl: 'a\r\nX: y' }, /cacheControl: expected/],
		['an empty value', { folder: root, cdnCacheControl: '' }, /cdnCacheControl: expected/],
		['a glob', { folder: root, immutable: '*.js' }, /immutable.*: expected/],
		['a parameter', { folder: root, immutable: '/:a/*' }, /immutable.*: expected/],
		['a line end in a type', { folder: root, types: { a: 'b\nc' } }, /types\.a: expected/],
	];
	for (const [what, form, expected] of wrong)
		test(`${what}: refused`, async () => assert.match(await problem(form), expected));

	test('two answers: refused', async () => {
		assert.match(await problem(root, { respond: 200 }), /files: conflict: there is a `respond` too/);
		assert.match(await problem(root, { redirect: '/a' }), /files: conflict: there is a `redirect` too/);
		assert.match(await problem(root, { routes: { '/*': { respond: 200 } } }), /files: conflict: the route "\/\*"/);
	});
});
