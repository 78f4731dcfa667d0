/** Reads the files of a configuration, holds each against its schema and resolves them together. */
import { globSync, readFileSync, statSync } from 'node:fs';
import { dirname, extname, isAbsolute, join } from 'node:path';
import type { Config } from './config.ts';
import { type CheckedFile, resolveConfig } from './resolve.ts';
import { configSchema, includedSchema, type UserConfig } from './schema.ts';
import { type Report, Scope, whyUnreadable } from './scope.ts';
import { fileProblem, type ReadResult } from './source.ts';
import { validate, valueAt } from './validate.ts';

const MAX_FILE_BYTES = 1_048_576;
const MAX_INCLUDED = 1000;

/** The configuration in a file and in those that it includes; undefined when nothing of it can be used. Problems go to the report. */
export async function readConfig(file: string, report: Report): Promise<Config | undefined> {
	const main = await readChecked(file, report, false);
	if (main === undefined) return undefined;
	const included: CheckedFile[] = [];
	for (const path of includedFiles(main)) {
		const checked = await readChecked(path, report, true);
		if (checked !== undefined) included.push(checked);
	}
	return resolveConfig(main, included);
}

/** Reads one file and holds it against its schema; undefined when nothing of it can be used. */
async function readChecked(
	file: string,
	report: Report,
	isIncluded: boolean,
): Promise<(CheckedFile & { input: UserConfig }) | undefined> {
	const { source, problems, files } = await readSource(file);
	report.files.push(...files);
	report.problems.push(...problems);
	if (source === null) return undefined;
	const { value, findings, cut } = validate(
		isIncluded ? includedSchema : configSchema,
		withoutExtensions(source.value),
	);
	const plain = new Scope(source, report, []);
	for (const { path, message, at, show } of findings) {
		plain.problem(path, message, { at, ...(show ? { value: valueAt(source.value, path) } : {}) });
	}
	return value === undefined ? undefined : { input: value as UserConfig, scope: new Scope(source, report, cut) };
}

async function readSource(file: string): Promise<ReadResult> {
	const failed = (message: string): ReadResult => ({
		source: null,
		problems: [fileProblem(file, message)],
		files: [file],
	});
	const kind = extname(file).toLowerCase();
	try {
		const stat = statSync(file);
		// A device or a pipe might never end.
		if (!stat.isFile()) return failed('expected a file; this is a folder, a device or a pipe');
		if (stat.size > MAX_FILE_BYTES) return failed(`expected a file of at most 1 MiB; this one has ${stat.size} bytes`);
		if (['.ts', '.mts', '.js', '.mjs'].includes(kind))
			return await (await import('./module-source.ts')).readModule(file);
		const text = new TextDecoder('utf-8', { fatal: true }).decode(readFileSync(file));
		if (kind === '.json') return (await import('./json-source.ts')).readJson(file, text);
		if (kind === '.yaml' || kind === '.yml') return (await import('./yaml-source.ts')).readYaml(file, text);
		return failed('expected a name that ends in .yaml, .yml, .json, .ts, .mts, .js or .mjs');
	} catch (error) {
		const { code } = error as NodeJS.ErrnoException;
		if (code === 'ERR_ENCODING_INVALID_ENCODED_DATA') return failed('expected text in UTF-8');
		if (code === undefined) throw error;
		return failed(`expected a file that can be read: ${whyUnreadable(error)}`);
	}
}

/** Keys that start with `x-` at the top are the user's own: a place for YAML anchors. */
function withoutExtensions(value: unknown): unknown {
	if (value === null || typeof value !== 'object' || Array.isArray(value)) return value ?? {};
	return Object.fromEntries(Object.entries(value).filter(([name]) => !name.startsWith('x-')));
}

function includedFiles({ input, scope }: CheckedFile & { input: UserConfig }): string[] {
	const globs = input.include === undefined ? [] : [input.include].flat();
	const folder = dirname(scope.source.file);
	const found: string[] = [];
	for (const [at, glob] of globs.entries()) {
		const path = Array.isArray(input.include) ? ['include', at] : ['include'];
		const files = globSync(glob, { cwd: folder })
			.map((name) => (isAbsolute(name) ? name : join(folder, name)))
			.filter((file) => statSync(file, { throwIfNoEntry: false })?.isFile())
			.sort();
		if (files.length === 0) {
			const place = dirname(join(folder, glob));
			// One may appear there later: who watches files can watch the folder.
			if (!/[*?[{]/.test(place)) scope.report.files.push(place);
			if (/[*?[{]/.test(glob)) scope.warn(path, 'no file has such a name', { value: glob });
			else scope.problem(path, `expected a file that is there; ${join(folder, glob)} is not`, { value: glob });
		}
		found.push(...files);
	}
	const files = [...new Set(found)].filter((file) => file !== scope.source.file);
	if (files.length > MAX_INCLUDED) {
		scope.problem(['include'], `expected at most ${MAX_INCLUDED} files; these are ${files.length}`);
		return [];
	}
	return files;
}
