/** A data plane for tests of the fleet: the real board, real requests, no workers. */

import { get } from 'node:http';
import { CACHE } from '../cache/cache-policy.ts';
import { type Config, MAIN_POOL, type PoolConfig, type ServiceConfig } from '../config/config.ts';
import { OUTLIERS_OFF } from '../config/resolve-outliers.ts';
import { DEFAULT_HOLD_MS, DEFAULT_RETRY } from '../config/resolve-retry.ts';
import { Board, SlotState } from '../core/board.ts';
import { DEFAULT_DEPLOY } from '../deploy/config.ts';
import type { HealthConfig } from '../health/config.ts';
import type { InstancesConfig, RunConfig } from '../instances/config.ts';
import { runConfig } from '../instances/run/testing-run.ts';
import { JOBS } from '../jobs/offload-policy.ts';
import { METRICS } from '../metrics/config.ts';
import { DEFAULT_BREAKER, DEFAULT_BUDGET } from '../resilience/config.ts';
import { DEFAULT_SCALE } from '../scaling/default-policy.ts';
import type { ScalePolicy } from '../scaling/policy.ts';
import type { FleetEvent, FleetSink, InstanceState, InstanceView } from './fleet-sink.ts';

export class TestingSink implements FleetSink {
	readonly board = new Board();
	readonly events: FleetEvent[] = [];
	/** By slot. */
	readonly known = new Map<number, Omit<InstanceView, 'slot'>>();
	/** What was done, in order: `add videos-1`, `ready videos-1`, `remove videos-1`. */
	readonly calls: string[] = [];
	/** Workers need this long to acknowledge, ms. */
	delayMs = 2;

	constructor() {
		this.board.grow();
	}

	async add(instance: Omit<InstanceView, 'slot'>): Promise<number> {
		const slot = this.board.take();
		this.calls.push(`add ${instance.id}`);
		await this.#acknowledged();
		this.known.set(slot, instance);
		return slot;
	}

	state(slot: number, state: InstanceState): void {
		this.calls.push(`${state} ${this.#id(slot)}`);
		this.board.setState(slot, SlotState[state]);
	}

	weight(slot: number, weight: number): void {
		this.calls.push(`weight ${this.#id(slot)} ${weight}`);
		this.board.setWeight(slot, weight * 1000);
	}

	inFlight(slot: number): number {
		return this.board.inFlight(slot);
	}

	async remove(slot: number): Promise<void> {
		this.calls.push(`remove ${this.#id(slot)}`);
		await this.#acknowledged();
		this.known.delete(slot);
		this.board.free(slot);
	}

	event(event: FleetEvent): void {
		this.events.push(event);
	}

	texts(kind: string): string[] {
		return this.events.filter((event) => event.kind === kind).map((event) => event.text);
	}

	/** Slots that may be picked now. */
	pickable(): number[] {
		return [...this.known.keys()].filter((slot) => this.board.state(slot) === SlotState.ready);
	}

	/** One request, like a worker's: pick, count, send, count back. Its answer's text, or the error. */
	async request(pick: number, path = '/'): Promise<string> {
		const slots = this.pickable();
		const slot = slots[pick % slots.length];
		if (slot === undefined) {
			await this.#acknowledged();
			return 'no ready instance';
		}
		const { host, port } = this.known.get(slot) as InstanceView;
		this.board.addInFlight(slot, 0, 1);
		const answer = await fetchText(host, port, path);
		this.board.addInFlight(slot, 0, -1);
		return answer;
	}

	#id(slot: number): string {
		return this.known.get(slot)?.id ?? `slot ${slot}`;
	}

	#acknowledged(): Promise<void> {
		return new Promise((resolve) => setTimeout(resolve, this.delayMs));
	}
}

function fetchText(host: string, port: number, path: string): Promise<string> {
	return new Promise((resolve) => {
		const request = get({ host, port, path, agent: false }, (response) => {
			let text = '';
			response.on('data', (chunk) => {
				text += chunk;
			});
			response.on('end', () => resolve(`${response.statusCode} ${text}`));
			response.on('error', (error) => resolve(`error: ${error.message}`));
		});
		request.on('error', (error) => resolve(`error: ${error.message}`));
	});
}

/** Endless requests, `count` at a time; `end` resolves to all answers, counted. */
export function looping(sink: TestingSink, count: number, path = '/'): { end(): Promise<Map<string, number>> } {
	const answers = new Map<string, number>();
	let going = true;
	const loop = async (start: number) => {
		for (let turn = start; going; turn++) {
			const answer = await sink.request(turn, path);
			answers.set(answer, (answers.get(answer) ?? 0) + 1);
		}
	};
	const loops = Array.from({ length: count }, (_, start) => loop(start));
	return {
		async end() {
			going = false;
			await Promise.all(loops);
			return answers;
		},
	};
}

export const TCP: HealthConfig = {
	kind: 'tcp',
	method: 'GET',
	path: '/',
	headers: [],
	secretHeaders: [],
	body: null,
	intervalMs: 100,
	timeoutMs: 1000,
	healthyAfter: 1,
	unhealthyAfter: 2,
	statuses: [[200, 399]],
};

/** A pool with all defaults. */
export function pool(name: string, instances: InstancesConfig, changes: Partial<PoolConfig> = {}): PoolConfig {
	return {
		name,
		instances,
		scale: { ...DEFAULT_SCALE, min: 1, max: 10 },
		priority: 1,
		region: null,
		weight: 1,
		scrape: [],
		...changes,
	};
}

/** A service with all defaults. */
export function service(
	name: string,
	instances: InstancesConfig | null,
	{ scale, ...changes }: Partial<ServiceConfig> & { scale?: Partial<ScalePolicy> } = {},
): ServiceConfig {
	return {
		name,
		match: [],
		routes: [],
		pools:
			instances === null
				? []
				: [pool(MAIN_POOL, instances, scale === undefined ? {} : { scale: { ...DEFAULT_SCALE, ...scale } })],
		failover: null,
		health: TCP,
		outliers: OUTLIERS_OFF,
		slowStartMs: 0,
		balance: { by: 'least-connections', key: null, loadFactor: 0, cookie: null },
		deploy: DEFAULT_DEPLOY,
		upstream: { connections: 256, idleMs: 4000, tls: null },
		timeouts: { connectMs: 2000, firstByteMs: 60_000, requestMs: 300_000, streamIdleMs: 60_000 },
		bodyBytes: 10_485_760,
		host: { kind: 'preserve' },
		path: { strip: null, rewrite: null },
		requestHeaders: { set: [], remove: [] },
		responseHeaders: { set: [], remove: [] },
		retry: DEFAULT_RETRY,
		holdMs: DEFAULT_HOLD_MS,
		retryBudget: DEFAULT_BUDGET,
		breaker: DEFAULT_BREAKER,
		rateLimit: [],
		priority: { header: null, from: 'trusted', default: 'normal' },
		cdn: null,
		compress: null,
		concurrency: null,
		objective: null,
		routeObjectives: {},
		cache: null,
		offload: null,
		routeOffloads: {},
		routeCaches: {},
		...changes,
	};
}

export function config(...services: ServiceConfig[]): Config {
	return {
		version: 1,
		listen: [{ host: '127.0.0.1', port: 0, tls: null }],
		admin: null,
		workers: 1,
		limits: {
			headMs: 10_000,
			headBytes: 16_384,
			headFields: 100,
			targetBytes: 8192,
			keepAliveMs: 65_000,
			connections: 10_000,
			connectionsPerAddress: 1000,
			underscores: 'drop',
			holdRequests: 1000,
			holdBytes: 16_777_216,
			overload: null,
		},
		trust: [],
		cache: CACHE,
		state: { redis: null },
		jobs: JOBS,
		cdnLoop: null,
		purge: { token: null, targets: [] },
		metrics: METRICS,
		stop: { graceMs: 2000 },
		alerts: { rules: [], maintenance: [], runbooks: null },
		channels: [],
		heartbeat: null,
		store: null,
		logs: { access: null, redact: null, keepMs: 0, keepBytes: 0, slowMs: 1000, sample: 0, forward: [] },
		traces: null,
		exports: [],
		receive: null,
		services,
	};
}

/** A local API: answers its id; `/slow` after 150 ms; ends in order on SIGTERM. */
const API = `
const server = require('node:http').createServer((request, response) => {
	if (request.url === '/slow') setTimeout(() => response.end('slow ' + process.env.BALLAST_INSTANCE), 150);
	else response.end(process.env.BALLAST_INSTANCE);
}).listen(process.env.PORT, '127.0.0.1');
process.on('SIGTERM', () => process.exit(0));
`;

export function run(changes: Partial<RunConfig> & { code?: string } = {}): RunConfig {
	const { code = API, ...rest } = changes;
	return runConfig(code, rest);
}

export const api = (extra: string): string => `${API};${extra}`;
