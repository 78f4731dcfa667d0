/** The spans of a trace as a waterfall: a line each, in the order of their begin, below what they are part of. */
import { inert } from '../core/inert.ts';
import type { Span } from '../core/span.ts';
import { formatLatency } from './quantity.ts';
import { paint, type Terminal } from './terminal.ts';
import { clip, pad } from './text-width.ts';

const MOST_SPANS = 500;
const DEEPEST = 12;
const WIDTH = 100;
const TIME = 9;
const COLOURS = { server: 'cyan', client: 'green', internal: 'dim' } as const;

interface Row {
	span: Span;
	depth: number;
}

/** No line is wider than the terminal, whoever sent the spans. */
export function waterfallLines(spans: readonly Span[], terminal: Terminal): string[] {
	const shown = spans.slice(0, MOST_SPANS);
	const startMs = shown.reduce((least, span) => Math.min(least, span.startMs), Number.POSITIVE_INFINITY);
	const wholeMs = shown.reduce((most, span) => Math.max(most, span.endMs - startMs), 0);
	const width = Math.max(30, terminal.size()?.columns ?? WIDTH);
	const names = Math.min(44, Math.floor((width - TIME) / 2));
	const bars = Math.max(4, width - names - TIME - 2);
	const lines = rowsOf(shown).map(({ span, depth }) => {
		const text = `${'  '.repeat(Math.min(depth, DEEPEST))}${span.error === '' ? '' : '! '}${nameOf(span)}`;
		const name = pad(clip(text, names), names);
		const bar = barOf(span.startMs - startMs, span.endMs - startMs, { wholeMs, width: bars });
		const took = pad(formatLatency(span.endMs - span.startMs), TIME, 'left');
		return `${span.error === '' ? name : paint(terminal, 'red', name)} ${paint(terminal, COLOURS[span.kind], bar)} ${took}`;
	});
	const left = spans.length - shown.length;
	return left > 0 ? [...lines, `… ${left} more spans`] : lines;
}

/** A parent that is not there, or one that is part of itself, makes a first one. */
function rowsOf(spans: readonly Span[]): Row[] {
	const ids = new Set(spans.map(({ spanId }) => spanId));
	const children = Map.groupBy(spans, ({ parentId, spanId }) =>
		ids.has(parentId) && parentId !== spanId ? parentId : '',
	);
	for (const list of children.values()) list.sort((a, b) => a.startMs - b.startMs);
	const rows: Row[] = [];
	const seen = new Set<Span>();
	// Circles have no first one: whatever was not met is looked at last.
	const pending = [...(children.get('') ?? []), ...spans].map((span): Row => ({ span, depth: 0 })).reverse();
	for (let row = pending.pop(); row !== undefined; row = pending.pop()) {
		if (seen.has(row.span)) continue;
		seen.add(row.span);
		rows.push(row);
		const { depth } = row;
		for (const span of (children.get(row.span.spanId) ?? []).toReversed()) pending.push({ span, depth: depth + 1 });
	}
	return rows;
}

function nameOf({ name, kind, error, fields }: Span): string {
	const to = kind === 'client' && typeof fields['upstream.id'] === 'string' ? ` → ${fields['upstream.id']}` : '';
	return inert(`${name.slice(0, 200)}${to.slice(0, 100)}${error === '' ? '' : `: ${error.slice(0, 100)}`}`);
}

function barOf(fromMs: number, toMs: number, { wholeMs, width }: { wholeMs: number; width: number }): string {
	const column = (ms: number) => (wholeMs > 0 ? Math.round((ms / wholeMs) * width) : 0);
	const from = Math.min(width - 1, Math.max(0, column(fromMs) || 0));
	const to = Math.min(width, Math.max(from + 1, column(toMs) || 0));
	return `${' '.repeat(from)}${'█'.repeat(to - from)}${' '.repeat(width - to)}`;
}
