/** The table of docs/errors.md that says why a request is malformed, written from src/core/malformed.ts. */

const BEGIN = '<!-- reasons -->';
const END = '<!-- /reasons -->';
const SECTION = new RegExp(`${BEGIN}[^]*?${END}`);

/** The page with the table as it should be. Errors: the page has no place for it. */
export function withReasons(page: string, reasons: Readonly<Record<string, string>>): string {
	if (!SECTION.test(page)) throw new Error(`the page has no place for the reasons: ${BEGIN} … ${END}`);
	const rows = Object.entries(reasons).map(([reason, detail]) => `| \`${reason}\` | ${cell(detail)} |`);
	const table = ['| reason | detail |', '| --- | --- |', ...rows].join('\n');
	return page.replace(SECTION, () => `${BEGIN}\n${table}\n${END}`);
}

/** The page with empty lines in its place. */
export const withoutReasons = (page: string): string => page.replace(SECTION, (part) => part.replaceAll(/./g, ''));

const cell = (text: string): string => text.replaceAll('|', '\\|').replaceAll('*', '\\*');
