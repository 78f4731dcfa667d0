import { type Colour, paint, type Terminal } from './terminal.ts';
import { clip, pad, textWidth } from './text-width.ts';

export interface Column {
	title: string;
	/** Numbers stand on the right. */
	align?: 'right';
	/** Left out where space is short: the highest first. Without it the column always stays. */
	drop?: number;
	/** May be cut to this many columns before others are dropped. */
	least?: number;
}

/** `text` must be inert. */
export interface Cell {
	text: string;
	colour?: Colour;
}

const GAP = 2;

/** Aligned lines with a heading; no line is wider than the terminal. */
export function table(columns: readonly Column[], rows: readonly (readonly Cell[])[], terminal: Terminal): string[] {
	const natural = columns.map(({ title }, at) =>
		Math.max(textWidth(title), ...rows.map((row) => textWidth(row[at]?.text ?? ''))),
	);
	const widths = fit(columns, natural, terminal.size()?.columns ?? Number.POSITIVE_INFINITY);
	const line = (cells: readonly Cell[]) => {
		const shown: string[] = [];
		for (const [at, width] of widths.entries()) {
			if (width === 0) continue;
			const { text, colour } = cells[at] ?? { text: '' };
			const fitted = clip(text, width);
			const rest = pad('', width - textWidth(fitted));
			const painted = colour === undefined ? fitted : paint(terminal, colour, fitted);
			shown.push(columns[at]?.align === 'right' ? rest + painted : painted + rest);
		}
		return shown.join(' '.repeat(GAP)).trimEnd();
	};
	return [line(columns.map(({ title }) => ({ text: title, colour: 'dim' }))), ...rows.map(line)];
}

/** The width of each column; 0 = left out. */
function fit(columns: readonly Column[], natural: readonly number[], space: number): number[] {
	const widths = natural.map((width, at) => Math.min(width, columns[at]?.least ?? width));
	const total = () => widths.reduce((sum, width) => sum + (width > 0 ? width + GAP : 0), -GAP);
	const droppable = columns.map(({ drop }, at) => ({ at, drop: drop ?? 0 })).filter(({ drop }) => drop > 0);
	for (const { at } of droppable.sort((a, b) => b.drop - a.drop)) {
		if (total() > space) widths[at] = 0;
	}
	while (total() > space) {
		const widest = widths.indexOf(Math.max(...widths));
		if ((widths[widest] as number) <= 1) break;
		widths[widest] = (widths[widest] as number) - 1;
	}
	for (let at = widths.length - 1; at > 0 && total() > space; at--) widths[at] = 0;
	for (const [at, width] of widths.entries()) {
		if (width > 0 && columns[at]?.least !== undefined)
			widths[at] = Math.min(natural[at] as number, width + Math.max(0, space - total()));
	}
	return widths;
}
