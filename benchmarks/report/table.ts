/** Tables for the terminal and for Markdown: the same text serves both. */

export interface Table {
	readonly title: string;
	readonly columns: readonly string[];
	readonly rows: readonly (readonly string[])[];
}

/** A number with as many digits as mean something: 3 for small ones, none behind the point from 100 on; `–` for NaN. */
export function figure(value: number): string {
	if (!Number.isFinite(value)) return '–';
	const size = Math.abs(value);
	if (size >= 1000) return Math.round(value).toLocaleString('en-US');
	return value.toFixed(size >= 100 ? 0 : size >= 10 ? 1 : 2);
}

/** Markdown, padded so that it reads as a table in a terminal too; the first column is left-aligned, the others right. */
export function renderTable(table: Table): string {
	const rows = [table.columns, ...table.rows];
	const widths = table.columns.map((_, at) => Math.max(3, ...rows.map((row) => (row[at] ?? '').length)));
	const line = (row: readonly string[]) =>
		`| ${widths.map((width, at) => (at === 0 ? (row[at] ?? '').padEnd(width) : (row[at] ?? '').padStart(width))).join(' | ')} |`;
	const rule = `| ${widths.map((width, at) => (at === 0 ? '-'.repeat(width) : `${'-'.repeat(width - 1)}:`)).join(' | ')} |`;
	return `### ${table.title}\n\n${[line(table.columns), rule, ...table.rows.map(line)].join('\n')}\n`;
}
