/** Columns that a text takes on a terminal, and how to fit it in fewer. */

const segments = new Intl.Segmenter('en', { granularity: 'grapheme' });

// East Asian wide and full-width ranges (UAX #11), and pictures.
const WIDE =
	/[\u1100-\u115f\u2e80-\u303e\u3041-\ua4cf\ua960-\ua97c\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6\u{1f300}-\u{1faff}\u{20000}-\u{3fffd}]|\p{Emoji_Presentation}/u;

/** Columns of an inert text. */
export function textWidth(text: string): number {
	if (/^[ -~]*$/.test(text)) return text.length;
	let width = 0;
	for (const { segment } of segments.segment(text)) width += segmentWidth(segment);
	return width;
}

/** The text in at most so many columns; `…` stands for what was left out. */
export function clip(text: string, width: number): string {
	if (textWidth(text) <= width) return text;
	if (width < 1) return '';
	let kept = '';
	let used = 1;
	for (const { segment } of segments.segment(text)) {
		used += segmentWidth(segment);
		if (used > width) break;
		kept += segment;
	}
	return `${kept}…`;
}

/** The text filled up with spaces. */
export function pad(text: string, width: number, side: 'left' | 'right' = 'right'): string {
	const fill = ' '.repeat(Math.max(0, width - textWidth(text)));
	return side === 'right' ? text + fill : fill + text;
}

function segmentWidth(segment: string): number {
	if (/^\p{M}+$/u.test(segment)) return 0;
	return WIDE.test(segment) ? 2 : 1;
}
