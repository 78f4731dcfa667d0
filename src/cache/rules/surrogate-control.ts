import { Delta, type Directives, deltaOf, memberEnd, nothingSaid, type Said } from './directives.ts';

/** By what name origins target us. */
export const SURROGATE = 'ballast';
/** What tells them that `Surrogate-Control` is understood. */
export const SURROGATE_CAPABILITY: string = `${SURROGATE}="Surrogate/1.0"`;

/** More is hostile. */
const MEMBERS_MOST = 100;

/**
 * Reads all lines of `Surrogate-Control`, joined by commas (W3C Edge Architecture, §2): `no-store`, and `max-age=a` or
 * `max-age=a+b`, stale for `b` seconds more while it is fetched anew. A directive behind which `;ballast` stands wins over
 * one that is for all; those for others do not count. null: nothing is said to us.
 */
export function parseSurrogate(text: string): Directives | null {
	const all = nothingSaid();
	const own = nothingSaid();
	let said = false;
	let at = 0;
	for (let count = 0; at < text.length; count++) {
		const end = memberEnd(text, at);
		if (count === MEMBERS_MOST || end < 0) {
			own.noStore = true;
			said = true;
			break;
		}
		const [directive = '', ...targets] = text
			.slice(at, end)
			.split(';')
			.map((part) => part.trim());
		at = end + 1;
		const mine = targets.some((target) => target.toLowerCase() === SURROGATE);
		if (targets.length === 0 || mine) said = take(mine ? own : all, directive) || said;
	}
	if (!said) return null;
	if (own.noStore || own.maxAge !== Delta.none) return own;
	return all;
}

/** False: it is none that we know. */
function take(directives: Said, directive: string): boolean {
	if (/^no-store$/i.test(directive)) directives.noStore = true;
	else if (/^max-age\b/i.test(directive)) takeMaxAge(directives, directive);
	else return false;
	return true;
}

function takeMaxAge(directives: Said, directive: string): void {
	const [, fresh = '', stale] = /^max-age=([0-9]+)(?:\+([0-9]+))?$/i.exec(directive) ?? [];
	const seconds = deltaOf(fresh);
	// Two that differ: nothing is fresh for longer than the origin wanted.
	const before = directives.maxAge;
	directives.maxAge = before === Delta.none || before === seconds ? seconds : Delta.invalid;
	directives.staleWhileRevalidate = stale === undefined ? Delta.none : deltaOf(stale);
}
