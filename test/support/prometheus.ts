/** The real Prometheus, from the system's packages, that scrapes a page each second. */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { stringify } from 'yaml';
import { freePorts } from './free-ports.ts';
import { eventually } from './suite.ts';

/** Why tests with it are skipped; false: it is there. */
export const NO_PROMETHEUS: string | false =
	spawnSync('promtool', ['--version']).error === undefined && spawnSync('prometheus', ['--version']).error === undefined
		? false
		: 'prometheus is not installed: apt-get install prometheus';

/** One element of an instant vector. */
export interface PromSample {
	metric: Record<string, string>;
	value: number;
}

export interface PromTarget {
	health: string;
	lastError: string;
}

export class Prometheus {
	readonly #folder: string;
	readonly #url: string;
	readonly #process: ChildProcess;
	readonly #ended: Promise<void>;

	private constructor(folder: string, port: number) {
		this.#folder = folder;
		this.#url = `http://127.0.0.1:${port}`;
		this.#process = spawn(
			'prometheus',
			[
				`--config.file=${folder}/prometheus.yml`,
				`--storage.tsdb.path=${folder}/data`,
				`--web.listen-address=127.0.0.1:${port}`,
				'--enable-feature=exemplar-storage',
				'--log.level=error',
			],
			{ stdio: 'ignore' },
		);
		this.#ended = new Promise((resolve) => this.#process.once('close', () => resolve()));
	}

	get url(): string {
		return this.#url;
	}

	/** Resolves when `127.0.0.1:PORT/metrics` was scraped for the first time of each second. `own`: a port to listen on. */
	static async scraping(port: number, own?: number): Promise<Prometheus> {
		const folder = mkdtempSync(join(tmpdir(), 'ballast-prometheus-'));
		const config = {
			global: { scrape_interval: '1s', scrape_timeout: '1s' },
			storage: { exemplars: { max_exemplars: 1000 } },
			scrape_configs: [
				{ job_name: 'ballast', honor_labels: true, static_configs: [{ targets: [`127.0.0.1:${port}`] }] },
			],
		};
		writeFileSync(join(folder, 'prometheus.yml'), stringify(config));
		const prometheus = new Prometheus(folder, own ?? ((await freePorts(1))[0] as number));
		try {
			const ready = (): Promise<boolean> =>
				fetch(`${prometheus.#url}/-/ready`).then(
					({ ok }) => ok,
					() => false,
				);
			await eventually(ready, (is) => is, 60_000);
			// It looks for its targets some seconds after that.
			await eventually(
				() => prometheus.target(),
				(target) => target?.health === 'up',
				60_000,
			);
			return prometheus;
		} catch (error) {
			await prometheus.stop();
			throw error;
		}
	}

	async #get<T>(path: string, parameters: Record<string, string> = {}): Promise<T> {
		const response = await fetch(`${this.#url}/api/v1/${path}?${new URLSearchParams(parameters)}`);
		const { status, data, error } = (await response.json()) as { status: string; data: T; error?: string };
		if (status !== 'success') throw new Error(`${parameters['query'] ?? path}: ${error}`);
		return data;
	}

	/** What a query gives at a time, epoch seconds. */
	async at(query: string, seconds: number): Promise<PromSample[]> {
		const { result } = await this.#get<{ result: { metric: Record<string, string>; value: [number, string] }[] }>(
			'query',
			{ query, time: seconds.toFixed(3) },
		);
		return result.map(({ metric, value }) => ({ metric, value: Number(value[1]) }));
	}

	async target(): Promise<PromTarget | undefined> {
		return (await this.#get<{ activeTargets: PromTarget[] }>('targets')).activeTargets[0];
	}

	async exemplars(query: string): Promise<{ labels: Record<string, string>; value: string }[]> {
		const end = Date.now() / 1000;
		const found = await this.#get<{ exemplars: { labels: Record<string, string>; value: string }[] }[]>(
			'query_exemplars',
			{ query, start: (end - 600).toFixed(3), end: end.toFixed(3) },
		);
		return found.flatMap(({ exemplars }) => exemplars);
	}

	async stop(): Promise<void> {
		this.#process.kill('SIGTERM');
		await this.#ended;
		rmSync(this.#folder, { recursive: true, force: true });
	}
}
