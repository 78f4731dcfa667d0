const SPACE = 32;
const TAB = 9;

/** White space in a message is space and tab alone (RFC 9110 §5.6.3); `String.trim` takes others for it too, which origins do not. */
export function trimStart(text: string): string {
	let at = 0;
	while (isSpace(text.charCodeAt(at))) at++;
	return at === 0 ? text : text.slice(at);
}

export function trimEnd(text: string): string {
	let end = text.length;
	while (end > 0 && isSpace(text.charCodeAt(end - 1))) end--;
	return end === text.length ? text : text.slice(0, end);
}

export function trim(text: string): string {
	return trimStart(trimEnd(text));
}

/** Letter case is one of ASCII alone. */
export function lowerCase(text: string): string {
	return text.replace(/[A-Z]+/g, (letters) => letters.toLowerCase());
}

const isSpace = (code: number): boolean => code === SPACE || code === TAB;
