/** Loads a configuration that stands in the test itself. */
import assert from 'node:assert/strict';
import type { Config, PoolConfig, ServiceConfig } from '../config.ts';
import { type LoadOptions, type LoadResult, loadConfig } from '../load.ts';
import { formatProblems } from '../problem.ts';
import { TempFiles } from './temp-files.ts';

/** The result for a `ballast.yaml` of this text, with other files beside it. */
export async function loadText(
	yaml: string,
	files: Record<string, string> = {},
	options: LoadOptions = {},
): Promise<LoadResult> {
	using temp = new TempFiles({ ...files, 'ballast.yaml': yaml });
	const result = await loadConfig('ballast.yaml', { cwd: temp.folder, env: {}, ...options });
	return JSON.parse(JSON.stringify(result).replaceAll(temp.folder, '/folder')) as LoadResult;
}

/** The configuration; the test fails when there is a problem. Its folder is `/folder`. */
export async function configOf(
	yaml: string,
	files: Record<string, string> = {},
	options: LoadOptions = {},
): Promise<Config> {
	const result = await loadText(yaml, files, options);
	assert.ok(result.ok, result.ok ? '' : formatProblems(result.problems, '/folder'));
	return result.config;
}

/** The one service, or the first, of a configuration in which it is written as `api: …`. */
export async function serviceOf(
	yaml: string,
	files: Record<string, string> = {},
	options: LoadOptions = {},
): Promise<ServiceConfig> {
	const config = await configOf(yaml, files, options);
	return config.services[0] as ServiceConfig;
}

/** The only pool of the one service. */
export async function poolOf(yaml: string, files: Record<string, string> = {}): Promise<PoolConfig> {
	const { pools } = await serviceOf(yaml, files);
	assert.equal(pools.length, 1);
	return pools[0] as PoolConfig;
}

/** All problems as they are shown; empty when there is none. */
export async function problemsOf(
	yaml: string,
	files: Record<string, string> = {},
	options: LoadOptions = {},
): Promise<string> {
	const result = await loadText(yaml, files, options);
	return result.ok ? '' : formatProblems(result.problems, '/folder');
}

/** All warnings as they are shown. */
export async function warningsOf(
	yaml: string,
	files: Record<string, string> = {},
	options: LoadOptions = {},
): Promise<string> {
	const result = await loadText(yaml, files, options);
	assert.ok(result.ok, result.ok ? '' : formatProblems(result.problems, '/folder'));
	return formatProblems(result.warnings, '/folder');
}
