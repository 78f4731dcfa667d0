import { hostname } from 'node:os';
import { resolve } from 'node:path';

export interface Config {
	/** Port to listen on; 0 takes a free one. `PORT`, default 3000. */
	port: number;
	/** Address to listen on. `HOST`, default 127.0.0.1. */
	host: string;
	/** Folder of the database and the uploaded files. `DATA_DIR`, default ./data. */
	dataDir: string;
	/** How many times faster than real life videos are rendered. `SPEED`, default 60. */
	speed: number;
	/** `LOG_LEVEL`, default info. */
	logLevel: (typeof logLevels)[number];
	/** Name of this process in its answers and logs. `INSTANCE_NAME`, default hostname-pid. */
	instance: string;
	/** Renders that may run at once over all processes on one database. `RENDER_LIMIT`, default 10. */
	renderLimit: number;
	/** Seed of the render times and failures. `RENDER_SEED`, default 1. */
	renderSeed: number;
	/** Share of the videos that fail, 0 to 1. `FAILURE_RATE`, default 0. */
	failureRate: number;
	/** Largest upload. `MAX_ASSET_BYTES`, default 32 MiB. */
	maxAssetBytes: number;
	/** Pause between two heartbeats of an event stream or WebSocket. `HEARTBEAT_MS`, default 15 s. */
	heartbeatMs: number;
	/** How long it goes on accepting after SIGTERM while /healthz says 503. `SHUTDOWN_DELAY_MS`, default 500. */
	shutdownDelayMs: number;
	/** Most time from SIGTERM to the end; then what still runs is cut off. `SHUTDOWN_TIMEOUT_MS`, default 25 s. */
	shutdownTimeoutMs: number;
}

const logLevels = ['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent'] as const;

/** Thrown with every mistake in the environment at once. */
export class ConfigError extends Error {
	readonly problems: string[];
	constructor(problems: string[]) {
		super(problems.join('\n'));
		this.problems = problems;
	}
}

/** Reads the configuration from the environment; an empty variable counts as not set. */
export function readConfig(env: NodeJS.ProcessEnv): Config {
	const problems: string[] = [];
	const text = (name: string, otherwise: string) => env[name] || otherwise;
	const number = (name: string, otherwise: number, range: [number, number]) => {
		const value = Number(env[name] || otherwise);
		if (value >= range[0] && value <= range[1]) return value;
		problems.push(`${name} must be a number from ${range[0]} to ${range[1]}, not '${env[name]}'`);
		return otherwise;
	};
	const integer = (name: string, otherwise: number, range: [number, number]) => {
		const value = number(name, otherwise, range);
		if (!Number.isInteger(value)) problems.push(`${name} must be a whole number, not '${env[name]}'`);
		return value;
	};
	const level = text('LOG_LEVEL', 'info');
	const logLevel = logLevels.find((name) => name === level);
	if (!logLevel) problems.push(`LOG_LEVEL must be one of ${logLevels.join(', ')}, not '${level}'`);

	const config: Config = {
		port: integer('PORT', 3000, [0, 65535]),
		host: text('HOST', '127.0.0.1'),
		dataDir: resolve(text('DATA_DIR', './data')),
		speed: number('SPEED', 60, [0.1, 1_000_000]),
		logLevel: logLevel ?? 'info',
		instance: text('INSTANCE_NAME', `${hostname()}-${process.pid}`),
		renderLimit: integer('RENDER_LIMIT', 10, [1, 10_000]),
		renderSeed: integer('RENDER_SEED', 1, [0, 2 ** 32 - 1]),
		failureRate: number('FAILURE_RATE', 0, [0, 1]),
		maxAssetBytes: integer('MAX_ASSET_BYTES', 32 * 1024 * 1024, [1, 2 ** 40]),
		heartbeatMs: integer('HEARTBEAT_MS', 15_000, [10, 600_000]),
		shutdownDelayMs: integer('SHUTDOWN_DELAY_MS', 500, [0, 600_000]),
		shutdownTimeoutMs: integer('SHUTDOWN_TIMEOUT_MS', 25_000, [0, 3_600_000]),
	};
	if (problems.length > 0) throw new ConfigError(problems);
	return config;
}
