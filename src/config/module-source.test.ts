import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import test from 'node:test';
import { promisify } from 'node:util';
import { loadConfig } from './load.ts';
import { formatProblems } from './problem.ts';
import type { UserConfig } from './schema.ts';
import { TempFiles } from './testing/temp-files.ts';

const load = async (temp: TempFiles, name = 'ballast.config.ts') => {
	const result = await loadConfig(name, { cwd: temp.folder });
	return result.ok
		? result
		: { ...result, said: formatProblems(result.problems, temp.folder).replaceAll(temp.folder, '/folder') };
};
const namesOf = (result: Awaited<ReturnType<typeof load>>) =>
	result.ok ? result.config.services.map(({ name }) => name) : result.said;

/** Files of users; they do not end in .ts, since nothing here resolves what they import. */
const fixture = (name: string) => readFileSync(new URL(`fixtures/${name}.txt`, import.meta.url), 'utf8');
const TS = fixture('ballast.config.ts');

test('TypeScript outside of the project imports ballast, which is this program', async () => {
	using temp = new TempFiles({ 'ballast.config.ts': TS });
	assert.deepEqual(namesOf(await load(temp)), ['ts']);
});

test('it does so in a process of its own, without a word on stderr, beside a package.json without a type', async () => {
	using temp = new TempFiles({ 'ballast.config.ts': TS, 'package.json': '{}' });
	const script = `import { loadConfig } from ${JSON.stringify(new URL('load.ts', import.meta.url).href)};
const result = await loadConfig();
console.log(result.ok && result.config.services[0].name);`;
	const { stdout, stderr } = await promisify(execFile)(process.execPath, ['--input-type=module', '-e', script], {
		cwd: temp.folder,
	});
	assert.deepEqual([stdout, stderr], ['ts\n', '']);
});

test('JavaScript, promises, and other modules', async () => {
	using temp = new TempFiles({
		'a.mjs': fixture('ballast.config.mjs'),
		'package.json': '{ "type": "module" }',
		'b.js': "import { url } from './lib/url.js';\nexport default { services: { js: { instances: url } } };",
		'lib/url.js': "export const url = 'http://h:1';",
	});
	assert.deepEqual(namesOf(await load(temp, 'a.mjs')), ['mjs']);
	const js = await load(temp, 'b.js');
	assert.deepEqual(namesOf(js), ['js']);
	assert.deepEqual(js.files, [temp.path('b.js'), temp.path('lib/url.js')]);
});

test('a reload imports everything anew', async () => {
	using temp = new TempFiles({
		'ballast.config.ts':
			"import { name } from './name.ts';\nexport default { services: { [name]: { instances: 'http://h:1' } } };",
		'name.ts': "export const name: string = 'before';",
	});
	assert.deepEqual(namesOf(await load(temp)), ['before']);
	temp.write('name.ts', "export const name: string = 'after';");
	assert.deepEqual(namesOf(await load(temp)), ['after']);
	temp.write('ballast.config.ts', "export default { services: { own: { instances: 'http://h:1' } } };");
	const last = await load(temp);
	assert.deepEqual([namesOf(last), last.files], [['own'], [temp.path('ballast.config.ts')]]);
});

test('problems name the path and where it stands', async () => {
	using temp = new TempFiles({
		'ballast.config.ts':
			"export default { services: { a: { instances: 'http://h:1', health: { intervall: '5s', timeout: 3 } } } };",
	});
	const result = await load(temp);
	assert.equal(
		result.ok ? '' : result.said,
		'ballast.config.ts:1:70  services.a.health.intervall\n    unknown key; did you mean `interval`? Accepted here: kind, method, path, headers, body, interval, timeout, healthyAfter, unhealthyAfter, statuses\n' +
			'ballast.config.ts:1:96  services.a.health.timeout: 3\n    expected a duration such as 500ms, 30s or 1m30s; write `3s`',
	);
});

test('where a module throws or cannot be parsed is told, in whichever file that is', async () => {
	using temp = new TempFiles({
		'throws.ts': "\nfunction url(): string {\n\tthrow new Error('no url');\n}\nexport default { services: url() };",
		'parse.ts': 'export default {\n\tlisten: [1, 2\n};',
		'ballast.config.ts': "import { a } from './lib/a b.ts';\nexport default a;",
		'lib/a b.ts': '\nexport const a: number = null.x;',
	});
	const said = async (name: string) => {
		const result = await load(temp, name);
		return result.ok ? 'ok' : result.said;
	};
	assert.match(await said('throws.ts'), /^throws\.ts:3:8\n {4}expected a module that can be imported: Error: no url$/);
	assert.match(await said('parse.ts'), /^parse\.ts:3:1\n {4}expected a module that can be imported: SyntaxError/);
	assert.match(await said('ballast.config.ts'), /^lib\/a b\.ts:2:31\n {4}.*: TypeError: /);
});

test('what cannot be imported or is no plain data', async () => {
	const cases: [string, RegExp][] = [
		['export const a = 1;', /^ballast.config.ts\n {4}expected a default export/],
		['export default {', /expected a module that can be imported: SyntaxError/],
		["throw new Error('no such thing');", /can be imported: Error: no such thing$/],
		["import './gone.ts';\nexport default {};", /can be imported: Error: Cannot find module/],
		['export default { services: () => 1 };', /expected plain data; a function cannot stand/],
		['export default { services: new Map() };', /an instance of a class cannot stand/],
		['const a: Record<string, unknown> = {};\na.a = a;\nexport default a;', /nested more than 64 deep/],
		['export default JSON.parse(\'{"__proto__":{}}\');', /`__proto__` cannot be one/],
		['enum A { B }\nexport default {};', /can be imported: SyntaxError/],
	];
	for (const [text, expected] of cases) {
		using temp = new TempFiles({ 'ballast.config.ts': text });
		const result = await load(temp);
		assert.match(result.ok ? 'ok' : result.said, expected, text);
	}
});

test('defineConfig takes what the documentation shows, and no typing error', () => {
	const config: UserConfig = {
		version: 1,
		include: 'services/*.yaml',
		listen: [{ port: 8080 }],
		admin: false,
		defaults: { timeouts: { firstByte: '60s' } },
		services: {
			videos: {
				match: '/v1/*',
				instances: { run: 'node server.js', cwd: './api', env: { TOKEN: { file: './token' } }, grace: '30s' },
				health: '/healthz',
				balance: { by: 'consistent-hash', key: 'header:x-tenant' },
				scale: { min: 2, max: 8 },
				routes: { 'POST /v1/render': { timeouts: { firstByte: '120s' } } },
			},
			// @ts-expect-error: no such algorithm
			legacy: { match: { host: 'old.example.com' }, instances: ['http://10.0.0.5:8080'], balance: 'fastest' },
		},
	};
	assert.equal(Object.keys(config.services ?? {}).length, 2);
});
