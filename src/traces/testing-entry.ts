import type { AccessEntry, AttemptEntry } from '../core/access-entry.ts';

export const TRACE = '0af7651916cd43dd8448eb211c80319c';
export const SPAN = 'b7ad6b7169203331';

/** A request that went well at the first attempt, for tests; what is given differs. */
export function accessEntry(differs: Partial<AccessEntry> = {}): AccessEntry {
	return {
		timeMs: 1_790_000_000_000.25,
		durationUs: 120_000,
		queueUs: 0,
		connectUs: 0,
		firstByteUs: 100_000,
		transferUs: 19_000,
		method: 'GET',
		path: '/v1/videos/8f3',
		query: 'token=secret',
		scheme: 'https',
		protocol: '1.1',
		host: 'api.example.com',
		userAgent: 'curl/8.5.0',
		address: '203.0.113.9',
		service: 'videos',
		route: 'GET /v1/videos/*',
		status: 200,
		error: '',
		requestBytes: 0,
		responseBytes: 5120,
		instance: 'videos-1',
		attempts: [attemptEntry()],
		cache: '',
		traceId: TRACE,
		spanId: SPAN,
		parentId: '',
		weight: 1,
		notable: false,
		sampled: true,
		...differs,
	};
}

/** Begins 1 ms into the request, at a kept connection. */
export function attemptEntry(differs: Partial<AttemptEntry> = {}): AttemptEntry {
	return {
		instance: 'videos-1',
		startUs: 1000,
		connectUs: 0,
		headUs: 100_000,
		endUs: 119_000,
		status: 200,
		error: '',
		...differs,
	};
}
