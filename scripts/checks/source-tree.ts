/** The files that a check looks at, as Git sees them. */
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

/** Path from the root (with `/`) → text. */
export type SourceTree = ReadonlyMap<string, string>;

/** One thing that is wrong, as it is printed. */
export interface Finding {
	path: string;
	/** From 1; undefined: the whole file. */
	line?: number;
	text: string;
}

const TEXT =
	/\.(?:[cm]?[jt]s|json|md|ya?ml|html|css|sh|svg|txt|service|conf)$|(?:^|\/)(?:run|LICENSE|\.gitignore|\.npmrc)$/;

/** All text files that are tracked or would be, without what .gitignore names. */
export function readTree(root: string): SourceTree {
	const listed = execFileSync('git', ['ls-files', '-z', '--cached', '--others', '--exclude-standard'], {
		cwd: root,
		encoding: 'utf8',
		maxBuffer: 64 * 1024 * 1024,
	});
	const tree = new Map<string, string>();
	for (const path of listed.split('\0')) {
		if (!TEXT.test(path)) continue;
		const text = readIfThere(join(root, path));
		if (text !== undefined) tree.set(path, text);
	}
	return tree;
}

export const isCode = (path: string): boolean => /\.[cm]?[jt]s$/.test(path) && !path.includes('/fixtures/');
export const isTest = (path: string): boolean => path.endsWith('.test.ts');

/** Neither a test nor a part of tests: see tsconfig.build.json. */
export const isShipped = (path: string): boolean =>
	!isTest(path) && !path.endsWith('-testing.ts') && !path.includes('/testing/');

export function print({ path, line, text }: Finding): string {
	return `${path}${line === undefined ? '' : `:${line}`}  ${text}`;
}

/** undefined for a file that is deleted but still in Git's index. */
function readIfThere(file: string): string | undefined {
	try {
		return readFileSync(file, 'utf8');
	} catch (error) {
		if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
		throw error;
	}
}
