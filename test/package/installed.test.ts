import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import {
	chmodSync,
	existsSync,
	mkdirSync,
	mkdtempSync,
	readdirSync,
	readFileSync,
	rmSync,
	symlinkSync,
	writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { after, before, test } from 'node:test';

const root = join(import.meta.dirname, '..', '..');
const folder = mkdtempSync(join(tmpdir(), 'ballast-package-'));
const installed = join(folder, 'app', 'node_modules', 'ballast');
const { version, dependencies } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));

interface Outcome {
	status: number | null;
	output: string;
}

function run(command: string, args: string[], cwd: string): Outcome {
	const { NODE_TEST_CONTEXT: _, ...rest } = process.env;
	const env = { ...rest, XDG_RUNTIME_DIR: folder };
	const { status, stdout, stderr, error } = spawnSync(command, args, { cwd, env, encoding: 'utf8', timeout: 120_000 });
	return { status, output: `${stdout}${stderr}${error?.message ?? ''}` };
}

function npm(args: string[], cwd: string): void {
	const { status, output } = run('npm', [...args, '--no-audit', '--no-fund', '--loglevel=error'], cwd);
	assert.equal(status, 0, `npm ${args.join(' ')}:\n${output}`);
}

/** The package as npm would install it; what it depends on are links to what is here, so that no registry is needed. */
before(() => {
	const modules = join(folder, 'app', 'node_modules');
	mkdirSync(join(modules, '.bin'), { recursive: true });
	mkdirSync(installed);
	npm(['pack', '--pack-destination', folder], root);
	const unpacked = run('tar', ['-xzf', `ballast-${version}.tgz`, '-C', installed, '--strip-components=1'], folder);
	assert.equal(unpacked.status, 0, unpacked.output);
	const program = join(installed, 'bin', 'ballast.js');
	chmodSync(program, 0o755);
	symlinkSync(program, join(modules, '.bin', 'ballast'));
	writeFileSync(join(folder, 'app', 'package.json'), '{ "name": "app", "private": true }');
	for (const name of needed(dependencies)) {
		mkdirSync(dirname(join(modules, name)), { recursive: true });
		symlinkSync(join(root, 'node_modules', name), join(modules, name));
	}
});

/** These packages and what they need in turn: nothing that only the tests have. */
function needed(of: Record<string, string>, found = new Set<string>()): Set<string> {
	for (const name of Object.keys(of)) {
		const manifest = join(root, 'node_modules', name, 'package.json');
		if (found.has(name) || !existsSync(manifest)) continue;
		found.add(name);
		needed(JSON.parse(readFileSync(manifest, 'utf8')).dependencies ?? {}, found);
	}
	return found;
}

after(() => rmSync(folder, { recursive: true, force: true }));

test('the package holds the compiled program, its types and its schema, and no source or test', () => {
	for (const file of [
		'bin/ballast.js',
		'dist/index.js',
		'dist/index.d.ts',
		'dist/cache.js',
		'dist/cache.d.ts',
		'dist/schema.json',
		'LICENSE',
		'README.md',
		'docs/runbooks.md',
	]) {
		assert.ok(existsSync(join(installed, file)), file);
	}
	assert.deepEqual(readdirSync(installed).sort(), [
		'CHANGELOG.md',
		'LICENSE',
		'README.md',
		'bin',
		'dist',
		'docs',
		'package.json',
	]);
	const files = readdirSync(installed, { recursive: true, encoding: 'utf8' });
	assert.deepEqual(
		files.filter((file) => /\.test\.|(?<!\.d)\.ts$|fixtures/.test(file)),
		[],
	);
});

test('`ballast --version` and `ballast check` work where it is installed', () => {
	const app = join(folder, 'app');
	const ballast = join(app, 'node_modules', '.bin', 'ballast');
	assert.deepEqual(run(ballast, ['--version'], app), { status: 0, output: `${version}\n` });
	writeFileSync(join(app, 'ballast.yaml'), 'services: { api: { respond: hello } }\n');
	const checked = run(ballast, ['check'], app);
	assert.equal(checked.status, 0, checked.output);
	writeFileSync(
		join(app, 'ballast.config.ts'),
		"import { defineConfig } from 'ballast';\nexport default defineConfig({ services: { api: { respond: 'hello' } } });\n",
	);
	const typed = run(ballast, ['print', 'ballast.config.ts'], app);
	assert.equal(typed.status, 0, typed.output);
});

test('it serves where it is installed', async () => {
	const app = join(folder, 'app');
	const script = `
		const { spawn } = require('node:child_process');
		const child = spawn('node_modules/.bin/ballast', ['run', '--port', '0', '--name', 'package', '--instances', '1', '--', process.execPath, '-e',
			"require('node:http').createServer((q, a) => a.end('installed')).listen(process.env.PORT)"], { stdio: ['ignore', 'pipe', 'inherit'] });
		let text = '';
		child.stdout.on('data', async (part) => {
			text += part;
			const url = /listening on (\\S+)/.exec(text)?.[1];
			if (!url || !/ready after/.test(text) || child.asked) return;
			child.asked = true;
			console.log(await (await fetch(url)).text());
			child.kill('SIGTERM');
		});
		child.on('exit', (code) => process.exit(code));
	`;
	const { status, output } = run(process.execPath, ['-e', script], app);
	assert.deepEqual([status, output], [0, 'installed\n']);
});

test('`ballast/cache` says which package it needs, works with it, and loads nothing of the gateway', () => {
	const app = join(folder, 'app');
	writeFileSync(
		join(app, 'cache.mjs'),
		`import { registerHooks } from 'node:module';
		const loaded = [];
		registerHooks({ load: (url, context, next) => (loaded.push(url), next(url, context)) });
		const { createCache } = await import('ballast/cache');
		const cache = await createCache();
		console.log(await cache.cached('a', '1m', () => 'kept'));
		await cache.close();
		console.log(loaded.filter((url) => /ballast.dist.src.(?!app-cache|core)/.test(url)).length);
	`,
	);
	const without = run(process.execPath, ['cache.mjs'], app);
	assert.equal(without.status, 1);
	assert.match(without.output, /ballast\/cache needs the package bentocache here: npm install bentocache/);
	symlinkSync(join(root, 'node_modules', 'bentocache'), join(app, 'node_modules', 'bentocache'));
	// It is found from where Ballast really is, and brings its own.
	assert.deepEqual(run(process.execPath, ['cache.mjs'], app), { status: 0, output: 'kept\n0\n' });
});

test('`ballast/jobs` works where it is installed, and loads nothing of the gateway', () => {
	const app = join(folder, 'app');
	writeFileSync(
		join(app, 'jobs.mjs'),
		`import { registerHooks } from 'node:module';
		const loaded = [];
		registerHooks({ load: (url, context, next) => (loaded.push(url), next(url, context)) });
		const { openJobs } = await import('ballast/jobs');
		const jobs = openJobs({ file: './jobs.db' });
		jobs.worker('sums', ({ payload }) => payload.a + payload.b);
		const { id } = await jobs.enqueue('sums', { a: 2, b: 3 });
		console.log((await jobs.ended(id, 30_000)).result);
		await jobs.close();
		console.log(loaded.filter((url) => /ballast.dist.src.(?!jobs|core)/.test(url)).length);
	`,
	);
	assert.deepEqual(run(process.execPath, ['jobs.mjs'], app), { status: 0, output: '5\n0\n' });
});
