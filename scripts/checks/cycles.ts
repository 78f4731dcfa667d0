/** Modules that import each other in a circle, types included. */
import { resolveImport } from './floors.ts';
import { readImports } from './imports.ts';
import { type Finding, isCode, type SourceTree } from './source-tree.ts';

/** One finding for each circle of modules; a file that is only started as a thread (`new URL`) closes none. */
export function checkCycles(tree: SourceTree): Finding[] {
	const graph = new Map<string, string[]>();
	for (const [path, text] of tree) {
		if (!isCode(path)) continue;
		const relative = readImports(text).filter(({ specifier, kind }) => kind === 'import' && specifier.startsWith('.'));
		graph.set(path, [...new Set(relative.map(({ specifier }) => resolveImport(path, specifier)))]);
	}
	return circles(graph).map((circle) => ({
		path: circle[0] as string,
		text: `imports itself in a circle: ${[...circle, circle[0]].join(' → ')}`,
	}));
}

/** Shortest way back to itself for the first module of each strongly connected part. */
function circles(graph: ReadonlyMap<string, string[]>): string[][] {
	const found: string[][] = [];
	const covered = new Set<string>();
	for (const start of [...graph.keys()].sort()) {
		if (covered.has(start)) continue;
		const circle = wayBack(graph, start);
		if (circle === undefined) continue;
		for (const path of circle) covered.add(path);
		found.push(circle);
	}
	return found;
}

function wayBack(graph: ReadonlyMap<string, string[]>, start: string): string[] | undefined {
	const from = new Map<string, string>();
	const queue = [start];
	for (let path = queue.shift(); path !== undefined; path = queue.shift()) {
		for (const next of graph.get(path) ?? []) {
			if (next === start) {
				const way = [path];
				while (way[0] !== start) way.unshift(from.get(way[0] as string) as string);
				return way;
			}
			if (from.has(next)) continue;
			from.set(next, path);
			queue.push(next);
		}
	}
	return undefined;
}
