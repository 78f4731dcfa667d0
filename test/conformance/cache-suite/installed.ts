import { spawnSync } from 'node:child_process';
import { copyFileSync, mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const here = (name: string): string => fileURLToPath(new URL(name, import.meta.url));
const FILES = ['package.json', 'package-lock.json'];
/** Most time for the download of half a megabyte, ms. */
const INSTALL_MS = 60_000;

/** Where the suite is; or why it cannot be had. */
export type Installed = { readonly folder: string } | { readonly missing: string };

/** The suite as the lockfile beside pins it; installed once, behind `node_modules`, without running any script of it. */
export function installedSuite(): Installed {
	const folder = here('../../../node_modules/.cache/ballast/cache-suite');
	if (isThere(folder)) return { folder };
	if (process.env['BALLAST_NO_INSTALL']) return { missing: 'BALLAST_NO_INSTALL is set' };
	mkdirSync(folder, { recursive: true });
	for (const name of FILES) copyFileSync(here(name), join(folder, name));
	const { status, error } = spawnSync('npm', ['ci', '--ignore-scripts', '--no-audit', '--no-fund'], {
		cwd: folder,
		stdio: 'ignore',
		timeout: INSTALL_MS,
	});
	if (status === 0 && isThere(folder)) return { folder };
	return { missing: `npm ci in ${folder} ends with ${error?.message ?? status}` };
}

/** `npm ci` writes the list of what it installed last. */
function isThere(folder: string): boolean {
	try {
		readFileSync(join(folder, 'node_modules', '.package-lock.json'));
		return FILES.every((name) => readFileSync(here(name)).equals(readFileSync(join(folder, name))));
	} catch {
		return false;
	}
}
