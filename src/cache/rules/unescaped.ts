/**
 * A part of a URL with its escapes read, one character a byte (latin1). Clients send as it is what others escape (`'`,
 * `{`, `|`, what is no ASCII), so that one URL is spelt in several ways: read, they are alike.
 */
export function unescaped(text: string): string {
	if (!text.includes('%')) return text;
	return text.replace(/%([0-9a-f]{2})/gi, (_, digits: string) => String.fromCharCode(Number.parseInt(digits, 16)));
}
