/** docs/errors.md and the table of src/core/errors.ts say the same. */
import type { Finding } from './source-tree.ts';

export interface DocumentedError {
	status: number;
	fault: string;
	retrySafe: boolean;
	proxyStatus: string;
	title: string;
}

/** A row is `| code | status | fault | retry | Proxy-Status | meaning |`, with – where an entry has none. */
export function checkErrorPage(
	path: string,
	text: string,
	errors: Readonly<Record<string, DocumentedError>>,
): Finding[] {
	const findings: Finding[] = [];
	const seen = new Set<string>();
	for (const [at, line] of text.split('\n').entries()) {
		const code = /^\| `([a-z_]+)` \|/.exec(line)?.[1];
		if (code === undefined) continue;
		const find = (complaint: string) => findings.push({ path, line: at + 1, text: `${code}: ${complaint}` });
		const entry = errors[code];
		if (seen.has(code)) find('stands there twice');
		seen.add(code);
		if (entry === undefined) {
			find('is not in src/core/errors.ts');
			continue;
		}
		const [, , status, fault, retry, proxyStatus, meaning = ''] = line.split(/(?<!\\)\|/).map((cell) => cell.trim());
		const expected = [
			String(entry.status || '–'),
			entry.fault,
			entry.retrySafe ? 'yes' : 'no',
			entry.proxyStatus || '–',
		];
		const given = [status, fault, retry, proxyStatus?.replaceAll('`', '')];
		if (expected.join() !== given.join()) find(`the table says ${expected.join(', ')}`);
		if (!meaning.startsWith(`${entry.title}.`)) find(`the meaning begins with its title, “${entry.title}.”`);
	}
	for (const code of Object.keys(errors)) {
		if (!seen.has(code)) findings.push({ path, text: `${code} has no row` });
	}
	return findings;
}
