/** Entries for tests. */
import type { AccessEntry } from '../core/access-entry.ts';
import type { LogEntry } from '../core/log-entry.ts';

export function accessEntry(over: Partial<AccessEntry> = {}): AccessEntry {
	return {
		timeMs: Date.UTC(2026, 5, 10, 12, 0, 0, 123),
		durationUs: 12_345,
		queueUs: 0,
		connectUs: 0,
		firstByteUs: 11_000,
		transferUs: 1000,
		method: 'GET',
		path: '/v1/videos',
		query: '',
		scheme: 'http',
		protocol: '1.1',
		host: 'api.example.com',
		userAgent: 'curl/8.9',
		address: '192.0.2.1',
		service: 'videos',
		route: 'GET /v1/videos',
		status: 200,
		error: '',
		requestBytes: 0,
		responseBytes: 512,
		instance: 'videos-1',
		attempts: [
			{ instance: 'videos-1', startUs: 100, connectUs: 0, headUs: 11_000, endUs: 12_000, status: 200, error: '' },
		],
		cache: '',
		traceId: '0af7651916cd43dd8448eb211c80319c',
		spanId: 'b7ad6b7169203331',
		parentId: '',
		weight: 1,
		notable: false,
		sampled: false,
		...over,
	};
}

export function logEntry(message: string, over: Partial<LogEntry> = {}): LogEntry {
	return {
		timeMs: Date.UTC(2026, 5, 10, 12),
		severity: 'info',
		source: 'instance',
		service: 'videos',
		instance: 'videos-1',
		message,
		traceId: '',
		spanId: '',
		fields: {},
		...over,
	};
}

/** No real ones: put together here, so that nobody who scans for tokens finds any. */
export const TOKENS: readonly string[] = [
	['gh', 'p_', 'Ab0'.repeat(12)],
	['gh', 's_', 'Ab0'.repeat(12)],
	['github', '_pat_', 'Ab0_'.repeat(12)],
	['glp', 'at-', 'Ab0-'.repeat(5)],
	['xo', 'xb-', '1234567890-abcdef'],
	['xo', 'xp-', 'abcdefghijkl'],
	['xa', 'pp-', '1-A0-abcdefghijkl'],
	['AK', 'IA', 'ABCDEFGH23456789'],
	['AS', 'IA', 'ABCDEFGH23456789'],
	['sk', '_live_', 'abcDEFghiJKL'],
	['rk', '_test_', 'abcDEFghiJKL'],
	['wh', 'sec_', 'abcDEFghiJKLabcDEF'],
	['AI', 'za', 'abcDE'.repeat(7)],
	['np', 'm_', 'abcDEF'.repeat(6)],
].map((parts) => parts.join(''));
