/** The configuration of `ballast run -- command`: no file at all. */
import { join } from 'node:path';
import { BallastError } from '../core/errors.ts';
import type { Config } from './config.ts';
import { formatProblems } from './problem.ts';
import { resolveConfig } from './resolve.ts';
import { configSchema, type UserConfig } from './schema.ts';
import { type Report, Scope } from './scope.ts';
import { validate, valueAt } from './validate.ts';

export interface RunOptions {
	/** At least one word. */
	command: readonly string[];
	/** Default 8080. */
	port?: number;
	/** An address or `localhost`; default 127.0.0.1. */
	host?: string;
	/** Default 2. */
	instances?: number;
	/** Path of a GET; null or nothing: a TCP connect. */
	health?: string | null;
	/** null or nothing: the cores. */
	workers?: number | null;
	/** Default: the working directory. */
	cwd?: string;
}

/**
 * One service, `app`, of `instances` processes of the command. Throws `config_invalid` with all that is
 * wrong.
 */
export function configFromRun(options: RunOptions): Config {
	const cwd = options.cwd ?? process.cwd();
	const input: UserConfig = {
		listen: { port: options.port ?? 8080, host: options.host ?? '127.0.0.1' },
		...(options.workers == null ? {} : { workers: options.workers }),
		services: {
			app: {
				instances: { run: [...options.command], cwd },
				scale: options.instances ?? 2,
				...(options.health == null ? {} : { health: options.health }),
			},
		},
	};
	const report: Report = { problems: [], warnings: [], files: [], env: {}, cwd, lookUp: null };
	const source = { file: join(cwd, 'ballast run'), value: input, locate: () => null };
	const scope = new Scope(source, report, []);
	const { value, findings } = validate(configSchema, input);
	for (const { path, message } of findings) scope.problem(path, message, { value: valueAt(input, path) });
	const config = value === undefined ? undefined : resolveConfig({ input: value, scope }, []);
	if (config === undefined || report.problems.length > 0) {
		throw new BallastError('config_invalid', formatProblems(report.problems, cwd), { problems: report.problems });
	}
	return config;
}
