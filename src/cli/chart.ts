/** A series of numbers as a chart of columns, with both axes. */
import { formatTick } from './clock-text.ts';
import { squeeze } from './sparkline.ts';
import { pad, textWidth } from './text-width.ts';

export interface Chart {
	values: readonly (number | null)[];
	fromMs: number;
	stepMs: number;
	/** How a value is written at the axis. */
	format(value: number): string;
	/** Of the whole chart, in columns and lines. */
	width: number;
	height: number;
}

const EIGHTHS = [' ', '▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'] as const;

/** `height` lines, and two of the time below; none is wider than `width`. Begins at 0, as bars have to. */
export function chartLines({ values, fromMs, stepMs, format, width, height }: Chart): string[] {
	const highest = Math.max(0, ...values.filter((value) => value !== null && Number.isFinite(value)).map(Number));
	const top = highest > 0 ? highest : 1;
	const marks = Array.from({ length: height }, (_, row) =>
		row % 2 === 0 ? format((top * (height - row)) / height) : '',
	);
	const axis = Math.max(...marks.map(textWidth), 1);
	const room = Math.max(1, width - axis - 2);
	const columns = squeeze(values, room);
	const lines = marks.map((mark, row) => {
		const below = height - 1 - row;
		const cells = columns.map((value) => {
			if (value === null || !Number.isFinite(value)) return ' ';
			const filled = (Math.max(0, value) / top) * height - below;
			return EIGHTHS[Math.min(8, Math.max(0, Math.round(filled * 8)))] as string;
		});
		return `${pad(mark, axis, 'left')} ${mark === '' ? '│' : '┤'}${cells.join('')}`.trimEnd();
	});
	return [...lines, `${pad('0', axis, 'left')} ┴${'─'.repeat(columns.length)}`, timeAxis(columns.length, axis + 2)];

	function timeAxis(length: number, indent: number): string {
		const span = stepMs * (values.length - 1);
		const [first, last] = [formatTick(fromMs, span), formatTick(fromMs + span, span)];
		const gap = length - textWidth(first) - textWidth(last);
		if (gap > 0) return ' '.repeat(indent) + first + ' '.repeat(gap) + last;
		return indent + first.length <= width ? ' '.repeat(indent) + first : '';
	}
}
