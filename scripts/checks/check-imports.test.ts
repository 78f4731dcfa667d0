import assert from 'node:assert/strict';
import { test } from 'node:test';
import { checkCycles } from './cycles.ts';
import { checkFloors } from './floors.ts';
import { readImports } from './imports.ts';
import { checkSizes } from './sizes.ts';
import { print } from './source-tree.ts';
import { checkWords, placesOfThisMachine } from './words.ts';

const packages = {
	dependencies: new Set(['zod']),
	devDependencies: new Set(['ws', '@types/ws', 'cloud']),
	optionalPeers: new Set(['cloud']),
};

const wrong = (files: Record<string, string>): string[] =>
	checkFloors(new Map(Object.entries(files)), packages).map(print);
const lines = (count: number): string => 'x\n'.repeat(count);

const house = {
	'index.ts': "export { defineConfig } from './src/config/define.ts';\n",
	'src/cli/main.ts': "import { start } from '../app/core.ts';\n",
	'src/app/core.ts': "import { load } from '../config/define.ts';\nnew URL('./worker.ts', import.meta.url);\n",
	'src/app/worker.ts':
		"import type { Pick } from '../balancing/port.ts';\nimport { route } from '../gateway/route.ts';\n",
	'src/config/define.ts': "import { z } from 'zod';\nimport type { Pick } from '../balancing/port.ts';\n",
	'src/balancing/port.ts': "import { Board } from '../core/board.ts';\nimport { head } from '../wire/head.ts';\n",
	'src/gateway/route.ts': "import { head } from '../wire/head.ts';\nimport { readFile } from 'node:fs/promises';\n",
	'src/gateway/route.test.ts': "import type { Pick } from '../balancing/port.ts';\nimport WebSocket from 'ws';\n",
	'src/wire/head.ts': "import { Board } from '../core/board.ts';\n",
	'src/core/board.ts': '',
};

test('a house in order is let through', () => {
	assert.deepEqual(wrong(house), []);
	assert.deepEqual(checkCycles(new Map(Object.entries(house))), []);
});

test('an optional peer may be loaded late, and its types named', () => {
	const late = "import type { Client } from 'cloud';\nconst load = () => import('cloud');\n";
	assert.deepEqual(wrong({ ...house, 'src/gateway/cloud.ts': late }), []);
	assert.match(
		wrong({ ...house, 'src/gateway/cloud.ts': "import { Client } from 'cloud';\n" }).join(),
		/imports cloud, an optional peer/,
	);
});

const faults: [string, Record<string, string>, RegExp][] = [
	[
		'a value from a higher floor',
		{ 'src/core/clock.ts': "import { head } from '../wire/head.ts';\n" },
		/src\/core\/clock\.ts:1 {2}imports src\/wire\/head\.ts: up from floor 0/,
	],
	[
		'a type from a higher floor',
		{ 'src/wire/body.ts': "\nimport type { route } from '../gateway/route.ts';\n" },
		/body\.ts:2 .*up from floor 0\.5 \(wire\) to floor 1/,
	],
	[
		'a type in import()',
		{ 'src/core/a.ts': "let route: import('../gateway/route.ts').Route;\n" },
		/up from floor 0 \(core\)/,
	],
	['a re-export', { 'src/core/a.ts': "export * from '../gateway/route.ts';\n" }, /up from floor 0/],
	[
		'an import over several lines',
		{ 'src/core/a.ts': "import {\n\tone,\n\ttwo,\n} from '../gateway/route.ts';\n" },
		/up from floor 0/,
	],
	[
		'a thread of a higher floor',
		{ 'src/core/a.ts': "new Worker(new URL('../app/worker.ts', import.meta.url));\n" },
		/up from floor 0 \(core\) to floor 3/,
	],
	[
		'a sibling on floor 1',
		{ 'src/gateway/pick.ts': "import type { Pick } from '../balancing/port.ts';\n" },
		/gateway and balancing stand on one floor/,
	],
	['a test that climbs', { 'src/gateway/a.test.ts': "import { start } from '../app/core.ts';\n" }, /up from floor 1/],
	['a folder without a floor', { 'src/extras/a.ts': '' }, /src\/extras has no floor/],
	['a public entry from inside', { 'src/app/a.ts': "import '../../index.ts';\n" }, /a public entry/],
	[
		'tests from the program',
		{ 'src/app/a.ts': "import '../../test/peer.ts';\n", 'test/peer.ts': '' },
		/imports only src/,
	],
	['a test file', { 'src/gateway/a.ts': "import './route.test.ts';\n" }, /a test/],
	['a file that is not there', { 'src/app/a.ts': "import './gone.ts';\n" }, /which is not there/],
	['a missing extension', { 'src/app/a.ts': "import './core';\n" }, /without its extension/],
	[
		'the program from an example',
		{ 'examples/api/server.ts': "import '../../src/core/board.ts';\n" },
		/knows nothing of Ballast/,
	],
	[
		'the program from a simulator',
		{ 'simulators/api/server.ts': "import '../../src/core/board.ts';\n" },
		/simulators.*knows nothing of Ballast/,
	],
	[
		'more than the contract from the dashboard',
		{ 'dashboard/page.ts': "import type {} from '../src/core/board.ts';\n" },
		/the dashboard shares only/,
	],
	[
		'the program from the launcher',
		{ 'bin/ballast.js': "import '../src/core/board.ts';\n" },
		/the launcher stands on its own/,
	],
	['a package from the launcher', { 'bin/ballast.js': "import 'zod';\n" }, /before anything is installed/],
	['a devDependency in the program', { 'src/wire/a.ts': "import WebSocket from 'ws';\n" }, /only a devDependency/],
	[
		'a package that nobody named',
		{ 'src/wire/a.ts': "import pad from '@left/pad/x.js';\n" },
		/imports @left\/pad, which package\.json does not name/,
	],
	['a builtin without its scheme', { 'src/wire/a.ts': "import net from 'net';\n" }, /without `node:`/],
];

for (const [what, files, expected] of faults) {
	test(`refused: ${what}`, () => {
		const found = wrong({ ...house, ...files });
		assert.equal(found.length, 1, found.join('\n'));
		assert.match(found[0] as string, expected);
	});
}

test('the dashboard may have the types of the contract, a configuration the package by name', () => {
	assert.deepEqual(
		wrong({
			'src/admin/contract.ts': '',
			'dashboard/page.ts': "import type { Status } from '../src/admin/contract.ts';\n",
			'examples/api/ballast.config.ts': "import { defineConfig } from 'ballast';\n",
			'bin/ballast.js': "const { main } = await import(cli.href);\nnew URL('../src/cli/main.ts', import.meta.url);\n",
			'src/cli/main.ts': '',
		}),
		[],
	);
});

test('imports are read from declarations, not from comments and strings', () => {
	const text = [
		"// import { a } from './a.ts';",
		"/** {@link import('./b.ts')} */",
		" * import('./c.ts')",
		"import { from } from './d.ts';",
		"export type { E } from './e.ts';",
		"const from = 'x';",
		"export const f = 'from';",
		"\tconst { g } = await import('./g.ts');",
		'\tconst h = "import(\'./no.ts\')";',
		"import './h.css';",
	].join('\n');
	assert.deepEqual(
		readImports(text).map(({ specifier, line }) => [specifier, line]),
		[
			['./d.ts', 4],
			['./e.ts', 5],
			['./g.ts', 8],
			['./h.css', 10],
		],
	);
});

test('a circle is found, by types too, and named once', () => {
	const circle = new Map([
		['src/a/one.ts', "import type { Two } from './two.ts';\n"],
		['src/a/two.ts', "import { three } from './three.ts';\n"],
		['src/a/three.ts', "import './one.ts';\n"],
		['src/a/out.ts', "import './one.ts';\n"],
	]);
	assert.deepEqual(checkCycles(circle).map(print), [
		'src/a/one.ts  imports itself in a circle: src/a/one.ts → src/a/two.ts → src/a/three.ts → src/a/one.ts',
	]);
	const thread = new Map([
		['src/a/main.ts', "new URL('./worker.ts', import.meta.url);\n"],
		['src/a/worker.ts', "import type { Order } from './main.ts';\n"],
	]);
	assert.deepEqual(checkCycles(thread), []);
});

test('files that are too long, and names that say nothing, are refused', () => {
	const tree = new Map([
		['src/a/one.ts', lines(401)],
		['src/a/two.ts', lines(400)],
		['src/a/utils.ts', ''],
		['src/a/job-manager.ts', ''],
		['src/a/manager-of-jobs.ts', ''],
		['src/a/index.ts', ''],
		['test/utils.ts', lines(900)],
	]);
	const { errors, warnings } = checkSizes(tree);
	assert.deepEqual(
		errors.map(({ path }) => path),
		['src/a/one.ts', 'src/a/utils.ts', 'src/a/job-manager.ts', 'src/a/index.ts'],
	);
	assert.deepEqual(
		warnings.map(({ path }) => path),
		['src/a/two.ts'],
	);
	const long = new Map([
		['src/a.ts', lines(121)],
		['src/b.ts', lines(130)],
		['src/c.ts', lines(1)],
	]);
	assert.match(checkSizes(long).errors.map(print).join(), /the median file has 121 lines/);
});

test('paths of somebody’s machine are refused, addresses and routes are not', () => {
	const home = ['', 'home', 'ada', 'ballast'].join('/');
	const clone = ['', 'data', 'src', 'clone'].join('/');
	const found = checkWords(
		new Map([
			['docs/a.md', `fine\nsee ${home}/x\n`],
			['b.ts', `'${clone}/y', '${clone}-two', '/v1/home', 'https://a.example/home/'`],
		]),
		[clone],
	);
	assert.deepEqual(
		found.map(({ path, line }) => [path, line]),
		[
			['docs/a.md', 2],
			['b.ts', 1],
		],
	);
	assert.ok(placesOfThisMachine(import.meta.dirname).includes(import.meta.dirname));
});
