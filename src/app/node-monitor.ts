import { X509Certificate } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import type { Config } from '../config/config.ts';
import type { FigureSource } from '../core/metric.ts';
import { CompressCounts } from '../gateway/compress/compress-counts.ts';
import type { MeterGroup } from '../metrics/counts.ts';
import type { DetailGroup } from '../metrics/detail.ts';
import type { NodeReading } from '../metrics/node-readers.ts';
import { LoopLag } from '../resources/loop-lag.ts';
import { Resources } from '../resources/resources.ts';
import type { ServiceNow } from '../review/observe.ts';
import { Alerting } from './alerting.ts';
import type { EventLog } from './event-log.ts';
import type { InstanceView } from './fleet-sink.ts';
import { Happenings } from './happenings.ts';
import type { Keeper } from './keeper-port.ts';
import { Monitoring } from './monitoring.ts';
import { seeingCommand } from './monitoring-commands.ts';
import { observedNode } from './observed-node.ts';
import { FOLLOW_CELL, type InstancePlan, type Plan } from './plan.ts';
import { RecordRings } from './record-rings.ts';
import type { Status } from './status.ts';
import type { StoreLink } from './store-link.ts';
import { Telemetry } from './telemetry.ts';
import type { WorkerGroup } from './worker-group.ts';

/** How often certificates are read for the time at which they end, ms. */
const CERTIFICATES_MS = 60_000;

export interface NodeMonitorParts {
	log: EventLog;
	workers: Pick<WorkerGroup, 'node' | 'readings' | 'compressed'>;
	meters: { routes: MeterGroup; instances: MeterGroup; details: DetailGroup };
	config(): Config;
	plan(): Plan;
	status(): Status;
	instances(): InstanceView[];
	/** Those that workers know, by serial number. */
	plans(): InstancePlan[];
	/** See `ObservedParts`. */
	short(): ReadonlyMap<string, number>;
	stored(): Pick<Status, 'cache' | 'purges'>;
	/** The configuration on disk was refused. */
	refused(): boolean;
}

/** Everything that is seen of this node, in one place: metrics, logs, traces, resources. */
export class NodeMonitor {
	readonly rings: RecordRings;
	readonly #parts: NodeMonitorParts;
	readonly #startedMs: number;
	readonly #monitoring: Monitoring;
	readonly #resources: Resources;
	readonly #telemetry: Telemetry;
	readonly #alerting: Alerting;
	readonly #lag = new LoopLag();
	readonly #events = new Map<string, number>();
	readonly #happenings = new Happenings();
	#certificates: { certificate: string; expiresMs: number }[] = [];
	#certificatesMs = 0;

	constructor(welcome: Keeper['welcome'], parts: NodeMonitorParts) {
		this.#parts = parts;
		this.#startedMs = welcome.startedAt;
		const { log } = parts;
		this.#monitoring = new Monitoring({
			name: welcome.name,
			follow: new Int32Array(parts.workers.node, FOLLOW_CELL * 4, 1),
			event: (event) => log.add(event),
		});
		this.rings = new RecordRings((worker, buffer) => this.#monitoring.ring(worker, buffer));
		this.#resources = new Resources({
			instances: () => this.#local(),
			own: () => [welcome.pid, process.pid],
			mounts: () => [this.#monitoring.folder ?? '/'],
			failed: (error) =>
				log.add({
					level: 'warn',
					subject: 'ballast',
					text: `processes cannot be looked at: ${(error as Error).message}`,
				}),
		});
		const { name, startedAt } = welcome;
		const instances = (): InstanceView[] => parts.instances();
		const monitoring = this.#monitoring;
		this.#telemetry = new Telemetry({ monitoring, log, node: name, startedMs: startedAt, instances });
		this.#alerting = new Alerting({ monitoring, log, node: name, services: () => servicesNow(parts.status()) });
		this.leads = welcome.active;
		log.onEvent = (event) => {
			this.#events.set(event.level, (this.#events.get(event.level) ?? 0) + 1);
			this.#happenings.add(event);
			this.#monitoring.event(event);
		};
		log.onOutput = (id, stream, lines) => this.#monitoring.output(this.#serviceOf(id), id, stream, lines);
	}

	#local(): { service: string; pool: string; instance: string; pid: number }[] {
		return this.#parts
			.instances()
			.flatMap(({ service, pool, id, pid }) => (pid === null ? [] : [{ service, pool, instance: id, pid }]));
	}

	#serviceOf(instance: string): string {
		return this.#parts.instances().find(({ id }) => id === instance)?.service ?? '';
	}

	/** This core's history is the one that is kept. */
	set leads(leads: boolean) {
		this.#monitoring.leads = leads;
		this.#alerting.leads = leads;
		this.#telemetry.leads = leads;
	}

	start(): void {
		const { meters, config, plan, status, instances, workers } = this.#parts;
		const resources = this.#resources;
		const readers = observedNode({
			config,
			plan,
			status,
			meters,
			instances,
			resources,
			workers: () => [
				...workers.readings(),
				{
					worker: 'main',
					connections: Number.NaN,
					shedding: Number.NaN,
					lagSeconds: this.#lag.take(),
					heapRatio: Number.NaN,
				},
			],
			happenings: this.#happenings,
			short: () => this.#parts.short(),
			certificates: () => this.#certificates,
			node: () => this.#node(),
		});
		this.#monitoring.start(config(), {
			...readers,
			processes: () => this.usage(),
		});
		this.configure();
		resources.start();
	}

	/** A reload. */
	configure(): void {
		const config = this.#parts.config();
		this.#monitoring.configure(config, this.#telemetry.wants(config));
		this.#telemetry.configure(config);
		this.#alerting.configure(config);
		this.named();
	}

	/** Routes or instances are others now. */
	named(): void {
		this.#monitoring.name(this.#parts.plan(), this.#parts.plans());
	}

	everySecond(): void {
		this.named();
		this.#telemetry.everySecond();
		this.#monitoring.everySecond(this.#telemetry.remote());
		const nowMs = Date.now();
		if (Math.abs(nowMs - this.#certificatesMs) > CERTIFICATES_MS) {
			this.#certificatesMs = nowMs;
			void this.#readCertificates();
		}
	}

	async #readCertificates(): Promise<void> {
		const files = this.#parts.config().listen.flatMap(({ tls }) => tls?.certificates.map(({ cert }) => cert) ?? []);
		const found = await Promise.all(
			files.map(async (certificate) => {
				try {
					return { certificate, expiresMs: new X509Certificate(await readFile(certificate)).validToDate.getTime() };
				} catch {
					// What cannot be read goes on with what was read before; the listener's watch says so.
					return this.#certificates.find((known) => known.certificate === certificate) ?? null;
				}
			}),
		);
		this.#certificates = found.filter((one) => one !== null);
	}

	#node(): NodeReading {
		const { stored } = this.#monitoring;
		const logs = stored?.logs;
		const { cache, purges } = this.#parts.stored();
		return {
			startedMs: this.#startedMs,
			configRefused: this.#parts.refused(),
			storeFailed: (stored?.failure ?? '') !== '' || (logs?.failure ?? null) !== null,
			backupAgeMs: null,
			events: ['info', 'warn', 'error'].map((level) => [level, this.#events.get(level) ?? 0]),
			recordsDropped: [
				['ring_full', this.rings.dropped],
				['store', logs?.lost ?? 0],
				['access_log', logs?.accessLost ?? 0],
				['forward', logs?.forwardDropped ?? 0],
				['spans', stored?.spansDropped ?? 0],
				['otlp', this.#telemetry.dropped],
			],
			purges: purges.map(({ name, purged, lost, waiting }) => ({ target: name, purged, lost, waiting })),
			cache,
			compressed: CompressCounts.sum(this.#parts.workers.compressed),
			remoteDropped: this.#telemetry.remoteDropped + this.#monitoring.others.dropped,
			logErrors: logs === undefined ? [] : [{ service: '', instance: '', count: logs.errors }],
		};
	}

	get store(): StoreLink {
		return this.#monitoring.store;
	}

	get figures(): FigureSource {
		return this.#monitoring.figures;
	}

	/** Totals of what instances use, here and elsewhere. */
	usage(): ReturnType<Telemetry['usage']> {
		return [...this.#resources.processes(), ...this.#telemetry.usage()];
	}

	/** NaN: not known. */
	machineBytes(): number {
		return this.#resources.host()?.memoryLimitBytes ?? Number.NaN;
	}

	/** The page of metrics. */
	page(accept: string | undefined): { type: string; text: string } {
		return this.#monitoring.page(accept, (format, isOurs) => this.#telemetry.page(format, isOurs));
	}

	/** A command that asks for what is seen; null: it is another. */
	command(name: string, args: Record<string, unknown>, line: (text: string) => void): Promise<unknown> | null {
		const seen = seeingCommand(name, args, { monitoring: this.#monitoring, line });
		if (seen !== null) return seen;
		const answer = this.#alerting.command(name, args);
		return answer === null ? null : Promise.resolve(answer);
	}

	/** Writes what is at hand. */
	async end(): Promise<void> {
		this.#resources.stop();
		await Promise.all([this.#alerting.end(), this.#telemetry.end()]);
		await this.#monitoring.end();
	}
}

/** The services as a review sees them. */
function servicesNow({ services }: Status): ServiceNow[] {
	return services.map(({ name, ready, desired, concurrency, routes, instances }) => ({
		name,
		ready,
		desired,
		concurrency: concurrency === null ? null : { limit: concurrency.limit, adaptive: concurrency.by === 'adaptive' },
		routes: routes.map((route) => route.name),
		instances: instances.map(({ id, pid, restarts }) => ({ id, local: pid !== null, restarts })),
	}));
}
