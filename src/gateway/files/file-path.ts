/**
 * The name of a file that a request's path asks for: `/docs/a.html`, or `/docs/` for a folder. Null where no file can
 * have it, or must not be given out: an encoded slash, a backslash, a control character, what is no UTF-8, and names
 * that begin with a dot (so `..` too) but for `/.well-known/` (RFC 8615).
 */
export function filePath(path: string): string | null {
	const decoded = path.includes('%') ? decode(path) : path;
	if (decoded === null || !decoded.startsWith('/') || FORBIDDEN.test(decoded)) return null;
	const segments = decoded.split('/').filter((segment) => segment !== '');
	for (const [at, segment] of segments.entries()) {
		if (segment.startsWith('.') && !(at === 0 && segment === '.well-known')) return null;
		if (segment.length > NAME_MOST) return null;
	}
	if (segments.length === 0) return '/';
	return `/${segments.join('/')}${decoded.endsWith('/') ? '/' : ''}`;
}

/** No file system takes a longer name; bytes, but a character has one at least. */
const NAME_MOST = 255;
// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
const FORBIDDEN = /[\0-\x1f\x7f\\]/;

function decode(path: string): string | null {
	// An encoded slash is data, and no name of a file has one.
	if (/%2f/i.test(path)) return null;
	try {
		return decodeURIComponent(path);
	} catch {
		return null;
	}
}

/** The ending of a path's last name in lower case, without its dot; '' where it has none. */
export function endingOf(path: string): string {
	const dot = path.lastIndexOf('.');
	return dot <= path.lastIndexOf('/') + 1 ? '' : path.slice(dot + 1).toLowerCase();
}

/**
 * A part of the name that a build tool made of the content: 8 characters or more of hex, or 8 of letters, `-` and `_`,
 * capitals among them; in both a letter follows a digit, as in no `Report01` and no `20240131`.
 */
const HASH =
	/[.-](?:(?=[0-9a-f]*\d[a-f])[0-9a-f]{8,64}|(?=[\w-]*\d[A-Za-z])(?=[\w-]*[A-Z])[\w-]{8})(?:\.[A-Za-z0-9]+)+$/;

/** Whether the name says that its content never changes. Names in doubt are not taken for such: that only costs a 304. */
export const isHashed = (path: string): boolean => HASH.test(path.slice(path.lastIndexOf('/') + 1));
