import { dictionaryOf, type Item } from './structured-dictionary.ts';

/** Longest lifetime that is told apart, s (RFC 9111 §1.2.2): what is longer counts as this. */
export const DELTA_MOST = 2_147_483_648;
/** Most directives that are read: the rest of a longer list is hostile. */
const DIRECTIVES_MOST = 100;

/** No such directive, and one whose value makes no sense or that stands there twice and differs. */
export const Delta = { none: -1, invalid: -2 } as const;

/** What a response says of its storing (RFC 9111 §5.2.2, RFC 5861, RFC 8246). Seconds, or `Delta`. */
export type Directives = Readonly<Said>;

export interface Said {
	noStore: boolean;
	noCache: boolean;
	private: boolean;
	public: boolean;
	/** `must-revalidate` or `proxy-revalidate`. */
	mustRevalidate: boolean;
	mustUnderstand: boolean;
	noTransform: boolean;
	maxAge: number;
	sMaxage: number;
	staleWhileRevalidate: number;
	staleIfError: number;
	/** Lower-case names of fields that `private` and `no-cache` keep out of the store. */
	unstored: string[];
}

/** An answer that says nothing of its storing. */
export function nothingSaid(): Said {
	return {
		noStore: false,
		noCache: false,
		private: false,
		public: false,
		mustRevalidate: false,
		mustUnderstand: false,
		noTransform: false,
		maxAge: Delta.none,
		sMaxage: Delta.none,
		staleWhileRevalidate: Delta.none,
		staleIfError: Delta.none,
		unstored: [],
	};
}

type Seconds = 'maxAge' | 'sMaxage' | 'staleWhileRevalidate' | 'staleIfError';

const SECONDS: ReadonlyMap<string, Seconds> = new Map([
	['max-age', 'maxAge'],
	['s-maxage', 'sMaxage'],
	['stale-while-revalidate', 'staleWhileRevalidate'],
	['stale-if-error', 'staleIfError'],
]);

/**
 * Reads all lines of `Cache-Control`, joined by commas. Tolerant where that is safe (quoted numbers, unknown
 * directives, empty members), and to the safe side elsewhere: what cannot be read is no lifetime, a restriction with a
 * senseless value still restricts.
 */
export function parseCacheControl(text: string): Directives {
	const found = remembered.get(text);
	if (found !== undefined) return found;
	const directives = read(text);
	if (text.length <= REMEMBERED_LENGTH) {
		if (remembered.size >= REMEMBERED_MOST) remembered.clear();
		remembered.set(text, directives);
	}
	return directives;
}

/** An origin says few different things. */
const REMEMBERED_LENGTH = 256;
const REMEMBERED_MOST = 256;
const remembered = new Map<string, Directives>();

function read(text: string): Said {
	const directives = nothingSaid();
	let at = 0;
	for (let count = 0; at < text.length; count++) {
		const end = memberEnd(text, at);
		// What stands behind so many, or in half a quoted string, may forbid the storing.
		if (count === DIRECTIVES_MOST || end < 0) {
			directives.noStore = true;
			break;
		}
		take(directives, text.slice(at, end).trim());
		at = end + 1;
	}
	return directives;
}

/**
 * Where the member that begins at `at` ends: at a comma outside of a quoted string, or at the end. -1: nobody can say,
 * since a quoted string never ends, and there are commas in it.
 */
export function memberEnd(text: string, at: number): number {
	let quoted = false;
	for (let i = at; i < text.length; i++) {
		const char = text[i];
		if (quoted && char === '\\') i++;
		else if (char === '"') quoted = !quoted;
		else if (char === ',' && !quoted) return i;
	}
	return quoted && text.includes(',', at) ? -1 : text.length;
}

function take(directives: Said, member: string): void {
	if (member === '') return;
	const equals = member.indexOf('=');
	// `max-age =60` is no directive that could be obeyed, but says that one was meant.
	const name = (equals < 0 ? member : member.slice(0, equals)).trimEnd().toLowerCase();
	const value = equals < 0 ? null : unquoted(member.slice(equals + 1));
	const seconds = SECONDS.get(name);
	if (seconds !== undefined) {
		const spaced = equals > 0 && /[ \t]/.test(member.charAt(equals - 1));
		setSeconds(directives, seconds, value === null || spaced ? Delta.invalid : deltaOf(value));
	} else restrict(directives, name, value);
}

/** Two that differ: whichever was meant, nothing is fresh for longer than the origin wanted (RFC 9111 §4.2.1). */
function setSeconds(directives: Said, name: Seconds, delta: number): void {
	const before = directives[name];
	directives[name] = before === Delta.none || before === delta ? delta : Delta.invalid;
}

function restrict(directives: Said, name: string, value: string | null): void {
	switch (name) {
		case 'no-store':
			directives.noStore = true;
			break;
		case 'no-cache':
			if (!addNames(directives, value)) directives.noCache = true;
			break;
		case 'private':
			if (!addNames(directives, value)) directives.private = true;
			break;
		case 'public':
			directives.public = true;
			break;
		case 'must-revalidate':
		case 'proxy-revalidate':
			directives.mustRevalidate = true;
			break;
		case 'must-understand':
			directives.mustUnderstand = true;
			break;
		case 'no-transform':
			directives.noTransform = true;
			break;
		default:
	}
}

/** False: these are no field names, so the directive holds for the whole answer. */
function addNames(directives: Said, value: string | null): boolean {
	if (value === null) return false;
	const names = value
		.toLowerCase()
		.split(',')
		.map((name) => name.trim())
		.filter((name) => name !== '');
	if (names.length === 0 || !names.every((name) => /^[!#$%&'*+.^_`|~0-9a-z-]+$/.test(name))) return false;
	directives.unstored.push(...names);
	return true;
}

/** The content of a quoted string; a token as it is; null for half a quoted string. */
function unquoted(value: string): string | null {
	if (!value.startsWith('"')) return value;
	const inner = /^"((?:[^"\\]|\\.)*)"$/.exec(value)?.[1];
	return inner === undefined ? null : inner.replace(/\\(.)/g, '$1');
}

/** Whole seconds, as many digits as there are (RFC 9111 §1.2.2); `Delta.invalid` for anything else. */
export function deltaOf(value: string): number {
	return /^[0-9]+$/.test(value) ? Math.min(Number(value), DELTA_MOST) : Delta.invalid;
}

/**
 * Reads all lines of a targeted field, joined by commas (RFC 9213 §2.1). null: it is empty or no dictionary, so it says
 * nothing at all. Members of a wrong type: no lifetime, but a restriction unless they are `?0`.
 */
export function parseTargeted(text: string): Directives | null {
	const members = dictionaryOf(text);
	if (members === null || members.size === 0) return null;
	const directives = nothingSaid();
	for (const [name, item] of members) {
		const seconds = SECONDS.get(name);
		if (seconds !== undefined) directives[seconds] = secondsOf(item);
		else if (item.value !== false) restrict(directives, name, item.kind === 'string' ? item.value : null);
	}
	return directives;
}

const secondsOf = (item: Item): number =>
	item.kind === 'integer' && item.value >= 0 ? Math.min(item.value, DELTA_MOST) : Delta.invalid;
