import type { Config } from '../config/config.ts';
import type { LogEntry } from '../core/log-entry.ts';
import type { Span } from '../core/span.ts';
import { CONTENT_TYPES, Exposition, type ExpositionFormat, formatFor } from '../metrics/exposition.ts';
import { Figures } from '../metrics/figure-source.ts';
import type { MinuteFrames } from '../metrics/minute-frames.ts';
import { collectNodeMetrics } from '../metrics/node-metrics.ts';
import type { NodeReaders } from '../metrics/node-readers.ts';
import { OtherMetrics, type OtherSeries } from '../metrics/other-metrics.ts';
import { Recent } from '../metrics/recent.ts';
import { Registry } from '../metrics/registry.ts';
import type { SlotRequest } from '../metrics/slots.ts';
import type { Event } from './event-log.ts';
import { Exemplars } from './exemplars.ts';
import { routesBySeries } from './observed-node.ts';
import type { InstancePlan, Plan } from './plan.ts';
import { storeFolder } from './store-folder.ts';
import { StoreLink } from './store-link.ts';
import type { FromStore, StoreFigures, StoreSettings, ToStore } from './store-messages.ts';

/** Time that the store has to write what it holds when Ballast ends, ms. */
const END_MS = 5000;

export interface MonitoringParts {
	/** Name of this Ballast. */
	name: string;
	/** Set to 1 while somebody follows requests. */
	follow: Int32Array;
	event(event: Event): void;
}

/** Entries and spans that others want, such as OTLP. */
export interface PassedOn {
	entries: LogEntry[];
	spans: Span[];
}

type Followed = Extract<FromStore, { type: 'followed' }>;

/** What stands behind our own metrics; none of it may have a name of ours. */
export type PagePart = (format: ExpositionFormat, isOurs: (name: string) => boolean) => string;

/** What is seen of the node: its metrics, their history, and the store of logs and traces. */
export class Monitoring {
	readonly registry: Registry;
	/** What other programs count. */
	readonly others: OtherMetrics;
	readonly figures: Figures;
	readonly store: StoreLink;
	readonly #parts: MonitoringParts;
	readonly #recent: Recent;
	readonly #exposition: Exposition;
	readonly #exemplars = new Exemplars();
	readonly #rings = new Map<number, SharedArrayBuffer>();
	readonly #followers = new Map<number, (followed: Followed) => void>();
	#settings: StoreSettings | null = null;
	#config!: Config;
	/** Of what was said last of names in records, so that they are only made and sent when they change. */
	#named: { series: Plan['series'] | null; instances: string } = { series: null, instances: '' };
	#names: Extract<ToStore, { type: 'names' }>['names'] = { routes: [], instances: [] };
	#leads = false;
	stored: StoreFigures | null = null;
	/** Gets what the store passes on. */
	passOn: (passed: PassedOn) => void = () => {};

	constructor(parts: MonitoringParts) {
		this.#parts = parts;
		const failed = (error: unknown): void =>
			parts.event({ level: 'error', subject: 'ballast', text: `metrics cannot be read: ${(error as Error).message}` });
		this.registry = new Registry({ failed });
		this.#recent = new Recent(this.registry);
		this.others = new OtherMetrics((name) => this.registry.find(name) !== undefined);
		const rollups = {
			read: (requests: readonly SlotRequest[]) => this.store.ask('rollups', requests),
			span: () => this.store.ask('rollupSpan'),
		};
		this.figures = new Figures({
			registry: this.registry,
			recent: this.#recent,
			rollups,
			others: this.others,
			kept: { minutes: 7 * 86_400_000, fiveMinutes: 30 * 86_400_000 },
		});
		this.#exposition = new Exposition(this.registry, (definition, series) => this.#exemplars.of(definition, series));
		this.store = new StoreLink({
			told: (message) => this.#told(message),
			event: (level, text) => parts.event({ level, subject: 'store', text }),
			greeting: () => this.#greeting(),
		});
	}

	/** Begins to observe. */
	start(config: Config, readers: Partial<NodeReaders>): void {
		this.configure(config, { entries: false, spans: false });
		collectNodeMetrics(this.registry, readers, {
			objective: (service, route) => this.#objective(service, route),
			apdexMs: () => this.#config.metrics.apdexMs,
		});
		this.store.start();
	}

	#objective(name: string, route: string): Config['services'][number]['objective'] {
		const service = this.#config.services.find((one) => one.name === name);
		if (service === undefined) return null;
		return Object.hasOwn(service.routeObjectives, route) ? (service.routeObjectives[route] ?? null) : service.objective;
	}

	/** A reload. `passOn`: what others want of what goes to the store. */
	configure(config: Config, passOn: { entries: boolean; spans: boolean }): void {
		this.#config = config;
		this.registry.resize(config.metrics.series);
		const { minutesMs, fiveMinutesMs, hoursMs, maxBytes } = config.metrics.keep;
		const folder = storeFolder(config, this.#parts.name);
		this.#settings = {
			folder,
			logs: config.logs,
			traces: config.traces,
			rollups: { keepMs: { minutes: minutesMs, fiveMinutes: fiveMinutesMs, hours: hoursMs }, maxBytes },
			passOn,
		};
		this.store.say({ type: 'configure', settings: this.#settings });
	}

	get leads(): boolean {
		return this.#leads;
	}

	/** This core's minutes are the ones that are kept from now on, or another's. */
	set leads(leads: boolean) {
		if (leads === this.#leads) return;
		// What was taken over did not happen now.
		if (leads) this.#recent.rebase();
		else this.#keepMinute(this.#recent.flush());
		this.#leads = leads;
	}

	#keepMinute(minute: MinuteFrames | null): void {
		if (minute !== null && this.#leads && this.folder !== null) this.store.say({ type: 'minute', frames: minute });
	}

	/** Where what lasts is kept; null: nothing is. */
	get folder(): string | null {
		return this.#settings?.folder ?? null;
	}

	#greeting(): ToStore[] {
		const rings = [...this.#rings].map(([worker, buffer]): ToStore => ({ type: 'ring', worker, buffer }));
		const settings: ToStore[] = this.#settings === null ? [] : [{ type: 'configure', settings: this.#settings }];
		return [...settings, { type: 'names', names: this.#names }, ...rings];
	}

	/** A worker writes requests down there. */
	ring(worker: number, buffer: SharedArrayBuffer): void {
		this.#rings.set(worker, buffer);
		this.store.say({ type: 'ring', worker, buffer });
	}

	/** What the numbers in records stand for, before a worker can write them. */
	name(plan: Plan, instances: readonly InstancePlan[]): void {
		const serials = instances.map(({ serial, id }): [number, string] => [serial, id]);
		const text = JSON.stringify(serials);
		if (plan.series === this.#named.series && text === this.#named.instances) return;
		this.#named = { series: plan.series, instances: text };
		const names = {
			routes: [...routesBySeries(plan)].map(([series, { service, route }]): [number, string, string] => [
				series,
				service,
				route,
			]),
			instances: serials,
		};
		this.#names = names;
		this.store.say({ type: 'names', names });
	}

	/** `others`: series of other programs that there are. */
	everySecond(others: Iterable<OtherSeries>): void {
		const nowMs = Date.now();
		this.registry.sample();
		this.#keepMinute(this.#recent.record(nowMs));
		this.others.record(others, nowMs);
	}

	/** The page of metrics, for who sent this Accept. */
	page(accept: string | undefined, others: PagePart): { type: string; text: string } {
		const format = formatFor(accept);
		const behind = others(format, (name) => this.registry.find(name) !== undefined);
		return { type: CONTENT_TYPES[format], text: this.#exposition.write(format, behind) };
	}

	event({ level, subject, text, kind = '' }: Event): void {
		const entry: LogEntry = {
			timeMs: Date.now(),
			severity: level,
			source: subject === 'alerts' ? 'alert' : 'event',
			message: text,
			service: this.#config?.services.some(({ name }) => name === subject) ? subject : '',
			instance: '',
			traceId: '',
			spanId: '',
			fields: { subject, ...(kind === '' ? {} : { 'event.name': kind }) },
		};
		this.store.say({ type: 'entries', entries: [entry] });
	}

	output(service: string, instance: string, stream: 'stdout' | 'stderr', lines: readonly string[]): void {
		const timeMs = Date.now();
		this.store.say({ type: 'output', lines: lines.map((line) => ({ timeMs, service, instance, stream, line })) });
	}

	#told(message: Exclude<FromStore, { type: 'answer' | 'failed' }>): void {
		switch (message.type) {
			case 'told':
				this.#parts.event({ level: message.level, subject: 'store', text: message.text });
				break;
			case 'figures':
				this.stored = message.figures;
				this.#exemplars.learn(message.exemplars);
				break;
			case 'followed':
				this.#followers.get(message.id)?.(message);
				break;
			case 'following':
				Atomics.store(this.#parts.follow, 0, message.follows ? 1 : 0);
				break;
			case 'passOn':
				this.passOn(message);
				break;
		}
	}

	/** Has `take` called with what comes and fits, until the answer is called. @throws BallastError `bad_query`, `command_failed` */
	async follow(query: string, take: (followed: Followed) => void): Promise<() => void> {
		const id = await this.store.ask('follow', query);
		this.#followers.set(id, take);
		return () => {
			this.#followers.delete(id);
			void this.store.ask('unfollow', id).catch(() => {});
		};
	}

	/** Writes what is at hand and ends the store. */
	async end(): Promise<void> {
		this.#keepMinute(this.#recent.flush());
		await this.store.end(END_MS);
	}
}
