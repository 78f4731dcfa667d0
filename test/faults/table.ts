/** What the tests of the faults found, as a table that reads in a terminal and on a page. */
import type { Finding } from './judge.ts';
import { FAULTS, type Fault } from './plan.ts';

const BEGIN = '<!-- faults:begin (written by `npm run faults -- --write`) -->';
const END = '<!-- faults:end -->';
const COLUMNS = ['#', 'fault', 'criterion', 'measured', ''];

/** A row a finding, in the order of the plan; number and name of a fault stand in its first row only. */
export function cellsOf(findings: readonly Finding[]): string[][] {
	const rows: string[][] = [];
	for (const [fault, name] of Object.entries(FAULTS)) {
		const own = findings.filter((finding) => finding.fault === (fault as Fault));
		for (const [at, { criterion, measured, verdict }] of own.entries()) {
			const number = /^\d+$/.test(fault) ? fault : '';
			rows.push([at === 0 ? number : '', at === 0 ? name : '', criterion, measured, verdict]);
		}
	}
	return rows;
}

/** Cells may hold anything: what would end a cell or begin markup is escaped. */
export function markdown(rows: readonly string[][]): string {
	const safe = rows.map((row) =>
		row.map((cell) =>
			cell
				.slice(0, 300)
				.replaceAll(/[\r\n]+/g, ' ')
				.replaceAll(/[|\\`<]/g, '\\$&'),
		),
	);
	const line = (row: readonly string[]) => `| ${row.join(' | ')} |`;
	return [line(COLUMNS), line(COLUMNS.map(() => '---')), ...safe.map(line)].join('\n');
}

/** The page with this between its markers. @throws when it has none */
export function replaceTable(page: string, text: string): string {
	const begin = page.indexOf(BEGIN);
	const end = page.indexOf(END);
	if (begin < 0 || end < begin) throw new Error(`the page has no place for the table: ${BEGIN} … ${END}`);
	return `${page.slice(0, begin + BEGIN.length)}\n${text}\n${page.slice(end)}`;
}

/** Lines of a table, by the name of the fault that they are about. */
function byFault(lines: readonly string[]): Map<string, string[]> {
	const groups = new Map<string, string[]>();
	let group: string[] = [];
	for (const line of lines.filter((each) => each.startsWith('|')).slice(2)) {
		const name = line.split('|')[2]?.trim() ?? '';
		if (name !== '') groups.set(name, (group = []));
		group.push(line);
	}
	return groups;
}

/** The page with the rows of these faults in place of what it has of them; how they were measured stands beside how the others were. */
export function mergeTable(page: string, faults: readonly Fault[], text: { about: string; table: string }): string {
	const begin = page.indexOf(BEGIN);
	const lines = page.slice(begin + BEGIN.length, page.indexOf(END)).split('\n');
	const rows = new Map([...byFault(lines), ...byFault(text.table.split('\n'))]);
	const prefix = `Only ${faults.join(', ')}: `;
	const headings = lines.filter((line) => line !== '' && !line.startsWith('|') && !line.startsWith(prefix));
	const about = [...headings, `${prefix}${text.about.replaceAll('\n', ' ')}`].join('\n\n');
	const [columns, rule] = text.table.split('\n');
	const all = Object.values(FAULTS).flatMap((name) => rows.get(name) ?? []);
	return replaceTable(page, [about, '', columns, rule, ...all].join('\n'));
}
