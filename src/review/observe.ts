/** Gathers what a review is made of. */
import type { FigureQuery, FigureSource, Labels } from '../core/metric.ts';
import type {
	AlertObserved,
	HostObserved,
	InstanceObserved,
	Level,
	Observed,
	RouteObserved,
	ServiceObserved,
} from './observed.ts';

/** What the review needs of the rest of the program. */
export interface ReviewSource {
	figures: FigureSource;
	/** Of the machine. */
	cores: number;
	services(): ServiceNow[];
	alerts(): AlertObserved[] | Promise<AlertObserved[]>;
}

/** A service as it is now. */
export interface ServiceNow {
	name: string;
	ready: number;
	desired: number;
	/** null: it has no limit. */
	concurrency: { limit: number; adaptive: boolean } | null;
	routes: readonly string[];
	instances: readonly { id: string; local: boolean; restarts: number }[];
}

export interface ReviewRange {
	fromMs: number;
	toMs: number;
}

/** Of a level: enough to see a peak of an hour in a day. */
const POINTS = 48;

/** What is not known, or cannot be had, is NaN: a review of the rest is better than none. */
export async function observe(source: ReviewSource, range: ReviewRange): Promise<Observed> {
	const look = new Look(source.figures, range);
	const now = source.services();
	const [host, traffic, routes, instances, alerts] = await Promise.all([
		hostOf(source, look),
		look.means(SERVICE_FIGURES, ['service']),
		look.means(ROUTE_FIGURES, ['service', 'route']),
		instancesOf(look),
		source.alerts(),
	]);
	const inFlight = await look.levels('in_flight', ['service']);
	const dropped = await look.means(['series.dropped', 'logs.dropped'], []);
	const services = now.map((service): ServiceObserved => {
		const { name, ready, desired, concurrency } = service;
		const of = (figure: (typeof SERVICE_FIGURES)[number]) => traffic(figure, { service: name });
		return {
			name,
			ready,
			desired,
			requests: of('requests') || 0,
			errorRate: of('error_rate'),
			retryRate: of('retry_rate'),
			held: of('held') || 0,
			limited: of('limited') || 0,
			shed: of('shed') || 0,
			ejections: of('ejections') || 0,
			starts: of('instances.starts') || 0,
			concurrency: concurrency === null ? null : { ...concurrency, inFlight: inFlight({ service: name }) },
			routes: service.routes.map((route) => routeOf(route, (figure) => routes(figure, { service: name, route }))),
			instances: service.instances.map((instance) => instances({ ...instance, service: name })),
		};
	});
	return {
		...range,
		host,
		services,
		alerts,
		seriesDropped: dropped('series.dropped', {}) || 0,
		logsDropped: dropped('logs.dropped', {}) || 0,
	};
}

const SERVICE_FIGURES = [
	'requests',
	'error_rate',
	'retry_rate',
	'held',
	'limited',
	'shed',
	'ejections',
	'instances.starts',
] as const;

const ROUTE_FIGURES = [
	'requests',
	'error_rate',
	'latency.mean',
	'p50',
	'p99',
	'latency.queue',
	'latency.connect',
	'latency.first_byte',
	'latency.transfer',
	'latency.own',
	'slo.budget',
] as const;

function routeOf(name: string, of: (figure: (typeof ROUTE_FIGURES)[number]) => number): RouteObserved {
	return {
		name,
		requests: of('requests') || 0,
		errorRate: of('error_rate'),
		mean: of('latency.mean'),
		p50: of('p50'),
		p99: of('p99'),
		queue: of('latency.queue'),
		connect: of('latency.connect'),
		firstByte: of('latency.first_byte'),
		transfer: of('latency.transfer'),
		own: of('latency.own'),
		budgetLeft: of('slo.budget'),
	};
}

async function hostOf({ cores }: ReviewSource, look: Look): Promise<HostObserved> {
	const [cpu, memory, lag, disks, fullIn] = await Promise.all([
		look.levels('cpu', []),
		look.levels('memory.used', []),
		look.levels('event_loop.lag', []),
		look.now('disk.used', ['mount']),
		look.now('disk.full_in', ['mount']),
	]);
	return {
		cores,
		cpu: cpu({}),
		memory: memory({}),
		lag: lag({}),
		disks: disks.map(({ labels, value }) => ({
			mount: labels['mount'] ?? '',
			used: value,
			fullInS: fullIn.find((each) => each.labels['mount'] === labels['mount'])?.value ?? Number.NaN,
		})),
	};
}

type InstanceOf = (instance: { id: string; local: boolean; restarts: number; service: string }) => InstanceObserved;

async function instancesOf(look: Look): Promise<InstanceOf> {
	const by = ['service', 'instance'];
	const [means, cpu, memory] = await Promise.all([
		look.means(['requests', 'error_rate', 'p95'], by),
		look.levels('cpu', by),
		look.ends('memory', by),
	]);
	return ({ id, local, restarts, service }) => {
		const labels = { service, instance: id };
		const [memoryBefore, memoryNow] = memory(labels);
		return {
			id,
			local,
			restarts,
			requests: means('requests', labels) || 0,
			errorRate: means('error_rate', labels),
			p95: means('p95', labels),
			cpu: cpu(labels),
			memoryBefore,
			memoryNow,
		};
	};
}

/** Asks for figures over the time of the review. */
class Look {
	readonly #figures: FigureSource;
	readonly #range: ReviewRange;

	constructor(figures: FigureSource, range: ReviewRange) {
		this.#figures = figures;
		this.#range = range;
	}

	/** Each figure over the whole time. */
	async means<F extends string>(
		figures: readonly F[],
		by: readonly string[],
	): Promise<(figure: F, labels: Labels) => number> {
		const { fromMs, toMs } = this.#range;
		const found = new Map<string, number>();
		await Promise.all(
			figures.map(async (figure) => {
				for (const { labels, value } of await this.#at({ figure, where: {}, by, overMs: toMs - fromMs }))
					found.set(keyOf(figure, by, labels), value);
			}),
		);
		return (figure, labels) => found.get(keyOf(figure, by, labels)) ?? Number.NaN;
	}

	/** As it is now. */
	async now(figure: string, by: readonly string[]): Promise<{ labels: Labels; value: number }[]> {
		return await this.#at({ figure, where: {}, by, overMs: 300_000 });
	}

	/** Mean and highest value over the time. */
	async levels(figure: string, by: readonly string[]): Promise<(labels: Labels) => Level> {
		const series = await this.#series(figure, by);
		return (labels) => {
			const values = series.get(keyOf(figure, by, labels)) ?? [];
			if (values.length === 0) return { mean: Number.NaN, most: Number.NaN };
			return { mean: values.reduce((sum, value) => sum + value, 0) / values.length, most: Math.max(...values) };
		};
	}

	/** The first and the last value of the time. */
	async ends(figure: string, by: readonly string[]): Promise<(labels: Labels) => [number, number]> {
		const series = await this.#series(figure, by);
		return (labels) => {
			const values = series.get(keyOf(figure, by, labels)) ?? [];
			return [values[0] ?? Number.NaN, values.at(-1) ?? Number.NaN];
		};
	}

	async #at(query: FigureQuery): Promise<{ labels: Labels; value: number }[]> {
		if (this.#figures.find(query.figure) === undefined) return [];
		return await this.#figures.at(query, this.#range.toMs);
	}

	/** Known values, oldest first. */
	async #series(figure: string, by: readonly string[]): Promise<Map<string, number[]>> {
		if (this.#figures.find(figure) === undefined) return new Map();
		const { fromMs, toMs } = this.#range;
		const overMs = (toMs - fromMs) / POINTS;
		const series = await this.#figures.range({ figure, where: {}, by, overMs, fromMs, toMs, points: POINTS });
		return new Map(
			series.map(({ labels, values }) => [keyOf(figure, by, labels), values.filter((value) => value !== null)]),
		);
	}
}

const keyOf = (figure: string, by: readonly string[], labels: Labels): string =>
	[figure, ...by.map((label) => labels[label] ?? '')].join('\0');
