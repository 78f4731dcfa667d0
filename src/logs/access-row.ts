/** Requests as entries of the store: which of them, and with which fields. */
import type { AccessEntry } from '../core/access-entry.ts';
import { ERRORS } from '../core/errors.ts';
import type { LogEntry } from '../core/log-entry.ts';
import { accessSeverity } from './access-line.ts';
import { WEIGHT } from './entry-row.ts';

export interface SampleOptions {
	/** Slower ones are all kept, ms. */
	slowMs: number;
	/** Share of the others that is kept, 0…1. */
	share: number;
	/** 0…1. */
	random?: () => number;
}

/**
 * How many requests this one stands for in the sample: all errors and slow ones stand for themselves;
 * 0: it is not kept.
 */
export function sampleWeight(entry: AccessEntry, { slowMs, share, random = Math.random }: SampleOptions): number {
	if (entry.notable || entry.durationUs >= slowMs * 1000 || accessSeverity(entry) === 'error') return entry.weight;
	if (share >= 1) return entry.weight;
	return random() < share ? entry.weight / share : 0;
}

/** Its message is that of its error, so that words find it; path, route and the like are fields. */
export function entryOfAccess(entry: AccessEntry, weight: number): LogEntry {
	const fields: Record<string, string | number | boolean> = {
		'http.request.method': entry.method,
		'url.path': cut(entry.path),
		duration_s: entry.durationUs / 1e6,
		'client.address': entry.address,
		'http.response.body.size': entry.responseBytes,
	};
	if (entry.status !== 0) fields['http.response.status_code'] = entry.status;
	if (entry.requestBytes > 0) fields['http.request.body.size'] = entry.requestBytes;
	for (const [name, value] of [
		['url.query', entry.query],
		['http.route', entry.route],
		['error.type', entry.error],
		['server.address', entry.host],
		['user_agent.original', entry.userAgent],
		['cache.status', entry.cache],
	] as const)
		if (value !== '') fields[name] = cut(value);
	addUpstream(fields, entry);
	if (weight !== 1) fields[WEIGHT] = weight;
	return {
		timeMs: entry.timeMs,
		severity: accessSeverity(entry),
		source: 'access',
		service: entry.service,
		instance: entry.instance,
		message: entry.error === '' ? '' : `${entry.error.replaceAll('_', ' ')}: ${ERRORS[entry.error]?.title ?? ''}`,
		traceId: entry.traceId,
		spanId: entry.spanId,
		fields,
	};
}

function addUpstream(fields: Record<string, string | number | boolean>, entry: AccessEntry): void {
	if (entry.queueUs > 0) fields['queue_s'] = entry.queueUs / 1e6;
	const last = entry.attempts.at(-1);
	if (last === undefined) return;
	fields['upstream.attempts'] = entry.attempts.length;
	if (last.endUs >= 0) fields['upstream.duration_s'] = last.endUs / 1e6;
}

const MOST_TEXT = 2048;
const cut = (text: string) => (text.length > MOST_TEXT ? `${text.slice(0, MOST_TEXT)}…` : text);
