/**
 * `npm run build`: compiles what the package ships into dist/, which mirrors the repository (dist/index.js,
 * dist/src/…), and writes dist/schema.json. Ends with 1 when it does not compile; dist/ is then gone.
 */
import { spawnSync } from 'node:child_process';
import { existsSync, globSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const root = join(import.meta.dirname, '..');
const dist = join(root, 'dist');

rmSync(dist, { recursive: true, force: true });
run(join(root, 'node_modules', '.bin', 'tsc'), ['-p', 'tsconfig.build.json']);
renameStartedFiles();
const reference = join(root, 'scripts', 'generate-reference.ts');
if (existsSync(reference)) run(process.execPath, [reference]);
console.log(`dist/ holds ${globSync('**/*.js', { cwd: dist }).length} modules`);

/** The compiler renames what is imported; files that threads and processes are started with are ours to rename. */
function renameStartedFiles(): void {
	for (const file of globSync('**/*.js', { cwd: dist })) {
		const path = join(dist, file);
		const text = readFileSync(path, 'utf8');
		const renamed = text.replaceAll(
			/(\bnew URL\(\s*(['"])\.{1,2}\/[^'"\n]+)\.ts(\2\s*,\s*import\.meta\.url)/g,
			'$1.js$3',
		);
		if (renamed !== text) writeFileSync(path, renamed);
	}
}

function run(command: string, args: string[]): void {
	const { status, error } = spawnSync(command, args, { cwd: root, stdio: 'inherit' });
	if (status === 0) return;
	rmSync(dist, { recursive: true, force: true });
	console.error(error?.message ?? `${command} ${args.join(' ')} ended with ${status}`);
	process.exit(1);
}
