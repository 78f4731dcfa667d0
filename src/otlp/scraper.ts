import type { Labels } from '../core/metric.ts';
import { readPage } from './prometheus-text.ts';
import type { RemotePoint } from './remote-point.ts';
import { hostUsage, processUsage, type Usage } from './usage-of.ts';

/** `instance`: its own page. `host`: that of node_exporter on its machine, of which only the usage is kept. */
export type ScrapeOf = 'instance' | 'host';

export interface ScrapeTarget {
	/** Two with the same are one. */
	key: string;
	service: string;
	instance: string;
	url: string;
	of: ScrapeOf;
	intervalMs: number;
}

export interface ScrapeSinks {
	/** `keepMs`: how long they are of use, should no others come. */
	points(points: readonly RemotePoint[], nowMs: number, keepMs: number): void;
	usage(target: ScrapeTarget, usage: Usage): void;
	/** It fails from now on, or works again: '' for that. */
	changed(target: ScrapeTarget, reason: string): void;
}

const MOST_BYTES = 4_194_304;
const TIMEOUT_MS = 10_000;
/** A page that could not be read twice is not yet gone. */
const KEPT_INTERVALS = 2.5;
const ACCEPT = 'text/plain;version=0.0.4;q=0.9,application/openmetrics-text;version=1.0.0;q=0.5';

/** Reads the pages of metrics of instances, each at its interval. */
export class Scraper {
	readonly #sinks: ScrapeSinks;
	readonly #running = new Map<string, Scrape>();

	constructor(sinks: ScrapeSinks) {
		this.#sinks = sinks;
	}

	/** These and no others are read from now on; those that stay go on as they were. */
	update(targets: readonly ScrapeTarget[]): void {
		const wanted = new Map(targets.map((target) => [target.key, target]));
		for (const [key, scrape] of this.#running) {
			const target = wanted.get(key);
			if (target !== undefined && target.url === scrape.target.url && target.intervalMs === scrape.target.intervalMs)
				continue;
			scrape.stop();
			this.#running.delete(key);
		}
		for (const target of wanted.values()) {
			if (!this.#running.has(target.key)) this.#running.set(target.key, new Scrape(target, this.#sinks));
		}
	}

	stop(): void {
		this.update([]);
	}
}

class Scrape {
	readonly target: ScrapeTarget;
	readonly #sinks: ScrapeSinks;
	readonly #abort = new AbortController();
	#timer: NodeJS.Timeout;
	#reason = '';

	constructor(target: ScrapeTarget, sinks: ScrapeSinks) {
		this.target = target;
		this.#sinks = sinks;
		// Not all at the same time after a start.
		this.#timer = setTimeout(() => void this.#run(), Math.random() * Math.min(target.intervalMs, 5000)).unref();
	}

	stop(): void {
		clearTimeout(this.#timer);
		this.#abort.abort();
	}

	async #run(): Promise<void> {
		const started = performance.now();
		const reason = await this.#once();
		if (this.#abort.signal.aborted) return;
		if (reason !== this.#reason) {
			this.#reason = reason;
			this.#sinks.changed(this.target, reason);
		}
		const waitMs = Math.max(100, this.target.intervalMs - (performance.now() - started));
		this.#timer = setTimeout(() => void this.#run(), waitMs).unref();
	}

	/** '' when it went well. */
	async #once(): Promise<string> {
		const { target } = this;
		try {
			const signal = AbortSignal.any([this.#abort.signal, AbortSignal.timeout(TIMEOUT_MS)]);
			const response = await fetch(target.url, { headers: { accept: ACCEPT }, redirect: 'manual', signal });
			if (response.status !== 200) {
				await response.body?.cancel();
				return `answered ${response.status}`;
			}
			const text = await pageText(response);
			if (text === undefined) return `the page is larger than ${MOST_BYTES} bytes`;
			if (this.#abort.signal.aborted) return '';
			return this.#take(text);
		} catch (error) {
			if ((error as Error).name === 'TimeoutError') return 'did not answer in time';
			const { code } = ((error as Error).cause ?? {}) as { code?: unknown };
			return `could not be reached${typeof code === 'string' ? `: ${code}` : ''}`;
		}
	}

	#take(text: string): string {
		const { target } = this;
		const nowMs = Date.now();
		const owner: Labels = { service: target.service, instance: target.instance };
		const { points, skipped } = readPage(text, owner, nowMs);
		if (points.length === 0 && skipped > 0) return 'the page is not in the text format of Prometheus';
		if (target.of === 'instance') this.#sinks.points(points, nowMs, KEPT_INTERVALS * target.intervalMs + TIMEOUT_MS);
		this.#sinks.usage(target, target.of === 'host' ? hostUsage(points) : processUsage(points));
		return '';
	}
}

/** undefined: it is too large. What is packed counts unpacked. */
async function pageText(response: Response): Promise<string | undefined> {
	const parts: Uint8Array[] = [];
	let length = 0;
	for await (const part of response.body ?? []) {
		length += part.length;
		if (length > MOST_BYTES) return undefined;
		parts.push(part);
	}
	return Buffer.concat(parts).toString('utf8');
}
