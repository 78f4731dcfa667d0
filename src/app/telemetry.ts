import { hostname } from 'node:os';
import type { Config } from '../config/config.ts';
import { OTEL_BOUNDS } from '../metrics/cells.ts';
import { bucketValue } from '../metrics/meter.ts';
import { wantsSignal } from '../otlp/destination.ts';
import { OtlpPush } from '../otlp/push.ts';
import { OtlpReceiver } from '../otlp/receiver.ts';
import { remotePage } from '../otlp/remote-page.ts';
import { type RemoteSeries, RemoteSeriesSet } from '../otlp/remote-series.ts';
import { Scraper, type ScrapeTarget } from '../otlp/scraper.ts';
import type { EventLog } from './event-log.ts';
import type { InstanceView } from './fleet-sink.ts';
import type { Monitoring } from './monitoring.ts';
import { ScrapedUsage } from './scraped-usage.ts';
import { VERSION } from './version.ts';

/** Of a cell of our histograms, seconds. */
const middleOf = (cell: number): number => bucketValue(cell) / 1e6;
/** An order is taken up again after so long where a port is still in use, as it is while another core ends, ms. */
const AGAIN_MS = 5000;
const NONE_REFUSED = { rejected: 0, reason: '' };

export interface TelemetryParts {
	monitoring: Monitoring;
	log: EventLog;
	/** Name of this Ballast. */
	node: string;
	startedMs: number;
	instances(): InstanceView[];
}

/** What is sent to others by OTLP, received from them, and read from pages of metrics. */
export class Telemetry {
	readonly #parts: TelemetryParts;
	readonly #scraper: Scraper;
	readonly #remote = new RemoteSeriesSet();
	readonly #usage = new ScrapedUsage();
	/** Those that a reload ends, and what ended ones dropped. */
	readonly #ending = new Set<OtlpPush>();
	#droppedBefore = 0;
	#push: { text: string; push: OtlpPush; hasLed: boolean } | null = null;
	#receiver: { text: string; receiver: OtlpReceiver } | null = null;
	#config: Config | null = null;
	#leads = false;

	constructor(parts: TelemetryParts) {
		this.#parts = parts;
		this.#scraper = new Scraper({
			points: (points, nowMs, keepMs) => void this.#remote.add(points, nowMs, keepMs),
			usage: (target, usage) => this.#usage.set(target, usage),
			changed: ({ instance, url }, reason) =>
				this.#event(
					reason === '' ? 'info' : 'warn',
					reason === ''
						? `the metrics of ${instance} are read again`
						: `the metrics of ${instance} at ${url} cannot be read: ${reason}`,
				),
		});
		parts.monitoring.passOn = ({ entries, spans }) => {
			if (entries.length > 0) this.#push?.push.logs(entries);
			if (spans.length > 0) this.#push?.push.spans(spans);
		};
	}

	#event(level: 'info' | 'warn', text: string): void {
		this.#parts.log.add({ level, subject: 'otlp', text });
	}

	/** What the store is to pass on. */
	wants({ exports }: Config): { entries: boolean; spans: boolean } {
		return { entries: wantsSignal(exports, 'logs'), spans: wantsSignal(exports, 'traces') };
	}

	/** This core receives from now on and sends metrics, or another does: there is but one port, and counts are handed on. */
	set leads(leads: boolean) {
		if (leads === this.#leads) return;
		this.#leads = leads;
		// What was handed over, or is, counts up to this moment.
		if (this.#push !== null) this.#parts.monitoring.registry.sample();
		if (!leads) {
			void this.#push?.push.pauseMetrics();
			void this.#receiver?.receiver.close();
			this.#receiver = null;
		} else if (this.#config !== null) {
			this.#push?.push.start(this.#push.hasLed ? undefined : 'now');
			if (this.#push !== null) this.#push.hasLed = true;
			void this.#receive(this.#config);
		}
	}

	configure(config: Config): void {
		const first = this.#config === null;
		this.#config = config;
		this.#send(config, first);
		void this.#receive(config);
		this.everySecond();
	}

	#send({ exports }: Config, first: boolean): void {
		const text = JSON.stringify(exports);
		if (this.#push?.text === text) return;
		const before = this.#push?.push;
		const ended = before === undefined ? Promise.resolve() : this.#endPush(before);
		this.#push = null;
		if (exports.length === 0) return;
		const push = this.#pushTo(exports);
		this.#push = { text, push, hasLed: this.#leads };
		if (first && this.#leads) push.start();
		else
			void ended.then(() => {
				if (this.#leads && this.#push?.push === push) push.start(before ?? 'now');
			});
	}

	#pushTo(exports: Config['exports']): OtlpPush {
		const { node, startedMs, monitoring } = this.#parts;
		const host = hostname();
		return new OtlpPush({
			destinations: exports,
			own: {
				attributes: {
					'service.name': 'ballast',
					'service.instance.id': `${host}/${node}`,
					'service.version': VERSION,
					'host.name': host,
				},
				version: VERSION,
			},
			source: monitoring.registry,
			shape: { bounds: OTEL_BOUNDS, middleOf },
			startMs: startedMs,
			changed: (destination, signal, reason) =>
				this.#event(
					reason === '' ? 'info' : 'warn',
					reason === ''
						? `${signal} are sent to ${destination} again`
						: `${signal} cannot be sent to ${destination}: ${reason}`,
				),
		});
	}

	async #endPush(push: OtlpPush): Promise<void> {
		this.#ending.add(push);
		await push.stop({ metrics: this.#leads });
		this.#ending.delete(push);
		this.#droppedBefore += droppedBy(push);
	}

	async #receive({ receive }: Config): Promise<void> {
		const text = JSON.stringify(receive);
		if (this.#receiver?.text === text) return;
		const before = this.#receiver?.receiver;
		this.#receiver = null;
		await before?.close();
		if (receive === null || !this.#leads) return;
		const { store } = this.#parts.monitoring;
		const receiver = new OtlpReceiver(receive, {
			metrics: (points) => this.#remote.add(points, Date.now()),
			logs: (entries) => {
				store.say({ type: 'entries', entries: [...entries] });
				return NONE_REFUSED;
			},
			spans: (spans) => {
				store.say({ type: 'spans', spans: [...spans] });
				return NONE_REFUSED;
			},
			failed: (error) => this.#event('warn', `what was received by OTLP failed: ${(error as Error).message}`),
		});
		this.#receiver = { text, receiver };
		try {
			await receiver.listen();
		} catch (error) {
			this.#receiver = null;
			this.#event('warn', `OTLP is not received: ${(error as Error).message}; it is tried again`);
			const again = (): void => {
				if (this.#config !== null && this.#leads) void this.#receive(this.#config);
			};
			setTimeout(again, AGAIN_MS).unref();
		}
	}

	/** Instances come and go. */
	everySecond(): void {
		const targets = this.#targets();
		this.#scraper.update(targets);
		this.#usage.keep(new Set(targets.map(({ key }) => key)));
		this.#remote.prune(Date.now());
	}

	#targets(): ScrapeTarget[] {
		const services = this.#config?.services ?? [];
		if (!services.some(({ pools }) => pools.some(({ scrape }) => scrape.length > 0))) return [];
		return this.#parts.instances().flatMap(({ service, pool, id, host, port, tls }): ScrapeTarget[] => {
			const pages =
				services.find(({ name }) => name === service)?.pools.find(({ name }) => name === pool)?.scrape ?? [];
			const at = host.includes(':') ? `[${host}]` : host;
			return pages.map(({ of, path, port: other, intervalMs }) => {
				const url = `${tls && other === null ? 'https' : 'http'}://${at}:${other ?? port}${path}`;
				return { key: `${id} ${url}`, service, instance: id, url, of, intervalMs };
			});
		});
	}

	/** What pages of metrics told of the processes of instances that run elsewhere. */
	usage(): ReturnType<ScrapedUsage['readings']> {
		return this.#usage.readings(this.#parts.instances());
	}

	/** Lines and spans that no destination will get: no room, or refused. */
	get dropped(): number {
		const running = [...this.#ending, ...(this.#push === null ? [] : [this.#push.push])];
		return running.reduce((sum, push) => sum + droppedBy(push), this.#droppedBefore);
	}

	/** What instances and other machines count, for its history. */
	remote(): Iterable<Readonly<RemoteSeries>> {
		return this.#remote.all();
	}

	/** Values of it that found no room. */
	get remoteDropped(): number {
		return this.#remote.dropped;
	}

	/** What instances and other machines count, for the page of metrics. */
	page(format: 'text' | 'openmetrics', isOurs: (name: string) => boolean): string {
		return remotePage(this.#remote.all(), format, isOurs);
	}

	/** Sends what there is, and ends. */
	async end(): Promise<void> {
		const metrics = this.#leads;
		this.#leads = false;
		this.#scraper.stop();
		await Promise.all([this.#push?.push.stop({ metrics }), this.#receiver?.receiver.close()]);
	}
}

function droppedBy({ counts }: OtlpPush): number {
	return counts
		.filter(({ signal }) => signal !== 'metrics')
		.reduce((sum, { dropped, rejected }) => sum + dropped + rejected, 0);
}
