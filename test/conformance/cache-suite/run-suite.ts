import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { pathToFileURL } from 'node:url';
import { freePorts } from '../../support/free-ports.ts';
import type { Results, SuiteTest } from './score.ts';

interface Runner {
	runTests(suites: unknown, fetch: unknown, browser: boolean, base: string): Promise<void>;
	getResults(): Results;
}

interface Group {
	readonly id: string;
	readonly tests: readonly SuiteTest[];
}

/** Another cache, whose results come with the suite. */
export interface Published {
	readonly name: string;
	readonly version: string;
	readonly results: Results;
}

/** The installed suite. */
export class CacheSuite {
	readonly #folder: string;

	/** `folder`: what `installedSuite` gives. */
	constructor(folder: string) {
		this.#folder = join(folder, 'node_modules', 'http-cache-tests');
	}

	/** Starts the origin that the suite's tests script. */
	async startOrigin(): Promise<{ url: string; stop(): Promise<void> }> {
		const [port] = await freePorts(1);
		const child = spawn(process.execPath, ['server/server.mjs'], {
			cwd: this.#folder,
			stdio: ['ignore', 'pipe', 'inherit'],
			env: {
				...process.env,
				npm_config_port: String(port),
				npm_config_protocol: 'http',
				npm_config_pidfile: '/dev/null',
			},
		});
		const ended = once(child, 'close');
		for await (const line of createInterface(child.stdout)) if (line.startsWith('Listening')) break;
		child.stdout.resume();
		return {
			url: `http://127.0.0.1:${port}`,
			async stop() {
				child.kill();
				await ended;
			},
		};
	}

	async groups(): Promise<Group[]> {
		const common = await this.#import<{ default: Group[] }>('tests/index.mjs');
		const surrogate = await this.#import<{ default: Group }>('tests/surrogate-control.mjs');
		return [...common.default, surrogate.default];
	}

	/** Runs all of it against the cache at `base`; once in a process, as the suite keeps its results to itself. */
	async run(base: string): Promise<Results> {
		const runner = await this.#import<Runner>('client/runner.mjs');
		// The one that the suite was written for: that of Node adds fields of its own to a request with conditions.
		const fetch: unknown = createRequire(join(this.#folder, 'package.json'))('node-fetch');
		await runner.runTests(await this.groups(), fetch, false, base);
		return runner.getResults();
	}

	async published(): Promise<Published[]> {
		const { default: list } = await this.#import<{
			default: { file: string; name: string; version: string; type: string }[];
		}>('results/index.mjs');
		return list
			.filter(({ type }) => type !== 'browser')
			.map(({ file, name, version }) => ({
				name,
				version,
				results: JSON.parse(readFileSync(join(this.#folder, 'results', file), 'utf8')) as Results,
			}));
	}

	async #import<T>(path: string): Promise<T> {
		return (await import(pathToFileURL(join(this.#folder, path)).href)) as T;
	}
}
