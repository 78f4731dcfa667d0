/** Requests as entries of the store. */
import type { AccessEntry } from '../core/access-entry.ts';
import { ERRORS } from '../core/errors.ts';
import type { LogEntry } from '../core/log-entry.ts';
import { accessSeverity } from './access-line.ts';
import { WEIGHT } from './entry-row.ts';

/** Its message is that of its error, so that words find it; path, route and the like are fields. */
export function entryOfAccess(entry: AccessEntry): LogEntry {
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
	if (entry.weight !== 1) fields[WEIGHT] = entry.weight;
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
