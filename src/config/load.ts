/** Reads a configuration: the file, what it includes, all that is wrong with them, all at once. */
import { statSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import type { Config } from './config.ts';
import { importLean } from './import-lean.ts';
import { type Problem, shortFile, sortProblems } from './problem.ts';
import type { LookUp, Report } from './scope.ts';
import { fileProblem } from './source.ts';

export interface LoadOptions {
	/** Where a configuration is looked for and paths start. Default: the working directory. */
	cwd?: string;
	/** What `{ env: NAME }` is read from. Default: the environment of this process. */
	env?: NodeJS.ProcessEnv;
	/** Warns of commands and users that are not there. Default: nobody looks. */
	lookUp?: LookUp;
}

export type LoadResult =
	| {
			ok: true;
			config: Config;
			/**
			 * Absolute paths of all that was read, for `--watch`; the configuration first. Where an `include`
			 * finds no file yet, the folder that it looks in.
			 */
			files: string[];
			warnings: Problem[];
	  }
	| { ok: false; problems: Problem[]; files: string[]; warnings: Problem[] };

/** Names that are looked for, in this order. */
export const CONFIG_NAMES = ['ballast.config.ts', 'ballast.yaml', 'ballast.yml', 'ballast.json'];
/** The configuration of a folder: absolute path, or undefined. */
export function findConfig(cwd: string = process.cwd()): string | undefined {
	return CONFIG_NAMES.map((name) => join(cwd, name)).find((file) =>
		statSync(file, { throwIfNoEntry: false })?.isFile(),
	);
}

/**
 * Loads a configuration; without a path, the one of the folder. Nothing is started or changed by it,
 * but that a module's code runs.
 */
export async function loadConfig(path?: string, options: LoadOptions = {}): Promise<LoadResult> {
	const cwd = options.cwd ?? process.cwd();
	const given = path === undefined ? undefined : resolve(cwd, path);
	const folder =
		given === undefined ? cwd : statSync(given, { throwIfNoEntry: false })?.isDirectory() ? given : undefined;
	const file = folder === undefined ? given : findConfig(folder);
	if (file === undefined) {
		const message = `expected a configuration; there is no ${CONFIG_NAMES.join(', ')} in ${folder}`;
		return { ok: false, problems: [fileProblem(folder as string, message)], files: [], warnings: [] };
	}
	const { env = process.env, lookUp = null } = options;
	const report: Report = { problems: [], warnings: [], files: [], env, cwd, lookUp };
	if (folder !== undefined) warnOfOthers(file, report);
	const { readConfig } = await importLean(() => import('./read-config.ts'));
	const config = await readConfig(file, report);
	const files = [...new Set(report.files)];
	const warnings = sortProblems(report.warnings, files);
	if (config === undefined || report.problems.length > 0) {
		return { ok: false, problems: sortProblems(report.problems, files), files, warnings };
	}
	return { ok: true, config, files, warnings };
}

function warnOfOthers(file: string, report: Report): void {
	const others = CONFIG_NAMES.map((name) => join(dirname(file), name)).filter(
		(other) => other !== file && statSync(other, { throwIfNoEntry: false })?.isFile(),
	);
	for (const other of others) {
		report.warnings.push(fileProblem(other, `this file is not read: ${shortFile(file, dirname(file))} comes first`));
	}
}
