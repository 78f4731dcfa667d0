/** From what the workers count to the metrics of routes and instances. */
import { CACHE_RESULTS } from '../core/cached.ts';
import type { ObjectiveConfig } from './config.ts';
import {
	HTTP_DURATIONS,
	INSTANCE_COUNTERS,
	INSTANCE_DURATION,
	INSTANCE_GAUGES,
	REQUEST_DURATION,
	ROUTE_COUNTERS,
} from './metric-names.ts';
import { addApdex, type Budget, slowerThan, spend } from './objective.ts';
import { Handles, type OwnedSeries } from './owned-series.ts';
import type { Registry } from './registry.ts';
import type { CounterSeries, GaugeSeries, HistogramSeries } from './series.ts';

/** Totals since the begin, as `Meter` counts them. */
export interface TrafficReading {
	service: string;
	requests: number;
	/** Answers of 1xx … 5xx. */
	status: ArrayLike<number>;
	/** Answers below 500 that broke off. */
	broken: number;
	bytesIn: number;
	bytesOut: number;
	durationUs: number;
	/** The 896 cells of `Meter`. */
	cells: ArrayLike<number>;
}

export interface RouteReading extends TrafficReading {
	route: string;
	failed: number;
	aborted: number;
	retries: number;
	held: number;
	limited: number;
	shed: number;
	queueUs: number;
	connectUs: number;
	firstByteUs: number;
	transferUs: number;
	/** By `CACHE_RESULTS`; all 0: it has no cache. */
	cached: ArrayLike<number>;
	/** By cause; those of 0 may be left out. */
	errors: Iterable<readonly [cause: string, count: number]>;
}

export interface InstanceReading extends TrafficReading {
	pool: string;
	instance: string;
	inFlight: number;
	state: string;
	/** '': it has none. */
	breaker: string;
}

/** Requests of one route, method and status, under the bounds of OpenTelemetry. */
export interface HttpReading {
	service: string;
	/** `_OTHER` for one that is not known. */
	method: string;
	status: number;
	/** The name of the route; of an instance its address. */
	route: string;
	/** Of an instance; '' of a route. */
	port: string;
	/** The 15 cells, each for itself. */
	cells: ArrayLike<number>;
	count: number;
	sumSeconds: number;
}

export interface TrafficOptions {
	objective(service: string, route: string): ObjectiveConfig | null;
	apdexMs(): number;
}

const CLASSES = ['1xx', '2xx', '3xx', '4xx', '5xx'] as const;
const STATES = ['starting', 'ready', 'draining', 'down'] as const;
const BREAKERS = ['closed', 'open', 'half-open'] as const;
/** The cause of an error that is an instance's own answer. */
const INSTANCE_CAUSE = 'instance_5xx';
const C = ROUTE_COUNTERS;
const I = INSTANCE_COUNTERS;

function routeHandle(owned: OwnedSeries, [service = '', route = '']: readonly string[]) {
	const of = (definition: (typeof C)[keyof typeof C], ...more: string[]): CounterSeries =>
		owned.of(definition, service, route, ...more);
	const budget = (objective: string): Budget => ({
		missed: of(C.ballast_objective_missed_total, objective),
		allowed: of(C.ballast_objective_allowed_total, objective),
	});
	const once = <T>(make: () => T): (() => T) => {
		let made: T | undefined;
		return () => (made ??= make());
	};
	const causes = new Map<string, CounterSeries>();
	const requests = of(C.ballast_requests_total);
	const classes = CLASSES.map((name) => once(() => of(C.ballast_responses_total, name)));
	const broken = of(C.ballast_broken_total);
	const failed = of(C.ballast_failed_total);
	return {
		requests,
		classes,
		broken,
		failed,
		aborted: of(C.ballast_aborted_total),
		retries: of(C.ballast_retries_total),
		held: of(C.ballast_held_total),
		limited: of(C.ballast_limited_total),
		shed: of(C.ballast_shed_total),
		bytesIn: of(C.ballast_request_bytes_total),
		bytesOut: of(C.ballast_response_bytes_total),
		queue: of(C.ballast_request_part_seconds_total, 'queue'),
		connect: of(C.ballast_request_part_seconds_total, 'connect'),
		firstByte: of(C.ballast_request_part_seconds_total, 'first_byte'),
		transfer: of(C.ballast_request_part_seconds_total, 'transfer'),
		duration: owned.of(REQUEST_DURATION.ballast_request_duration_seconds, service, route),
		/** From its first answer on all are there, so that shares can be taken of them. */
		cached: once(() => CACHE_RESULTS.map((result) => of(C.ballast_cache_answers_total, result))),
		apdex: of(C.ballast_apdex_score_total),
		availability: once(() => budget('availability')),
		latency: once(() => budget('latency')),
		error: (cause: string): CounterSeries => {
			let series = causes.get(cause);
			if (series === undefined) causes.set(cause, (series = of(C.ballast_errors_total, cause)));
			return series;
		},
		/** Of the answers of 5xx so many were counted as instances' own. */
		theirs: Math.max(0, (classes[4]?.().value ?? 0) - failed.value),
		/** When it was last judged. */
		judged: { requests: requests.value, bad: (classes[4]?.().value ?? 0) + broken.value },
	};
}

function instanceHandle(owned: OwnedSeries, values: readonly string[]) {
	const of = (definition: (typeof I)[keyof typeof I], ...more: string[]): CounterSeries =>
		owned.of(definition, ...values, ...more);
	const states = (names: readonly string[], definition: typeof INSTANCE_GAUGES.ballast_instance_state): GaugeSeries[] =>
		names.map((name) => owned.of(definition, ...values, name));
	return {
		requests: of(I.ballast_instance_requests_total),
		classes: CLASSES.map((name) => of(I.ballast_instance_responses_total, name)),
		broken: of(I.ballast_instance_broken_total),
		bytesIn: of(I.ballast_instance_request_bytes_total),
		bytesOut: of(I.ballast_instance_response_bytes_total),
		duration: owned.of(INSTANCE_DURATION.ballast_instance_duration_seconds, ...values),
		inFlight: owned.of(INSTANCE_GAUGES.ballast_instance_in_flight, ...values),
		states: states(STATES, INSTANCE_GAUGES.ballast_instance_state),
		breakers: states(BREAKERS, INSTANCE_GAUGES.ballast_instance_breaker),
	};
}

type RouteHandle = ReturnType<typeof routeHandle>;

const theirsOf = ({ classes, failed }: RouteHandle): number => (classes[4]?.().value ?? 0) - failed.value;

interface CommonHandle {
	requests: CounterSeries;
	broken: CounterSeries;
	bytesIn: CounterSeries;
	bytesOut: CounterSeries;
	duration: HistogramSeries;
}

function readCommon(handle: CommonHandle, reading: TrafficReading): void {
	handle.requests.read(reading.requests);
	handle.broken.read(reading.broken);
	handle.bytesIn.read(reading.bytesIn);
	handle.bytesOut.read(reading.bytesOut);
	handle.duration.read({ cells: reading.cells, count: reading.requests, sum: reading.durationUs / 1e6 });
}

export class TrafficMetrics {
	readonly #options: TrafficOptions;
	readonly #routes: Handles<RouteHandle>;
	readonly #instances: Handles<ReturnType<typeof instanceHandle>>;
	readonly #http: Handles<HistogramSeries>;

	constructor(registry: Registry, options: TrafficOptions) {
		this.#options = options;
		for (const definition of Object.values(HTTP_DURATIONS))
			registry.define(definition, { cells: 'explicit', kept: false });
		this.#routes = new Handles(registry, routeHandle);
		this.#instances = new Handles(registry, instanceHandle);
		const { http_server_request_duration_seconds: server, http_client_request_duration_seconds: client } =
			HTTP_DURATIONS;
		this.#http = new Handles(registry, (owned, [side, ...values]) =>
			owned.of(side === 'server' ? server : client, ...values),
		);
	}

	readRoutes(readings: Iterable<RouteReading>): void {
		this.#routes.round((handleOf) => {
			for (const reading of readings) this.#readRoute(handleOf(reading.service, reading.route), reading);
		});
	}

	#readRoute(handle: RouteHandle, reading: RouteReading): void {
		readCommon(handle, reading);
		for (const [at, series] of handle.classes.entries()) {
			const count = reading.status[at] ?? 0;
			// The class by which errors are told is there from the start, others when they are used.
			if (count > 0 || at === 4) series().read(count);
		}
		handle.failed.read(reading.failed);
		handle.aborted.read(reading.aborted);
		handle.retries.read(reading.retries);
		handle.held.read(reading.held);
		handle.limited.read(reading.limited);
		handle.shed.read(reading.shed);
		handle.queue.read(reading.queueUs / 1e6);
		handle.connect.read(reading.connectUs / 1e6);
		handle.firstByte.read(reading.firstByteUs / 1e6);
		handle.transfer.read(reading.transferUs / 1e6);
		if (Array.prototype.some.call(reading.cached, (count: number) => count > 0))
			for (const [at, series] of handle.cached().entries()) series.read(reading.cached[at] ?? 0);
		for (const [cause, count] of reading.errors) if (count > 0) handle.error(cause).read(count);
		this.#readTheirs(handle);
		this.#judge(handle, reading);
	}

	/** Answers of 5xx that are not Ballast's own. Of two counts that are not read at one moment the difference may fall. */
	#readTheirs(handle: RouteHandle): void {
		const theirs = theirsOf(handle);
		if (theirs <= handle.theirs) return;
		handle.error(INSTANCE_CAUSE).add(theirs - handle.theirs);
		handle.theirs = theirs;
	}

	#judge(handle: RouteHandle, { service, route }: RouteReading): void {
		const bad = (handle.classes[4]?.().value ?? 0) + handle.broken.value;
		const requests = handle.requests.value - handle.judged.requests;
		const missed = bad - handle.judged.bad;
		handle.judged = { requests: handle.requests.value, bad };
		addApdex(handle.apdex, handle.duration, this.#options.apdexMs());
		const objective = this.#options.objective(service, route);
		if (objective === null) return;
		if (objective.availability !== null)
			spend(handle.availability(), { requests, missed, share: objective.availability });
		const { latency } = objective;
		if (latency === null) return;
		const timed = handle.duration.added.counts.reduce((sum, count) => sum + count, 0);
		const slow = slowerThan(handle.duration, latency.targetMs);
		spend(handle.latency(), { requests: timed, missed: slow, share: latency.share });
	}

	readInstances(readings: Iterable<InstanceReading>): void {
		this.#instances.round((handleOf) => {
			for (const reading of readings) {
				const handle = handleOf(reading.service, reading.pool, reading.instance);
				readCommon(handle, reading);
				for (const [at, series] of handle.classes.entries()) series.read(reading.status[at] ?? 0);
				handle.inFlight.set(reading.inFlight);
				for (const [at, name] of STATES.entries()) handle.states[at]?.set(reading.state === name ? 1 : 0);
				for (const [at, name] of BREAKERS.entries())
					handle.breakers[at]?.set(reading.breaker === '' ? Number.NaN : reading.breaker === name ? 1 : 0);
			}
		});
	}

	/** Those of routes, and those of instances. */
	readHttp(server: Iterable<HttpReading>, client: Iterable<HttpReading>): void {
		this.#http.round((handleOf) => {
			for (const { service, method, route, status, cells, count, sumSeconds } of server)
				handleOf('server', service, method, route, String(status)).read({ cells, count, sum: sumSeconds });
			for (const { service, method, route, port, status, cells, count, sumSeconds } of client)
				handleOf('client', service, method, route, port, String(status)).read({ cells, count, sum: sumSeconds });
		});
	}
}
