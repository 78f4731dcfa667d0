import type { Config } from '../config/config.ts';
import { loadConfig } from '../config/load.ts';
import { formatProblems, shortFile } from '../config/problem.ts';
import { BallastError } from '../core/errors.ts';

/** A configuration from a file (undefined: of this folder), its secrets in it, and the name of the file. Throws `config_invalid` with its problems. */
export async function fileConfig(path: string | undefined): Promise<{ config: Config; file: string }> {
	const loaded = await loadConfig(path);
	if (!loaded.ok)
		throw new BallastError('config_invalid', `the configuration is not valid\n${formatProblems(loaded.problems)}`);
	return { config: loaded.config, file: shortFile(loaded.files[0] ?? '', process.cwd()) };
}
