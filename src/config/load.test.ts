import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { chmodSync } from 'node:fs';
import test from 'node:test';
import { findConfig, loadConfig } from './load.ts';
import { formatProblems } from './problem.ts';
import { loadText, problemsOf } from './testing/load-text.ts';
import { TempFiles } from './testing/temp-files.ts';

const YAML = 'services: { api: { instances: http://h:1 } }\n';
const JSON_TEXT = '{ "services": { "json": { "instances": "http://h:1" } } }';
const TS = "export default { services: { ts: { instances: 'http://h:1' } } };";

test('the configuration of a folder: ts before yaml before yml before json', async () => {
	using temp = new TempFiles({ 'ballast.json': JSON_TEXT });
	assert.equal(findConfig(temp.folder), temp.path('ballast.json'));
	temp.write('ballast.yml', YAML);
	assert.equal(findConfig(temp.folder), temp.path('ballast.yml'));
	temp.write('ballast.yaml', YAML);
	assert.equal(findConfig(temp.folder), temp.path('ballast.yaml'));
	temp.write('ballast.config.ts', TS);
	assert.equal(findConfig(temp.folder), temp.path('ballast.config.ts'));
	const result = await loadConfig(undefined, { cwd: temp.folder });
	assert.ok(result.ok);
	assert.equal(result.config.services[0]?.name, 'ts');
	assert.match(
		formatProblems(result.warnings, temp.folder),
		/^ballast.yaml\n.*not read: ballast.config.ts comes first/m,
	);
});

test('a folder is as good as the file in it', async () => {
	using temp = new TempFiles({ 'here/ballast.yaml': YAML });
	const result = await loadConfig('here', { cwd: temp.folder });
	assert.deepEqual(result.ok && result.files, [temp.path('here/ballast.yaml')]);
});

test('no configuration, a name of another kind, a folder that is none', async () => {
	using temp = new TempFiles({ 'a.toml': '' });
	const said = async (path?: string) => {
		const result = await loadConfig(path, { cwd: temp.folder });
		return result.ok ? '' : formatProblems(result.problems, temp.folder).replaceAll(temp.folder, '/folder');
	};
	assert.equal(
		await said(),
		'/folder\n    expected a configuration; there is no ballast.config.ts, ballast.yaml, ballast.yml, ballast.json in /folder',
	);
	assert.equal(await said('gone.yaml'), 'gone.yaml\n    expected a file that can be read: there is no such file');
	assert.equal(
		await said('a.toml'),
		'a.toml\n    expected a name that ends in .yaml, .yml, .json, .ts, .mts, .js or .mjs',
	);
});

test('a file that may not be read', async (context) => {
	if (process.getuid?.() === 0) return context.skip('root may read everything');
	using temp = new TempFiles({ 'ballast.yaml': YAML });
	chmodSync(temp.path('ballast.yaml'), 0);
	const result = await loadConfig('ballast.yaml', { cwd: temp.folder });
	assert.match(result.ok ? '' : formatProblems(result.problems), /permission denied/);
});

test('more than 1 MiB, and what is no UTF-8', async () => {
	using temp = new TempFiles({ 'big.yaml': `# ${'x'.repeat(1_048_576)}\n${YAML}` });
	temp.write('latin1.yaml', Buffer.from('# \xe9\n', 'latin1'));
	const big = await loadConfig('big.yaml', { cwd: temp.folder });
	assert.match(
		big.ok ? '' : formatProblems(big.problems),
		/expected a file of at most 1 MiB; this one has 10486\d\d bytes/,
	);
	const latin1 = await loadConfig('latin1.yaml', { cwd: temp.folder });
	assert.match(latin1.ok ? '' : formatProblems(latin1.problems), /expected text in UTF-8/);
});

test('a byte order mark is no fault', async () => {
	assert.ok((await loadText(`\ufeff${YAML}`)).ok);
});

/** Makes a certificate with its key, or two keys; false when there is no openssl here. */
function certificates(temp: TempFiles): boolean {
	const run = (line: string) => execFileSync('openssl', line.split(' '), { cwd: temp.folder, stdio: 'ignore' });
	try {
		const key = '-newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj /CN=api.example';
		run(`req -x509 ${key} -days 2 -keyout key.pem -out cert.pem`);
		run(`req -new ${key} -keyout old.key -out old.csr`);
		run('x509 -req -in old.csr -signkey old.key -days -1 -out old.pem');
		return true;
	} catch {
		return false;
	}
}

test('certificates: read, absolute, watched; a wrong key and an old certificate are told', async (context) => {
	using temp = new TempFiles();
	if (!certificates(temp)) return context.skip('openssl is not installed: no certificates to test with');
	const load = async (tls: string) => {
		temp.write('ballast.yaml', `listen: { port: 8443, tls: ${tls} }\n${YAML}`);
		return loadConfig('ballast.yaml', { cwd: temp.folder });
	};
	const good = await load('{ cert: cert.pem, key: key.pem }');
	assert.ok(good.ok, JSON.stringify(good));
	const certificate = { cert: temp.path('cert.pem'), key: temp.path('key.pem') };
	assert.deepEqual(good.config.listen[0]?.tls, { certificates: [certificate], minVersion: 'TLSv1.2' });
	assert.deepEqual(good.files.slice(1), [certificate.cert, certificate.key]);
	const several = await load(
		'{ certificates: [{ cert: cert.pem, key: key.pem }, { cert: old.pem, key: old.key }], minVersion: TLSv1.3 }',
	);
	assert.ok(several.ok);
	assert.deepEqual(
		[several.config.listen[0]?.tls?.certificates.length, several.config.listen[0]?.tls?.minVersion],
		[2, 'TLSv1.3'],
	);
	assert.match(formatProblems(several.warnings), /out of date since \d{4}-\d\d-\d\d/);
	const wrong = await load('{ cert: cert.pem, key: old.key }');
	assert.match(wrong.ok ? '' : formatProblems(wrong.problems), /tls.key: old.key\n.*belongs to another one/);
	const swapped = await load('{ cert: key.pem, key: cert.pem }');
	assert.match(
		swapped.ok ? '' : formatProblems(swapped.problems),
		/PEM file with a certificate(?:.|\n)*PEM file with a private key/,
	);
});

test('a certificate that is a folder', async () => {
	const said = await problemsOf(`listen: { port: 1, tls: { cert: ./x, key: ./x } }\n${YAML}`, { 'x/y': '' });
	assert.match(said, /tls.cert: .\/x\n.*is a folder, a device or a pipe/);
});
