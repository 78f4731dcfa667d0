/** What a module imports, read from its text. */

export interface Import {
	/** As written. */
	specifier: string;
	/** From 1. */
	line: number;
	/** `url`: a file that another thread or process is started with: `new URL('./worker.ts', import.meta.url)`. */
	kind: 'import' | 'url';
	/** Loads nothing when the module is loaded: a type, or `import()`. */
	lazy: boolean;
}

// The formatter puts each declaration at the start of a line, so no parser is needed; what stands
// within a block comment or a template starts with other characters.
const DECLARATION = /^(?:import|export)\b(?:[^'"`;=(]*?\bfrom)?\s*(['"])([^'"\n]+)\1/gm;
const CALL = /\bimport\(\s*(['"])([^'"\n]+)\1/g;
const URL_OF_FILE = /\bnew URL\(\s*(['"])(\.{1,2}\/[^'"\n]+\.[cm]?[jt]s)\1\s*,\s*import\.meta\.url/g;

/** All imports of a module: of values and of types, `export … from`, `import()` also where it names a type, and files by URL. */
export function readImports(text: string): Import[] {
	const found: (Import & { at: number })[] = [];
	for (const [pattern, kind] of [
		[DECLARATION, 'import'],
		[CALL, 'import'],
		[URL_OF_FILE, 'url'],
	] as const) {
		for (const match of text.matchAll(pattern)) {
			if (isCommentOrText(text, match.index)) continue;
			const lazy = pattern !== DECLARATION || /^(?:import|export)\s+type\b/.test(match[0]);
			found.push({ specifier: match[2] as string, line: lineOf(text, match.index), kind, lazy, at: match.index });
		}
	}
	return found.sort((one, other) => one.at - other.at).map(({ at: _, ...imported }) => imported);
}

/** Whether a comment or a string was open there, as far as its line tells. */
function isCommentOrText(text: string, at: number): boolean {
	const before = text.slice(text.lastIndexOf('\n', at - 1) + 1, at);
	if (/^\s*(?:\/\/|\/?\*)/.test(before)) return true;
	let quote: string | undefined;
	for (const char of before.replaceAll(/\\./g, '')) {
		if (quote === char) quote = undefined;
		else if (quote === undefined && /['"`]/.test(char)) quote = char;
	}
	return quote !== undefined;
}

function lineOf(text: string, at: number): number {
	let line = 1;
	for (let next = text.indexOf('\n'); next !== -1 && next < at; next = text.indexOf('\n', next + 1)) line++;
	return line;
}
