/** Whether text is what a pattern says; `*` stands for any characters. In time that grows with both lengths, never more. */
export function globFits(pattern: string, text: string): boolean {
	let at = 0;
	let inPattern = 0;
	let star = -1;
	let behindStar = 0;
	while (at < text.length) {
		if (pattern[inPattern] === '*') {
			star = inPattern++;
			behindStar = at;
		} else if (inPattern < pattern.length && pattern[inPattern] === text[at]) {
			inPattern++;
			at++;
		} else if (star >= 0) {
			inPattern = star + 1;
			at = ++behindStar;
		} else return false;
	}
	while (pattern[inPattern] === '*') inPattern++;
	return inPattern === pattern.length;
}

/** The same as a pattern of SQLite's GLOB, where `?` and `[` are special too. */
export function sqlGlob(pattern: string): string {
	return pattern.replace(/[?[]/g, '[$&]');
}
