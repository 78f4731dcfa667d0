import type { Counts, InstanceStatus, RolloutStatus, Status } from '../status-answer.ts';

export function sampleCounts(more: Partial<Counts> = {}): Counts {
	return {
		requests: 12_345,
		status: { '1xx': 0, '2xx': 12_000, '3xx': 300, '4xx': 40, '5xx': 5 },
		failed: 0,
		shed: 0,
		bytesIn: 1_234_567,
		bytesOut: 98_765_432,
		p50Ms: 3.4,
		p95Ms: 12.3,
		p99Ms: 1234,
		perSecond: 1234,
		...more,
	};
}

export function sampleInstance(more: Partial<InstanceStatus> = {}): InstanceStatus {
	return {
		id: 'videos-1',
		pool: 'main',
		host: '127.0.0.1',
		port: 41_001,
		tls: false,
		weight: 1,
		state: 'ready',
		breaker: { state: 'closed' },
		pid: 4711,
		since: 1_000_000,
		note: 'ready after 0.4 s',
		restarts: 0,
		inFlight: 7,
		counts: sampleCounts(),
		...more,
	};
}

export function sampleRollout(): RolloutStatus {
	return {
		pool: 'next',
		command: 'node v2.js',
		phase: 'judging',
		step: 2,
		steps: 4,
		gets: '5 % of the requests',
		old: { requests: 1200, failed: 0, p95Ms: 12.1 },
		fresh: { requests: 57, failed: 1, p95Ms: 14 },
		verdict: '57 of 200 requests judged, 1.8 % failed (old: 0 %)',
	};
}

/** A status as a running Ballast gives it, `since` = 1,000,000 ms. */
export function sampleStatus(more: Partial<Status> = {}): Status {
	const down = {
		id: 'videos-2',
		port: 41_002,
		state: 'down',
		pid: null,
		note: 'exited with code 1; starts again in 4.0 s',
		restarts: 3,
		inFlight: 0,
	};
	return {
		version: '0.1.0',
		pid: 4000,
		core: { pid: 4001, generation: 2, startedAt: 1_000_000 },
		node: 'v26.10.0',
		config: '/srv/app/ballast.yaml',
		uptimeMs: 185_000,
		workers: [
			{ id: 0, state: 'ready', connections: 20, restarts: 0, sheds: 'nothing' },
			{ id: 1, state: 'ready', connections: 18, restarts: 1, sheds: 'nothing' },
		],
		listeners: [{ address: '127.0.0.1:8080', tls: false }],
		services: [
			{
				name: 'videos',
				desired: 2,
				ready: 1,
				total: 2,
				concurrency: null,
				counts: sampleCounts({ failed: 3 }),
				pools: [{ name: 'main', priority: 1, region: null, desired: 2, ready: 1, total: 2, share: 1, drained: false }],
				rollout: null,
				deployed: null,
				instances: [sampleInstance(), sampleInstance({ ...down, counts: sampleCounts({ requests: 0, perSecond: 0 }) })],
				routes: [
					{ name: 'GET /v1/avatars', counts: sampleCounts() },
					{
						name: '*',
						counts: sampleCounts({
							requests: 0,
							perSecond: 0,
							status: { '1xx': 0, '2xx': 0, '3xx': 0, '4xx': 0, '5xx': 0 },
						}),
					},
				],
				rateLimits: [],
			},
		],
		jobs: null,
		cache: null,
		purges: [],
		unrouted: sampleCounts({ requests: 0 }),
		warnings: [],
		...more,
	};
}
