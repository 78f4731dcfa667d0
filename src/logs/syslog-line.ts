/** Entries as RFC 5424 has them. */

import { inert } from '../core/inert.ts';
import type { LogEntry, Severity } from '../core/log-entry.ts';
import { timeText } from './export-ndjson.ts';

const LEVELS: Readonly<Record<Severity, number>> = { trace: 7, debug: 7, info: 6, warn: 4, error: 3, fatal: 2 };
/** local0. */
const FACILITY = 16;
/** What each receiver must take is 480, and should take is 2048 (§6.1); over TCP they take more. */
export const MOST_DATAGRAM = 2048;
const MOST_LINE = 8192;

export interface SyslogIdentity {
	host: string;
	/** APP-NAME where an entry has no service. */
	app: string;
}

/** One message, in bytes; the end is cut, at the border of a character. */
export function syslogLine(entry: LogEntry, { host, app }: SyslogIdentity, mostBytes: number = MOST_LINE): Buffer {
	const { severity, timeMs, service, instance, source, message, traceId, fields } = entry;
	const head = `<${FACILITY * 8 + LEVELS[severity]}>1 ${timeText(timeMs)} ${name(host, 255)} ${name(service || app, 48)} ${name(instance, 128)} ${source}`;
	const data = parameters({ ...(traceId === '' ? {} : { trace_id: traceId }), ...fields });
	const text = Buffer.from(`${head} ${data} ${inert(message)}`);
	return text.length <= mostBytes ? text : cutAt(text, mostBytes);
}

/** Printable ASCII without a space; `-` where there is nothing (§6). */
function name(text: string, most: number): string {
	return text.replace(/[^\x21-\x7e]/g, '_').slice(0, most) || '-';
}

const MOST_DATA = 4096;

/** §6.3. 32473 is the number that RFC 5612 sets aside for who has none. */
function parameters(fields: LogEntry['fields']): string {
	let data = '';
	for (const [key, value] of Object.entries(fields)) {
		const text = inert(String(value))
			.slice(0, 512)
			.toWellFormed()
			.replace(/[\\"\]]/g, '\\$&');
		const one = ` ${key.replace(/[^\x21-\x7e]|[="\]]/g, '_').slice(0, 32)}="${text}"`;
		if (data.length + one.length > MOST_DATA) break;
		data += one;
	}
	return data === '' ? '-' : `[ballast@32473${data}]`;
}

function cutAt(text: Buffer, most: number): Buffer {
	let end = most;
	while (end > 0 && ((text[end] as number) & 0xc0) === 0x80) end--;
	return text.subarray(0, end);
}
