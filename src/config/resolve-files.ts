/** Files that the gateway serves itself. */
import { statSync } from 'node:fs';
import type { Coding } from '../gateway/compress/coding.ts';
import type { FilesConfig, FilesInput } from '../gateway/files/files-config.ts';
import type { Place } from './scope.ts';

const ALL_CODINGS: Coding[] = ['br', 'zstd', 'gzip'];

export function resolveFiles(input: FilesInput, place: Place): FilesConfig {
	const long = typeof input === 'string' ? { folder: input } : input;
	const at = typeof input === 'string' ? place : place.at('folder');
	const folder = place.scope.file(long.folder);
	const there = statSync(folder, { throwIfNoEntry: false });
	if (there?.isDirectory() !== true) {
		const what = there === undefined ? 'there is no' : 'it is no folder:';
		at.problem(`expected a folder that is there; ${what} ${folder}`, { value: long.folder });
	}
	const fallback = wordOrNull(long.fallback) ?? null;
	if (fallback !== null && there?.isDirectory() && !statSync(folder + fallback, { throwIfNoEntry: false })?.isFile())
		place
			.at('fallback')
			.problem(`expected a file of the folder; there is no ${folder}${fallback}`, { value: fallback });
	const { immutable = false, precompressed = false, types = {} } = long;
	return {
		folder,
		index: long.index === undefined ? 'index.html' : wordOrNull(long.index),
		fallback,
		immutable: { hashed: immutable === true, paths: typeof immutable === 'boolean' ? [] : [immutable].flat() },
		cacheControl: long.cacheControl === undefined ? 'no-cache' : wordOrNull(long.cacheControl),
		cdnCacheControl: wordOrNull(long.cdnCacheControl) ?? null,
		precompressed:
			typeof precompressed === 'boolean' ? (precompressed ? ALL_CODINGS : []) : [...new Set(precompressed)],
		types: Object.fromEntries(
			Object.entries(types).map(([ending, type]) => [ending.replace(/^\./, '').toLowerCase(), type]),
		),
	};
}

/** null: off. */
const wordOrNull = (value: string | false | undefined): string | null =>
	value === undefined || value === false || value === 'off' ? null : value;

/** What a person would have written. */
export function filesForm(files: FilesConfig): FilesInput {
	const { folder, index, fallback, immutable, cacheControl, cdnCacheControl, precompressed, types } = files;
	return {
		folder,
		index: index ?? 'off',
		fallback: fallback ?? 'off',
		immutable: immutable.hashed || immutable.paths.length === 0 ? immutable.hashed : immutable.paths,
		cacheControl: cacheControl ?? 'off',
		cdnCacheControl: cdnCacheControl ?? 'off',
		precompressed: precompressed.length === 0 ? false : precompressed,
		types,
	};
}
