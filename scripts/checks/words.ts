/** Traces of the machine that a file was written on. */
import { readdirSync } from 'node:fs';
import { homedir, tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import type { Finding, SourceTree } from './source-tree.ts';

/** Home folders of people, on any machine. */
const HOMES = /(?<![\w.])\/(?:home|Users)\/[a-z_][\w.-]*/gi;

/** Findings for each absolute path of somebody's home, and for each of `places`. */
export function checkWords(tree: SourceTree, places: readonly string[]): Finding[] {
	const escaped = places.map((place) => place.replace(/[.*+?^${}()|[\]\\]/g, '\\$&'));
	const local = escaped.length === 0 ? undefined : new RegExp(`(?<![\\w.])(?:${escaped.join('|')})(?![\\w-])`, 'g');
	const findings: Finding[] = [];
	for (const [path, text] of tree) {
		for (const [at, line] of text.split('\n').entries()) {
			const found = [...line.matchAll(HOMES), ...(local === undefined ? [] : line.matchAll(local))];
			for (const [place] of found)
				findings.push({ path, line: at + 1, text: `names a place on one machine: ${place}` });
		}
	}
	return findings;
}

/** The clone itself, what lies beside it, and this user's home. */
export function placesOfThisMachine(root: string): string[] {
	const parent = dirname(root);
	const beside = parent === '/' || parent === tmpdir() ? [root] : readdirSync(parent).map((name) => join(parent, name));
	const home = homedir();
	return [...beside, ...(home === '/' || home === root ? [] : [`${home}/`])].filter(
		(place) => place.split('/').length > 2,
	);
}
