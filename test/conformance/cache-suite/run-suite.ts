import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { pathToFileURL } from 'node:url';
import { freePorts } from '../../support/free-ports.ts';
import type { Results, SuiteTest } from './score.ts';

/** `client/test.mjs` of the suite: it puts what came of a test under its name, and runs each name once. */
interface Client {
	makeCacheTest(test: SuiteTest): Promise<void>;
	readonly testResults: Record<string, Results[string]>;
}

interface ClientConfig {
	setFetch(fetch: unknown): void;
	setBaseUrl(base: string): void;
	setUseBrowserCache(browser: boolean): void;
}

interface Group {
	readonly id: string;
	readonly tests: readonly SuiteTest[];
}

/** Tests at a time, as the suite's own runner has it. */
const TOGETHER = 100;

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

	/** Runs these tests against what listens at `base`; one run at a time. */
	async run(base: string, tests: readonly SuiteTest[]): Promise<Results> {
		const config = await this.#import<ClientConfig>('client/config.mjs');
		const client = await this.#import<Client>('client/test.mjs');
		// The one that the suite was written for: that of Node adds fields of its own to a request with conditions.
		config.setFetch(createRequire(join(this.#folder, 'package.json'))('node-fetch'));
		config.setBaseUrl(base);
		config.setUseBrowserCache(false);
		for (const id of Object.keys(client.testResults)) delete client.testResults[id];
		const wanted = tests.filter(({ browser_only: browser }) => browser !== true);
		for (let at = 0; at < wanted.length; at += TOGETHER)
			await Promise.all(wanted.slice(at, at + TOGETHER).map((test) => client.makeCacheTest(test)));
		return { ...client.testResults };
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
