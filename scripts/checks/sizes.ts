/** Sizes and names of the files of src/. */
import { basename } from 'node:path/posix';
import { type Finding, isCode, isTest, type SourceTree } from './source-tree.ts';

export const MEDIAN_LINES = 120;
export const MANY_LINES = 250;
export const MOST_LINES = 400;

/** Names that say nothing, and what to do instead. */
const BANNED =
	/^(?:(?:types|utils?|helpers?|common|misc|index|constants)(?:\.test)?\.ts|(?:base|abstract)-.*|.*-(?:manager|helper|utils?|base)(?:\.test)?\.ts)$/;

export function checkSizes(tree: SourceTree): { errors: Finding[]; warnings: Finding[] } {
	const errors: Finding[] = [];
	const warnings: Finding[] = [];
	const sizes: number[] = [];
	for (const [path, text] of tree) {
		if (!path.startsWith('src/') || !isCode(path)) continue;
		if (BANNED.test(basename(path))) errors.push({ path, text: 'name the file for what it exports' });
		const lines = countLines(text);
		if (!isTest(path)) sizes.push(lines);
		if (lines > MOST_LINES) errors.push({ path, text: `has ${lines} lines; ${MOST_LINES} is the most: split it` });
		else if (lines > MANY_LINES)
			warnings.push({ path, text: `has ${lines} lines; few files should have over ${MANY_LINES}` });
	}
	const median = sizes.sort((one, other) => one - other)[sizes.length >> 1] ?? 0;
	if (median > MEDIAN_LINES)
		errors.push({ path: 'src', text: `the median file has ${median} lines; ${MEDIAN_LINES} is the most` });
	return { errors, warnings };
}

function countLines(text: string): number {
	return text.split('\n').length - (text.endsWith('\n') ? 1 : 0);
}
