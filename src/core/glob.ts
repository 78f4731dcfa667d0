/**
 * Whether text is what a pattern says; `*` stands for any characters. The parts between the stars are looked for from
 * left to right, once each, so no pattern can be made to take long.
 */
export function globFits(pattern: string, text: string): boolean {
	const parts = pattern.split('*');
	const first = parts[0] as string;
	const last = parts.at(-1) as string;
	if (parts.length === 1) return text === pattern;
	if (!text.startsWith(first) || !text.endsWith(last) || text.length < first.length + last.length) return false;
	let at = first.length;
	for (const part of parts.slice(1, -1)) {
		const found = text.indexOf(part, at);
		if (found < 0 || found + part.length > text.length - last.length) return false;
		at = found + part.length;
	}
	return true;
}
