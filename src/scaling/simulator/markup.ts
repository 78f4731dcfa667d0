/** Text within HTML and SVG. */

const ESCAPES: Record<string, string> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&#39;' };

/** Nothing in it is markup, within an element or a quoted attribute. */
export function escaped(text: string): string {
	return text.replace(/[&<>"']/g, (char) => ESCAPES[char] as string);
}
