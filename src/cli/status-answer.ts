/** The answer to the control command `status`, read with suspicion: the other end may be another version. */

import { list, number, record, text } from './answer-form.ts';
import { type CacheStatus, type PurgeStatus, readCache, readPurges } from './cache-note.ts';
import { type JobsStatus, readJobs } from './queue-answer.ts';

export interface Counts {
	requests: number;
	status: Record<'1xx' | '2xx' | '3xx' | '4xx' | '5xx', number>;
	/** No answer, or one that Ballast made: 5xx. */
	failed: number;
	/** Of these: refused because there was too much to do. */
	shed: number;
	bytesIn: number;
	bytesOut: number;
	p50Ms: number;
	p95Ms: number;
	p99Ms: number;
	perSecond: number;
}

export interface InstanceStatus {
	id: string;
	pool: string;
	host: string;
	port: number;
	tls: boolean;
	weight: number;
	state: string;
	/** `closed`, `open` or `half-open`; empty from a version that knows none. */
	breaker: { state: string };
	pid: number | null;
	/** Epoch ms. */
	since: number;
	note: string;
	restarts: number;
	inFlight: number;
	counts: Counts;
}

export interface PoolStatus {
	name: string;
	priority: number;
	region: string | null;
	desired: number;
	ready: number;
	total: number;
	/** Its part of the traffic, 0…1. */
	share: number;
	/** Its region is drained by hand. */
	drained: boolean;
}

/** What one of two versions did in the present step of a roll-out. */
export interface VersionStatus {
	requests: number;
	failed: number;
	p95Ms: number;
}

export interface RolloutStatus {
	pool: string;
	command: string;
	phase: string;
	/** From 1; 0: it has not begun. */
	step: number;
	steps: number;
	/** What goes to the new version. */
	gets: string;
	old: VersionStatus;
	fresh: VersionStatus;
	verdict: string;
}

export interface ServiceStatus {
	name: string;
	desired: number;
	ready: number;
	total: number;
	/** null: it has no limit. */
	concurrency: ConcurrencyStatus | null;
	counts: Counts;
	/** By priority; empty from a version that knows no pools. */
	pools: PoolStatus[];
	/** null: none, or not known by that version. */
	rollout: RolloutStatus | null;
	/** The command that was deployed instead of the configuration's; null: none. */
	deployed: string | null;
	instances: InstanceStatus[];
	routes: { name: string; counts: Counts }[];
	rateLimits: RateLimitStatus[];
}

export interface RateLimitStatus {
	name: string;
	/** null: all routes of the service. */
	route: string | null;
	refused: number;
	/** Requests of clients for whom there was no room. */
	full: number;
	used: number;
	entries: number;
}

/** How many requests of a service may be under way, and are. */
export interface ConcurrencyStatus {
	by: string;
	limit: number;
	inFlight: number;
}

export interface Status {
	version: string;
	pid: number;
	core: { pid: number; generation: number; startedAt: number };
	node: string;
	/** Path of the configuration, or `run`. */
	config: string;
	uptimeMs: number;
	workers: { id: number; state: string; connections: number; restarts: number; sheds: string }[];
	listeners: { address: string; tls: boolean }[];
	services: ServiceStatus[];
	/** null: no route makes jobs. */
	jobs: JobsStatus | null;
	/** null: nothing is cached. */
	cache: CacheStatus | null;
	/** Of each CDN that purges are passed on to. */
	purges: PurgeStatus[];
	/** Requests that met no route. */
	unrouted: Counts;
	warnings: string[];
}

/** Throws `command_failed` naming the first place that is not as this version knows it. */
export function readStatus(value: unknown): Status {
	const status = record(value, 'the answer');
	const core = record(status.core, 'core');
	return {
		version: text(status.version, 'version'),
		pid: number(status.pid, 'pid'),
		core: {
			pid: number(core.pid, 'core.pid'),
			generation: number(core.generation, 'core.generation'),
			startedAt: number(core.startedAt, 'core.startedAt'),
		},
		node: text(status.node, 'node'),
		config: text(status.config, 'config'),
		uptimeMs: number(status.uptimeMs, 'uptimeMs'),
		workers: list(status.workers, 'workers', (worker, at) => ({
			id: number(worker.id, `${at}.id`),
			state: text(worker.state, `${at}.state`),
			connections: number(worker.connections, `${at}.connections`),
			restarts: number(worker.restarts, `${at}.restarts`),
			// Older versions shed nothing.
			sheds: worker.sheds === undefined ? 'nothing' : text(worker.sheds, `${at}.sheds`),
		})),
		listeners: list(status.listeners, 'listeners', ({ address, tls }, at) => ({
			address: text(address, `${at}.address`),
			tls: tls === true,
		})),
		services: list(status.services, 'services', readService),
		jobs: readJobs(status.jobs),
		cache: readCache(status.cache, status.services),
		purges: readPurges(status.purges),
		unrouted: readCounts(status.unrouted, 'unrouted'),
		warnings: Array.isArray(status.warnings) ? status.warnings.map(String) : [],
	};
}

function readService(service: Record<string, unknown>, at: string): ServiceStatus {
	return {
		name: text(service.name, `${at}.name`),
		desired: number(service.desired, `${at}.desired`),
		ready: number(service.ready, `${at}.ready`),
		total: number(service.total, `${at}.total`),
		concurrency: readConcurrency(service.concurrency, `${at}.concurrency`),
		counts: readCounts(service.counts, `${at}.counts`),
		pools: service.pools === undefined ? [] : list(service.pools, `${at}.pools`, readPool),
		rollout: service.rollout == null ? null : readRollout(record(service.rollout, `${at}.rollout`), `${at}.rollout`),
		deployed: service.deployed == null ? null : text(service.deployed, `${at}.deployed`),
		instances: list(service.instances, `${at}.instances`, readInstance),
		routes: list(service.routes, `${at}.routes`, ({ name, counts }, at) => ({
			name: text(name, `${at}.name`),
			counts: readCounts(counts, `${at}.counts`),
		})),
		// Older versions have none.
		rateLimits: service.rateLimits === undefined ? [] : list(service.rateLimits, `${at}.rateLimits`, readRateLimit),
	};
}

function readRateLimit(limit: Record<string, unknown>, at: string): RateLimitStatus {
	return {
		name: text(limit.name, `${at}.name`),
		route: limit.route === null ? null : text(limit.route, `${at}.route`),
		refused: number(limit.refused, `${at}.refused`),
		full: number(limit.full, `${at}.full`),
		used: number(limit.used, `${at}.used`),
		entries: number(limit.entries, `${at}.entries`),
	};
}

function readRollout(rollout: Record<string, unknown>, at: string): RolloutStatus {
	return {
		pool: text(rollout.pool, `${at}.pool`),
		command: text(rollout.command, `${at}.command`),
		phase: text(rollout.phase, `${at}.phase`),
		step: number(rollout.step, `${at}.step`),
		steps: number(rollout.steps, `${at}.steps`),
		gets: text(rollout.gets, `${at}.gets`),
		old: readVersion(rollout.old, `${at}.old`),
		fresh: readVersion(rollout.fresh, `${at}.fresh`),
		verdict: text(rollout.verdict, `${at}.verdict`),
	};
}

function readVersion(value: unknown, at: string): VersionStatus {
	const version = record(value, at);
	return {
		requests: number(version.requests, `${at}.requests`),
		failed: number(version.failed, `${at}.failed`),
		p95Ms: number(version.p95Ms, `${at}.p95Ms`),
	};
}

function readPool(pool: Record<string, unknown>, at: string): PoolStatus {
	return {
		name: text(pool.name, `${at}.name`),
		priority: number(pool.priority, `${at}.priority`),
		region: pool.region === null ? null : text(pool.region, `${at}.region`),
		desired: number(pool.desired, `${at}.desired`),
		ready: number(pool.ready, `${at}.ready`),
		total: number(pool.total, `${at}.total`),
		share: number(pool.share, `${at}.share`),
		drained: pool.drained === true,
	};
}

/** Older versions have none. */
function readConcurrency(value: unknown, at: string): ConcurrencyStatus | null {
	if (value === undefined || value === null) return null;
	const { by, limit, inFlight } = record(value, at);
	return {
		by: text(by, `${at}.by`),
		limit: number(limit, `${at}.limit`),
		inFlight: number(inFlight, `${at}.inFlight`),
	};
}

function readInstance(instance: Record<string, unknown>, at: string): InstanceStatus {
	return {
		id: text(instance.id, `${at}.id`),
		pool: instance.pool === undefined ? 'main' : text(instance.pool, `${at}.pool`),
		host: text(instance.host, `${at}.host`),
		port: number(instance.port, `${at}.port`),
		tls: instance.tls === true,
		weight: number(instance.weight, `${at}.weight`),
		state: text(instance.state, `${at}.state`),
		breaker: {
			state:
				instance.breaker === undefined
					? ''
					: text(record(instance.breaker, `${at}.breaker`).state, `${at}.breaker.state`),
		},
		pid: instance.pid === null ? null : number(instance.pid, `${at}.pid`),
		since: number(instance.since, `${at}.since`),
		note: text(instance.note, `${at}.note`),
		restarts: number(instance.restarts, `${at}.restarts`),
		inFlight: number(instance.inFlight, `${at}.inFlight`),
		counts: readCounts(instance.counts, `${at}.counts`),
	};
}

function readCounts(value: unknown, at: string): Counts {
	const counts = record(value, at);
	const status = record(counts.status, `${at}.status`);
	const of = (name: string) => number(counts[name], `${at}.${name}`);
	const answers = (name: string) => number(status[name], `${at}.status.${name}`);
	return {
		requests: of('requests'),
		status: {
			'1xx': answers('1xx'),
			'2xx': answers('2xx'),
			'3xx': answers('3xx'),
			'4xx': answers('4xx'),
			'5xx': answers('5xx'),
		},
		failed: of('failed'),
		shed: counts.shed === undefined ? 0 : of('shed'),
		bytesIn: of('bytesIn'),
		bytesOut: of('bytesOut'),
		p50Ms: of('p50Ms'),
		p95Ms: of('p95Ms'),
		p99Ms: of('p99Ms'),
		perSecond: of('perSecond'),
	};
}
