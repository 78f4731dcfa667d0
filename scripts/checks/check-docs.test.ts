import assert from 'node:assert/strict';
import { test } from 'node:test';
import { commandPage } from './command-page.ts';
import { checkErrorPage } from './error-page.ts';
import { anchors, checkLinks } from './links.ts';
import { withoutReasons, withReasons } from './reason-table.ts';
import { checkShellBlocks } from './shell-blocks.ts';
import { print } from './source-tree.ts';

const links = (files: Record<string, string>): string[] => checkLinks(new Map(Object.entries(files))).map(print);

test('links that lead somewhere are let through', () => {
	const found = links({
		'README.md':
			'[a](docs/a.md) [b](docs/a.md#two-words) [c](#top) [d](https://a.example/x#y) [e](docs/) ![f](f.svg)\n# Top\n',
		'docs/a.md': '# Two `words`\n[back](../README.md#top "title")\n',
		'f.svg': '',
	});
	assert.deepEqual(found, []);
});

test('links that lead nowhere are found, those within code are none', () => {
	const found = links({
		'docs/a.md': '[a](b.md)\n[b](../../x.md)\n[c](#none)\n```\n[d](gone.md)\n```\n[e](/etc/x)\n',
	});
	assert.deepEqual(found, [
		'docs/a.md:1  links to b.md, which is not there',
		'docs/a.md:2  links to ../../x.md, outside of the repository',
		'docs/a.md:3  links to #none; there is no such heading',
		'docs/a.md:7  links to /etc/x, outside of the repository',
	]);
});

test('anchors are made as GitHub makes them', () => {
	const page = '# What happens, when?\n## `ballast run`\n## A\n## A\n```\n# no heading\n```\n';
	assert.deepEqual([...anchors(page)], ['what-happens-when', 'ballast-run', 'a', 'a-1']);
});

const ERRORS = {
	no_route: { status: 404, fault: 'client', retrySafe: false, proxyStatus: 'destination_not_found', title: 'No match' },
	not_running: { status: 0, fault: 'operator', retrySafe: false, proxyStatus: '', title: 'Not there' },
};
const ROWS = [
	'| `no_route` | 404 | client | no | `destination_not_found` | No match. Look. |',
	'| `not_running` | – | operator | no | – | Not there. Start it. |',
];

test('the page of errors and the table must agree', () => {
	const found = (rows: string[]): string[] => checkErrorPage('e.md', rows.join('\n'), ERRORS).map(print);
	const [first = '', second = ''] = ROWS;
	assert.deepEqual(found(ROWS), []);
	assert.deepEqual(found([first]), ['e.md  not_running has no row']);
	assert.match(found([first.replace('404', '403'), second]).join(), /no_route: the table says 404, client, no/);
	assert.match(
		found([first, second.replace('| no |', '| yes |')]).join(),
		/not_running: the table says –, operator, no/,
	);
	assert.match(
		found([first.replace('No match.', 'None.'), second]).join(),
		/the meaning begins with its title, “No match\.”/,
	);
	assert.match(found([...ROWS, '| `other` | 400 | client | no | – | X. |']).join(), /other: is not in src/);
	assert.match(found([...ROWS, first]).join(), /no_route: stands there twice/);
});

test('the reasons of bad requests are written from their table, and are no errors of their own', () => {
	const page = `# Errors\n${ROWS.join('\n')}\n<!-- reasons -->\nold\n<!-- /reasons -->\n${ROWS[0]}\n`;
	const written = withReasons(page, { bad_target: 'A | or $& or *.', nul: 'N.' });
	assert.match(
		written,
		/<!-- reasons -->\n\| reason \| detail \|\n\| --- \| --- \|\n\| `bad_target` \| A \\\| or \$& or \\\*\. \|\n\| `nul` \| N\. \|\n<!-- \/reasons -->/,
	);
	assert.equal(withReasons(written, { bad_target: 'A | or $& or *.', nul: 'N.' }), written);
	assert.deepEqual(checkErrorPage('e.md', withoutReasons(written), ERRORS).map(print), [
		'e.md:10  no_route: stands there twice',
	]);
	assert.throws(() => withReasons('# Errors\n', {}), /no place/);
});

test('the page of commands is written from the commands', () => {
	const page = commandPage(
		[
			{
				name: 'scale',
				usage: 'ballast scale <service> <n> [options]',
				summary: 'run so many',
				about: ['Takes <n> or `<n>`.'],
				examples: [['ballast scale a 2', 'two | more']],
				options: [{ name: 'json', text: 'as JSON' }],
			},
		],
		[{ name: 'name', value: 'NAME', text: 'which' }],
	);
	assert.match(
		page,
		/## scale\n\nRun so many\. Takes &lt;n> or `<n>`\.\n\n```\nballast scale <service> <n> \[options\]\n```/,
	);
	assert.match(page, /\| `--json` \| as JSON \|\n/);
	assert.match(page, /- `ballast scale a 2`: two \\\| more\n/);
	assert.match(page, /\| `--name NAME` \| which \|\n/);
});

test('a shell block must say how it is tested', () => {
	const fence = '```';
	const page = (info: string): string => `${fence}${info}\nls\n${fence}\n`;
	const found = (info: string, path = 'docs/a.md'): number => checkShellBlocks(new Map([[path, page(info)]])).length;
	assert.deepEqual(
		['sh run', 'sh start in=clone', 'sh skip="needs root"', 'yaml', ''].map((info) => found(info)),
		[0, 0, 0, 0, 0],
	);
	assert.deepEqual(
		['sh', 'sh skip', 'sh skip=""', 'sh file=a.sh'].map((info) => found(info)),
		[1, 1, 1, 1],
	);
	assert.equal(found('sh', 'examples/api/README.md'), 0);
});
