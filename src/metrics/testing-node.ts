/** A node with every kind of reading, for tests. Names with every character that must be escaped. */

import { bucketOf } from './meter.ts';
import type { NodeReaders } from './node-readers.ts';
import { bimodal, randomFrom } from './testing-latencies.ts';
import type { InstanceReading, RouteReading, TrafficReading } from './traffic-metrics.ts';

export const ODD_ROUTE = 'GET /a"b\\c\n/*';

/** Counts up each time that it is asked. */
export class TestNode implements NodeReaders {
	readonly #random = randomFrom(1);
	readonly #cells = new Float64Array(896);
	#requests = 0;
	#durationUs = 0;
	/** Each of the next second's requests. */
	perSecond = 100;
	routeNames: string[] = ['GET /v1/*', ODD_ROUTE];
	/** Set by tests: µs of the next requests instead of the bimodal ones. */
	fixedUs: number | null = null;
	/** Answers of 5xx so far. */
	failed = 0;
	/** And of those that instances gave. */
	theirs = 0;

	/** A second goes by. */
	serve(): void {
		for (let i = 0; i < this.perSecond; i++) {
			const us = Math.floor(this.fixedUs ?? bimodal(this.#random));
			const cell = bucketOf(us);
			this.#cells[cell] = (this.#cells[cell] as number) + 1;
			this.#durationUs += us;
			this.#requests++;
		}
	}

	#traffic(): TrafficReading {
		const requests = this.#requests;
		return {
			service: 'api',
			requests,
			status: [0, requests - this.failed - this.theirs, 0, 0, this.failed + this.theirs],
			broken: 0,
			bytesIn: requests * 100,
			bytesOut: requests * 2000,
			durationUs: this.#durationUs,
			cells: this.#cells,
		};
	}

	routes(): RouteReading[] {
		const common = this.#traffic();
		const part = this.#durationUs / 5;
		return this.routeNames.map((route) => ({
			...common,
			route,
			failed: this.failed,
			aborted: 1,
			retries: 2,
			held: 3,
			limited: 4,
			shed: 5,
			cached: [5, 1, 1, 1, 2, 10].map((tenths) => (common.requests * tenths) / 20),
			queueUs: part,
			connectUs: part,
			firstByteUs: part,
			transferUs: part,
			errors: [['connect_refused', this.failed]] as const,
		}));
	}

	instances(): InstanceReading[] {
		const common = this.#traffic();
		return [{ ...common, pool: 'main', instance: 'api-1', inFlight: 3, state: 'ready', breaker: 'closed' }];
	}

	httpServer() {
		const explicit = [1, 2, 3, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1];
		const [method, status, port] = ['GET', 200, ''];
		return [{ service: 'api', method, status, route: ODD_ROUTE, port, cells: explicit, count: 7, sumSeconds: 12.5 }];
	}

	httpClient() {
		return this.httpServer().map((reading) => ({ ...reading, route: '127.0.0.1', port: '3000' }));
	}

	pools() {
		const ejections = [['failures', 1]] as const;
		const probes = { count: this.#requests, seconds: this.#requests / 50, failed: [['silent', 2]] as const };
		const starts = [
			['crash', 1],
			['planned', 3],
		] as const;
		return [
			{
				service: 'api',
				pool: 'main',
				ready: 2,
				total: 3,
				desired: 3,
				share: 1,
				panic: false,
				trouble: false,
				denied: false,
				short: 0,
				starts,
				ejections,
				probes,
			},
		];
	}

	services() {
		const rateLimits = [{ limit: '100/s', refused: 1, full: 0, entries: 10 }];
		return [
			{
				service: 'api',
				concurrency: { limit: 100, inFlight: 7 },
				rolloutStep: 0,
				retriesRefused: 3,
				holdRefused: [
					['full', 2],
					['timeout', 1],
				] as const,
				lookupsFailing: 0,
				lookupsFailed: 1,
				rollbacks: 2,
				rateLimits,
			},
		];
	}

	workers() {
		return [
			{ worker: '0', connections: 4, shedding: 0, lagSeconds: 0.001, heapRatio: 0.1 },
			{ worker: 'main', connections: Number.NaN, shedding: Number.NaN, lagSeconds: 0.002, heapRatio: 0.2 },
		];
	}

	host() {
		const [memoryUsedBytes, memoryLimitBytes] = [4e9, 8e9];
		return { cpuRatio: 0.5, cores: 2, load: 1, memoryUsedBytes, memoryLimitBytes, receivedBytes: 1e9, sentBytes: 2e9 };
	}

	disks() {
		return [{ mount: '/', usedRatio: 0.4, freeBytes: 1e10, fullInSeconds: Number.NaN }];
	}

	processes() {
		const usage = { cpuSeconds: 12.25, memoryBytes: 1e8, fds: 20, processes: 2 };
		return [{ service: 'api', pool: 'main', instance: 'api-1', ...usage }];
	}

	own() {
		return { cpuSeconds: 3.5, memoryBytes: 9e7, fds: 40, processes: 2 };
	}

	certificates() {
		return [{ certificate: 'tls/api.pem', expiresMs: Date.UTC(2030, 0, 1) }];
	}

	queues() {
		const started = this.#requests;
		const ended = [
			['succeeded', started],
			['failed', 2],
		] as const;
		const counts = {
			added: started,
			attempts: started,
			started,
			waitedSeconds: 2 * started,
			ranSeconds: 3 * started,
			ended,
			failed: [['quota_exceeded', 2]] as const,
		};
		return [{ service: 'api', route: 'POST /v1/render', ageSeconds: 4, length: 2, running: 3, parked: 1, ...counts }];
	}

	lanes() {
		const [started, done] = [this.#requests, this.#requests];
		const counts = { started, waitedSeconds: 2 * started, done, ranSeconds: 300 * done };
		const credit = { left: 12.5, low: true };
		const now = { running: 7, slots: 10, credit, creditUnread: false, creditAgeSeconds: 30 };
		return [{ service: 'api', route: '*', lane: 'account-1', ...now, ...counts }];
	}

	spending() {
		return [{ service: 'api', tenant: 'acme', used: 7.5, limit: 20, spent: this.#requests / 4, refused: 1 }];
	}

	webhooks() {
		return { sent: 5, failed: 3, givenUp: 1, waiting: 2 };
	}

	node() {
		const recordsDropped = [['ring_full', 0]] as const;
		const logErrors = [{ service: 'api', instance: 'api-1', count: 3 }];
		const state = { startedMs: Date.UTC(2026, 0, 1), configRefused: false, storeFailed: false, backupAgeMs: null };
		const purges = [{ target: 'cloudflare', purged: 7, lost: 1, waiting: 2 }];
		const levels = [
			{ level: 'redis', down: false, missed: 1, untold: 2, results: [['hits', 5]] as const, seconds: 0.1 },
		];
		const cache = {
			bytes: 3e7,
			most: 6e7,
			entries: 1200,
			evicted: 9,
			levels,
			disk: { bytes: 2e9, most: 8e9, entries: 70, evicted: 3 },
		};
		const compressed = [{ coding: 'br', inBytes: 8 * this.#requests, outBytes: this.#requests }];
		return {
			...state,
			purges,
			cache,
			compressed,
			events: [['info', 4]] as const,
			recordsDropped,
			remoteDropped: 0,
			logErrors,
		};
	}
}
