import assert from 'node:assert/strict';
import { join } from 'node:path';
import test from 'node:test';
import { loadConfig } from './load.ts';
import { formatProblems } from './problem.ts';
import { loadText, problemsOf, warningsOf } from './testing/load-text.ts';
import { TempFiles } from './testing/temp-files.ts';

const MAIN = 'include: services/*.yaml\nservices: { main: { match: /main, instances: http://h:1 } }\n';
const one = (name: string) => `services: { ${name}: { match: /${name}, instances: http://h:1 } }\n`;

test('services of all files, in the order of the files; all files are told', async () => {
	const result = await loadText(MAIN, {
		'services/b.yaml': one('b'),
		'services/a.yaml': one('a'),
		'services/c.txt': '!',
	});
	assert.ok(result.ok);
	assert.deepEqual(
		result.config.services.map(({ name }) => name),
		['main', 'a', 'b'],
	);
	assert.deepEqual(result.files, ['/folder/ballast.yaml', '/folder/services/a.yaml', '/folder/services/b.yaml']);
});

test('several globs, a file that two of them name, other formats', async () => {
	const files = {
		'a.yaml': one('a'),
		'b.json': '{ "services": { "b": { "match": "/b", "instances": "http://h:1" } } }',
	};
	const result = await loadText(`include: [a.yaml, "*.json", a.*]\n`, files);
	assert.ok(result.ok, JSON.stringify(result));
	assert.deepEqual(
		result.config.services.map(({ name }) => name),
		['a', 'b'],
	);
});

test('paths are seen from the file in which they stand, those of defaults from the main file', async () => {
	const result = await loadText('include: teams/x/ballast.yaml\ndefaults: { upstream: { tls: { ca: ./ca.pem } } }\n', {
		'teams/x/ballast.yaml':
			'services: { x: { instances: { run: node x.js, cwd: ./api, env: { T: { file: ./token } } } } }\n',
		'teams/x/api/x.js': '',
		'teams/x/token': 'value\n',
		'ca.pem': '-----BEGIN CERTIFICATE-----',
	});
	assert.ok(result.ok, JSON.stringify(result));
	const [service] = result.config.services;
	const instances = service?.pools[0]?.instances;
	assert.equal(instances?.kind === 'run' && instances.cwd, '/folder/teams/x/api');
	assert.equal(service?.upstream.tls?.ca, '/folder/ca.pem');
	assert.deepEqual(result.files.slice(1).sort(), [
		'/folder/ca.pem',
		'/folder/teams/x/ballast.yaml',
		'/folder/teams/x/token',
	]);
});

test('a service twice names both files', async () => {
	assert.equal(
		await problemsOf(MAIN, { 'services/a.yaml': `# a comment\n${one('main')}` }),
		'services/a.yaml:2:13  services.main\n    conflict: a service of this name is in ballast.yaml:2:13 too',
	);
});

test('the same match in two files names both', async () => {
	assert.equal(
		await problemsOf(MAIN, { 'services/a.yaml': 'services: { a: { match: /main, instances: http://h:1 } }' }),
		'services/a.yaml:1:25  services.a.match\n    conflict: services.main.match in ballast.yaml takes /main too',
	);
});

test('an included file holds services only; faults of all files come at once', async () => {
	const said = await problemsOf(`lisen: 1\n${MAIN}`, {
		'services/a.yaml':
			'listen: 80\ninclude: x.yaml\ndefaults: {}\nservices: { a: { match: a, instances: http://h:1 } }',
		'services/b.yaml': 'service: {}',
		'services/c.yaml': 'services: [',
	});
	assert.deepEqual(
		said.split('\n').filter((line) => !line.startsWith(' ')),
		[
			'ballast.yaml:1:1  lisen',
			'services/a.yaml:1:1  listen',
			'services/a.yaml:2:1  include',
			'services/a.yaml:3:1  defaults',
			'services/a.yaml:4:25  services.a.match: a',
			'services/b.yaml:1:1  service',
			'services/c.yaml:1:12',
		],
	);
	assert.match(
		said,
		/services\/a.yaml:1:1 {2}listen\n.*an included file holds `services` only; write this in the main file/,
	);
	assert.match(said, /services\/b.yaml:1:1 {2}service\n.*did you mean `services`/);
});

test('a glob without a file is a warning, a name without a file a problem', async () => {
	const empty = await loadText(MAIN);
	assert.deepEqual(empty.files, ['/folder/ballast.yaml', '/folder/services']);
	assert.match(
		await warningsOf(MAIN),
		/^ballast.yaml:1:10 {2}include: services\/\*.yaml\n {4}no file has such a name$/,
	);
	assert.match(
		await problemsOf('include: [gone.yaml]\nservices: { a: { instances: http://h:1 } }'),
		/^ballast.yaml:1:11 {2}include\[0\]: gone.yaml\n/,
	);
});

test('an absolute path, and the main file itself within its glob', async () => {
	using temp = new TempFiles({ 'ballast.yaml': 'include: "*.yaml"\n', 'a.yaml': one('a') });
	const result = await loadConfig(temp.path('ballast.yaml'));
	assert.ok(result.ok, result.ok ? '' : formatProblems(result.problems));
	temp.write('main/ballast.yaml', `include: ${join(temp.folder, 'a.yaml')}\n`);
	assert.ok((await loadConfig(temp.path('main/ballast.yaml'))).ok);
});
