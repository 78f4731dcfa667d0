import { globalsOf, type ParsedArguments } from '../config/arguments.ts';
import { BallastError } from '../core/errors.ts';
import { inert } from '../core/inert.ts';
import type { LogEntry } from '../core/log-entry.ts';
import type { Span } from '../core/span.ts';
import { flatFields, list, listOr, numberOr, record, textOr } from './answer-form.ts';
import { EXIT } from './command.ts';
import { control } from './control-client.ts';
import { controlSocket } from './control-socket.ts';
import { jsonText } from './json-text.ts';
import { readEntry } from './log-answer.ts';
import { logLine } from './log-view.ts';
import { plural } from './quantity.ts';
import { waterfallLines } from './span-waterfall.ts';
import { paint, type Terminal } from './terminal.ts';
import { clip } from './text-width.ts';

const MOST_ENTRIES = 200;

/** The id of a trace or of a request, in whatever form it was copied; undefined: it is something else, such as a URL. */
export function traceIdOf(word: string): string | undefined {
	// A whole traceparent (W3C Trace Context §3.2), an id of 32 or 16 digits, a UUID.
	const parent = /^[0-9a-f]{2}-([0-9a-f]{32})-[0-9a-f]{16}-[0-9a-f]{2}$/i.exec(word)?.[1];
	if (parent !== undefined) return parent.toLowerCase();
	if (/^(?:[0-9a-f]{32}|[0-9a-f]{16})$/i.test(word)) return word.toLowerCase();
	return /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i.test(word)
		? word.replaceAll('-', '').toLowerCase()
		: undefined;
}

/** `ballast explain REQUEST-ID [--json]`: where a request's time went. */
export async function explainTrace(id: string, parsed: ParsedArguments, terminal: Terminal): Promise<number> {
	for (const option of ['method', 'header', 'config']) {
		if (parsed.values.has(option))
			throw new BallastError('bad_command', `explain: --${option} is for a URL; \`${id}\` is the id of a request`);
	}
	const answer = await control(controlSocket(globalsOf(parsed), terminal.env), 'trace', { id });
	const { spans, entries } = readTrace(answer);
	const found = spans.length > 0 || entries.length > 0;
	if (parsed.switches.has('json')) terminal.out(`${jsonText(answer, 2)}\n`);
	else if (found) terminal.out(`${traceLines(spans, entries, terminal).join('\n')}\n`);
	else
		terminal.err(
			`nothing is known of ${inert(id)}: kept are requests that failed or were slow and a sample of the others, as long as \`traces\` and \`store\` say\n`,
		);
	return found ? EXIT.ok : EXIT.failed;
}

export function readTrace(value: unknown): { spans: Span[]; entries: LogEntry[] } {
	const answer = record(value, 'the answer');
	const spans = list(answer['spans'], 'spans', (span): Span => {
		const kind = textOr(span['kind']);
		const startMs = numberOr(span['startMs'], 0);
		return {
			traceId: textOr(span['traceId']),
			spanId: textOr(span['spanId']),
			parentId: textOr(span['parentId']),
			name: textOr(span['name'], '?'),
			kind: kind === 'server' || kind === 'client' ? kind : 'internal',
			startMs,
			endMs: Math.max(startMs, numberOr(span['endMs'], startMs)),
			error: textOr(span['error']),
			fields: flatFields(span['fields']),
		};
	});
	const entries = listOr(answer['entries'])
		.map(readEntry)
		.toSorted((a, b) => (a.timeMs || 0) - (b.timeMs || 0));
	return { spans, entries };
}

function traceLines(spans: readonly Span[], entries: readonly LogEntry[], terminal: Terminal): string[] {
	const width = terminal.size()?.columns ?? Number.POSITIVE_INFINITY;
	const id = spans[0]?.traceId ?? entries[0]?.traceId ?? '';
	const lines = [clip(`trace ${inert(id)}`, width)];
	if (spans.length > 0) lines.push('', ...waterfallLines(spans, terminal));
	const failed = spans.filter(({ error }) => error !== '');
	for (const { name, error } of failed.slice(0, 10))
		lines.push(paint(terminal, 'red', clip(`${inert(name)}: ${inert(error)}`, width)));
	if (entries.length > 0) {
		const now = Date.now();
		lines.push('', paint(terminal, 'dim', plural(entries.length, 'log entry', 'log entries')));
		lines.push(...entries.slice(0, MOST_ENTRIES).map((entry) => logLine({ ...entry, traceId: '' }, terminal, now)));
		if (entries.length > MOST_ENTRIES) lines.push(`… \`ballast logs trace:${inert(id)}\` has the others`);
	}
	return lines;
}
