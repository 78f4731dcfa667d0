import { inert } from '../core/inert.ts';
import type { Span } from '../core/span.ts';

/** A span at its place in the waterfall. */
export interface WaterfallRow {
	span: Span;
	/** How many spans lie above it. */
	depth: number;
	/** Since the first span of the trace began, ms. */
	offsetMs: number;
	durationMs: number;
}

export interface Waterfall {
	traceId: string;
	startMs: number;
	durationMs: number;
	rows: WaterfallRow[];
	/** Spans that are known and not shown, since there were too many. */
	left: number;
}

const MOST_ROWS = 500;
/** Indents no further than this. */
const MOST_DEEP = 12;

/** The spans of one trace as a tree in the order of time. A parent that is not there, or a circle of them, makes a root. */
export function waterfallOf(spans: readonly Span[]): Waterfall {
	const known = new Map(spans.map((span) => [span.spanId, span]));
	const children = new Map<string, Span[]>();
	for (const span of known.values()) {
		const parent = known.has(span.parentId) && span.parentId !== span.spanId ? span.parentId : '';
		const list = children.get(parent);
		if (list === undefined) children.set(parent, [span]);
		else list.push(span);
	}
	for (const list of children.values()) list.sort((one, other) => one.startMs - other.startMs);
	let startMs = Number.POSITIVE_INFINITY;
	let endMs = 0;
	for (const span of known.values()) {
		startMs = Math.min(startMs, span.startMs);
		endMs = Math.max(endMs, span.endMs);
	}
	if (known.size === 0) startMs = 0;
	const rows: WaterfallRow[] = [];
	const seen = new Set<Span>();
	// Kept by hand, since a trace that came from outside may be as deep as it is long.
	const visit = (first: Span): void => {
		const stack: [Span, number][] = [[first, 0]];
		for (let next = stack.pop(); next !== undefined; next = stack.pop()) {
			const [span, depth] = next;
			if (seen.has(span)) continue;
			seen.add(span);
			const durationMs = Math.max(0, span.endMs - span.startMs);
			rows.push({ span, depth, offsetMs: span.startMs - startMs, durationMs });
			for (const child of (children.get(span.spanId) ?? []).toReversed()) stack.push([child, depth + 1]);
		}
	};
	for (const root of children.get('') ?? []) visit(root);
	for (const span of known.values()) visit(span);
	const left = Math.max(0, rows.length - MOST_ROWS);
	const durationMs = Math.max(0, endMs - startMs);
	return { traceId: spans[0]?.traceId ?? '', startMs, durationMs, rows: rows.slice(0, MOST_ROWS), left };
}

/** For a terminal so many columns wide, 40…250. Nothing in it is active, whoever sent the spans. */
export function waterfallText(spans: readonly Span[], columns: number): string {
	const { traceId, durationMs, rows, left } = waterfallOf(spans);
	if (rows.length === 0) return 'no span is known of this trace\n';
	const width = Math.min(250, Math.max(40, Math.floor(columns)));
	const timeWidth = 10;
	const nameWidth = Math.min(44, Math.floor((width - timeWidth) / 2));
	const barWidth = width - timeWidth - nameWidth - 2;
	const lines = [`trace ${inert(traceId)}  ${rows.length} spans  ${timeText(durationMs)}`.slice(0, width)];
	for (const row of rows) {
		const indent = '  '.repeat(Math.min(row.depth, MOST_DEEP, Math.floor(nameWidth / 4)));
		const name = cell(`${indent}${row.span.error === '' ? '' : '! '}${nameOf(row.span)}`, nameWidth);
		lines.push(`${name} ${bar(row, durationMs, barWidth)} ${timeText(row.durationMs).padStart(timeWidth)}`.trimEnd());
	}
	if (left > 0) lines.push(`and ${left} more`);
	return `${lines.join('\n')}\n`;
}

function nameOf({ name, kind, error, fields }: Span): string {
	const to = fields['upstream.id'];
	const where = kind === 'client' && typeof to === 'string' ? ` → ${to}` : '';
	const service = fields['service.name'];
	const of = typeof service === 'string' ? ` (${service})` : '';
	return inert(
		`${name.slice(0, 200)}${where.slice(0, 200)}${of.slice(0, 100)}${error === '' ? '' : ` ${error.slice(0, 100)}`}`,
	);
}

function bar({ offsetMs, durationMs }: WaterfallRow, wholeMs: number, width: number): string {
	const column = (ms: number): number => (wholeMs === 0 ? 0 : Math.round((ms / wholeMs) * width));
	const from = Math.min(width - 1, Math.max(0, column(offsetMs)));
	const to = Math.min(width, Math.max(from + 1, column(offsetMs + durationMs)));
	return `${' '.repeat(from)}${'█'.repeat(to - from)}${' '.repeat(width - to)}`;
}

/** So many columns, filled or cut; a character of East Asian width has two. */
function cell(text: string, columns: number): string {
	let used = 0;
	let kept = '';
	for (const char of text) {
		const wide =
			/[\u1100-\u115f\u2e80-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6]|\p{Emoji_Presentation}/u.test(
				char,
			);
		const size = wide ? 2 : /\p{M}/u.test(char) ? 0 : 1;
		if (used + size > columns - 1) return `${kept}…${' '.repeat(columns - used - 1)}`;
		kept += char;
		used += size;
	}
	return kept + ' '.repeat(columns - used);
}

function timeText(ms: number): string {
	if (ms >= 3_600_000) return `${Math.round(ms / 3_600_000)} h`;
	if (ms >= 1000) return `${(ms / 1000).toFixed(2)} s`;
	return ms >= 1 ? `${ms.toFixed(1)} ms` : `${Math.round(ms * 1000)} µs`;
}
