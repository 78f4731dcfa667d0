import { lowerCase, trim, trimEnd, trimStart } from './white-space.ts';

/** Fields whose order of members and letter case say nothing: only their weights do (RFC 9110 §12.5). */
const LISTS: ReadonlySet<string> = new Set(['accept-encoding', 'accept-language', 'accept-charset']);
/** Longer values are normalised each time they are met. */
const REMEMBERED_LENGTH = 256;
const REMEMBERED_MOST = 512;

const lists = new Map<string, string>();
const others = new Map<string, string>();

/** One form for all values of a request field (lower-case name) that mean the same, so that they select the same answer (RFC 9111 §4.1). */
export function normalised(name: string, value: string): string {
	const list = LISTS.has(name);
	const known = list ? lists : others;
	const found = known.get(value);
	if (found !== undefined) return found;
	const result = list ? sortedList(value) : withoutGaps(value);
	if (value.length <= REMEMBERED_LENGTH) {
		if (known.size >= REMEMBERED_MOST) known.clear();
		known.set(value, result);
	}
	return result;
}

function sortedList(value: string): string {
	const members = new Set<string>();
	for (const member of lowerCase(value)
		.replace(/[ \t]+/g, '')
		.split(',')) {
		if (member !== '') members.add(withPlainWeight(member));
	}
	return [...members].sort().join(',');
}

/** `;q=1.0` says nothing, `;q=0.50` what `;q=0.5` does. */
function withPlainWeight(member: string): string {
	const at = member.indexOf(';q=');
	if (at < 0) return member;
	const weight = member.slice(at + 3);
	if (!/^(?:0(?:\.[0-9]{0,3})?|1(?:\.0{0,3})?)$/.test(weight)) return member;
	const plain = String(Number(weight));
	return plain === '1' ? member.slice(0, at) : `${member.slice(0, at)};q=${plain}`;
}

/** Without the white space beside commas, which lines that are joined differ by; quoted strings stay as they are. */
function withoutGaps(value: string): string {
	if (!value.includes(',')) return trim(value);
	const parts = value.match(/"(?:[^"\\]|\\[\s\S])*"|"[\s\S]*|[^"]+/g) ?? [];
	return trim(parts.map((part) => (part.startsWith('"') ? part : trimmedAtCommas(part))).join(''));
}

/** Not by a pattern: one for this needs time that grows with the square of the white space. */
function trimmedAtCommas(part: string): string {
	const members = part.split(',');
	const last = members.length - 1;
	return members
		.map((member, i) => {
			const open = i === 0 ? member : trimStart(member);
			return i === last ? open : trimEnd(open);
		})
		.join(',');
}
