/** The package as its users get it: packed from the clone and installed into a folder of its own. */
import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';

const root = join(import.meta.dirname, '..', '..');
const run = promisify(execFile);

/** Packs and installs; returns the path of the installed launcher. Throws with the reason when there is no package yet. */
export async function installPackage(folder: string): Promise<string> {
	const manifest = JSON.parse(await readFile(join(root, 'package.json'), 'utf8')) as {
		bin?: unknown;
		scripts?: Record<string, string>;
	};
	const scripts = manifest.scripts ?? {};
	if (manifest.bin === undefined) throw new Error('package.json names no `bin` yet');
	if (scripts.prepack === undefined && scripts.prepare === undefined)
		throw new Error('package.json has no `prepack` that compiles yet');
	await mkdir(folder, { recursive: true });
	await npm(root, 'pack', '--pack-destination', folder);
	const archive = (await readdir(folder)).find((name) => name.endsWith('.tgz'));
	if (archive === undefined) throw new Error('npm pack made no archive');
	await writeFile(join(folder, 'package.json'), '{"name":"start-test","private":true}\n');
	await npm(folder, 'install', '--prefer-offline', '--omit=dev', '--no-audit', '--no-fund', `./${archive}`);
	const bin = join(folder, 'node_modules', 'ballast', 'bin', 'ballast.js');
	if (!existsSync(bin)) throw new Error('the installed package has no bin/ballast.js');
	return bin;
}

async function npm(cwd: string, ...argv: string[]): Promise<void> {
	try {
		await run('npm', argv, { cwd });
	} catch (error) {
		const text = (error as { stderr?: string }).stderr ?? String(error);
		const reason = text.split('\n').filter((line) => line.startsWith('npm error') && line.length > 12)[0];
		throw new Error(`npm ${argv[0]}: ${reason ?? text.slice(0, 200)}`);
	}
}
