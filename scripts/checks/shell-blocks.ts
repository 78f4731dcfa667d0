/** The fenced blocks of a page that the tests use: shell commands, and files that the reader is to write. */
import type { Finding, SourceTree } from './source-tree.ts';

export interface Block {
	/** From 1: the line of the fence. */
	line: number;
	language: string;
	/**
	 * Of `sh`: `run` (ends by itself, with 0), `start` (stays; the next `start` and the end of the page stop
	 * it), or `skip` with its reason.
	 */
	how: string;
	/** `file=`, `in=`, `skip=`. */
	attributes: Readonly<Record<string, string>>;
	text: string;
}

const ATTRIBUTE = /([a-z]+)(?:=(?:"([^"]*)"|(\S+)))?/g;

/** All fenced blocks. The words behind the language say what a test does with it; readers do not see them. */
export function readBlocks(page: string): Block[] {
	const blocks: Block[] = [];
	for (const match of page.matchAll(/^```([a-z]+)?(.*)\n([\s\S]*?)^```[ \t]*$/gm)) {
		const [, language = '', info = '', text = ''] = match;
		const words = [...info.matchAll(ATTRIBUTE)].map(([, name = '', quoted, plain]) => [name, quoted ?? plain] as const);
		const attributes = Object.fromEntries(words.map(([name, value]) => [name, value ?? '']));
		const how = words.find(([name]) => ['run', 'start', 'skip'].includes(name))?.[0] ?? '';
		const line = page.slice(0, match.index).split('\n').length;
		blocks.push({ line, language, how, attributes, text });
	}
	return blocks;
}

/** Each shell block of README and docs/ says how it is tested, or why not. */
export function checkShellBlocks(tree: SourceTree): Finding[] {
	const findings: Finding[] = [];
	for (const [path, page] of tree) {
		if (path !== 'README.md' && !/^docs\/[^/]*\.md$/.test(path)) continue;
		for (const { language, how, attributes, line } of readBlocks(page)) {
			if (language !== 'sh') continue;
			if (how === '')
				findings.push({ path, line, text: 'a shell block says `run`, `start` or `skip="why"` behind `sh`' });
			else if (how === 'skip' && !attributes['skip'])
				findings.push({ path, line, text: 'a skipped block says why: skip="…"' });
		}
	}
	return findings;
}
