/** Keeps the last tables in `docs/performance.md`, between two markers; the words around them are left alone. */
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';

export const BEGIN = '<!-- bench:begin (written by `npm run bench -- --write`) -->';
export const END = '<!-- bench:end -->';

const NEW_PAGE = `# Performance

The last run of \`npm run bench -- --write\`. The proxy runs alone on core 1 with one worker; the load generator (wrk, one
thread, 64 keep-alive connections) and a pair of nginx upstreams share core 0. CPU is the proxy's own user + system time,
from \`/proc/PID/stat\` over all its processes. The peers take turns, and a ratio is the median of the ratios of the rounds:
compare only within one run.

${BEGIN}
${END}
`;

/** Where a section stands in the page. */
export interface Markers {
	readonly begin: string;
	readonly end: string;
}

const BENCH: Markers = { begin: BEGIN, end: END };

/** The page with `section` between its markers. Throws when a page has no markers or has them out of order. */
export function replaceSection(page: string, section: string, markers: Markers = BENCH): string {
	const begin = page.indexOf(markers.begin);
	const end = page.indexOf(markers.end);
	if (begin < 0 || end < begin)
		throw new Error(`The page has no place for the tables: ${markers.begin} … ${markers.end}`);
	return `${page.slice(0, begin + markers.begin.length)}\n${section.trim()}\n${page.slice(end)}`;
}

/** Writes the section into the page, which is begun when it does not exist. */
export async function writePage(path: string, section: string, markers: Markers = BENCH): Promise<void> {
	let page = NEW_PAGE;
	try {
		page = await readFile(path, 'utf8');
	} catch (error) {
		if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
		await mkdir(dirname(path), { recursive: true });
	}
	await writeFile(path, replaceSection(page, section, markers));
}
