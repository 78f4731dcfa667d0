/** The tables of docs/strictness.md. `node test/fuzz/strictness-page.ts --write` renews them. */
import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { Judgement } from './judgement.ts';
import { REFUSED } from './strictness-refused.ts';
import { READ_OTHERWISE, TAKEN } from './strictness-taken.ts';

export const STRICTNESS_PAGE: string = fileURLToPath(new URL('../../docs/strictness.md', import.meta.url));

const TABLES: Record<string, readonly Judgement[]> = { refused: REFUSED, taken: TAKEN, otherwise: READ_OTHERWISE };
const SIDES = { request: 'requests', response: 'answers', both: 'both' };

/** The page with each table as the lists have it. */
export function withTables(page: string): string {
	let text = page;
	for (const [name, list] of Object.entries(TABLES)) {
		const [begin, end] = [`<!-- ${name} -->\n`, `<!-- /${name} -->`];
		const [from, to] = [text.indexOf(begin) + begin.length, text.indexOf(end)];
		if (from < begin.length || to < from) throw new Error(`${STRICTNESS_PAGE} has no place for the table '${name}'`);
		text = text.slice(0, from) + table(list) + text.slice(to);
	}
	return text;
}

function table(list: readonly Judgement[]): string {
	const rows = list.map(
		({ what, side, example, section, change }) =>
			`| ${[what, SIDES[side], shown(example), section, change || '–'].map(cell).join(' | ')} |`,
	);
	return ['| what | where | example | standard | changed by |', '| --- | --- | --- | --- | --- |', ...rows, ''].join(
		'\n',
	);
}

const cell = (text: string): string => text.replaceAll('|', '\\|');

/** Ends of lines are written as such; what is long is cut. */
function shown(example: string): string {
	const text = JSON.stringify(example.replace(/(?:\r\n)+$/, ''))
		.slice(1, -1)
		.replaceAll('\\"', '"');
	return `\`${text.length > 90 ? `${text.slice(0, 88)}…` : text}\``;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
	const page = readFileSync(STRICTNESS_PAGE, 'utf8');
	if (process.argv.includes('--write')) writeFileSync(STRICTNESS_PAGE, withTables(page));
	else
		console.log(
			withTables(page) === page ? 'the tables are those of the lists' : 'the tables are out of date: --write',
		);
}
