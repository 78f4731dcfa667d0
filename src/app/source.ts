import { parseRun, parseUp } from '../config/arguments.ts';
import type { Config } from '../config/config.ts';
import { loadConfig } from '../config/load.ts';
import { formatProblems } from '../config/problem.ts';
import { BallastError } from '../core/errors.ts';

export type Loaded =
	| { ok: true; config: Config; files: string[]; warnings: string }
	| { ok: false; message: string; files: string[] };

/** Where this program's configuration comes from: a file (`up`) or the command line (`run`). */
export interface ConfigSource {
	/** The file, or `run`. */
	name: string;
	/** Reload by itself when a file changes. */
	watch: boolean;
	/** There is but this one command: where it cannot be started, there is nothing to go on for. */
	single: boolean;
	load(): Promise<Loaded>;
}

/** Reads the command line. @throws BallastError `bad_command` */
export function configSource(argv: readonly string[]): ConfigSource {
	const [command, ...rest] = argv;
	if (command === 'run') {
		const args = parseRun(rest);
		return {
			name: 'run',
			watch: false,
			single: true,
			load: async () => {
				const { configFromRun } = await import('../config/run.ts');
				return { ok: true, config: withWorkers(configFromRun(args), args.workers), files: [], warnings: '' };
			},
		};
	}
	if (command !== 'up')
		throw new BallastError('bad_command', `the core is started with up or run, not with '${command ?? ''}'`);
	const args = parseUp(rest);
	return {
		name: args.config ?? 'ballast.*',
		watch: args.watch,
		single: false,
		load: () => loadFile(args.config, args.workers),
	};
}

async function loadFile(path: string | undefined, workers: number | null): Promise<Loaded> {
	const result = await loadConfig(path);
	if (!result.ok) return { ok: false, message: formatProblems(result.problems), files: result.files };
	const warnings = result.warnings.length > 0 ? formatProblems(result.warnings) : '';
	return { ok: true, config: withWorkers(result.config, workers), files: result.files, warnings };
}

/** `--workers` stands above what the file says. */
function withWorkers(config: Config, workers: number | null): Config {
	return workers === null ? config : { ...config, workers };
}
