/** Links between the pages: every relative one leads to a file that is there, and to a heading in it. */
import { posix } from 'node:path';
import type { Finding, SourceTree } from './source-tree.ts';

const LINK = /!?\[[^\]]*\]\(\s*<?([^)\s>]+)>?(?:\s+"[^"]*")?\s*\)/g;

export function checkLinks(tree: SourceTree): Finding[] {
	const findings: Finding[] = [];
	for (const [path, text] of tree) {
		if (!path.endsWith('.md')) continue;
		for (const [at, line] of proseLines(text).entries()) {
			for (const [, target] of line.matchAll(LINK)) {
				const complaint = complainOfLink(tree, path, target as string);
				if (complaint !== undefined) findings.push({ path, line: at + 1, text: complaint });
			}
		}
	}
	return findings;
}

function complainOfLink(tree: SourceTree, from: string, target: string): string | undefined {
	if (/^[a-z][a-z0-9+.-]*:/i.test(target)) return undefined;
	const [file = '', anchor] = target.split('#', 2);
	const to = file === '' ? from : posix.normalize(posix.join(posix.dirname(from), file));
	if (to.startsWith('../') || target.startsWith('/')) return `links to ${target}, outside of the repository`;
	const text = tree.get(to.replace(/\/$/, ''));
	const folder = [...tree.keys()].some((path) => path.startsWith(`${to.replace(/\/$/, '')}/`));
	if (text === undefined) return folder && anchor === undefined ? undefined : `links to ${target}, which is not there`;
	if (anchor === undefined || !to.endsWith('.md')) return undefined;
	return anchors(text).has(anchor) ? undefined : `links to ${target}; there is no such heading`;
}

/** The anchors that GitHub gives to the headings of a page. */
export function anchors(text: string): Set<string> {
	const found = new Set<string>();
	for (const line of proseLines(text)) {
		const heading = /^#{1,6}\s+(.*?)\s*#*$/.exec(line)?.[1];
		if (heading === undefined) continue;
		const slug = heading
			.toLowerCase()
			.replaceAll(/\[([^\]]*)\]\([^)]*\)/g, '$1')
			.replaceAll(/[^\p{L}\p{N}\s_-]/gu, '')
			.replaceAll(/\s/g, '-');
		let name = slug;
		for (let again = 1; found.has(name); again++) name = `${slug}-${again}`;
		found.add(name);
	}
	return found;
}

/** The lines of a page; those within fences are empty. */
function proseLines(text: string): string[] {
	let fence: string | undefined;
	return text.split('\n').map((line) => {
		const mark = /^\s*(```+|~~~+)/.exec(line)?.[1];
		if (mark !== undefined && (fence === undefined || mark.startsWith(fence))) {
			fence = fence === undefined ? mark : undefined;
			return '';
		}
		return fence === undefined ? line : '';
	});
}
