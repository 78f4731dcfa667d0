/** Texts that were read of late, by a few of their bytes: origins and browsers say the same again and again. */
const PLACES = 256;
/** Longer ones are read anew. */
const LENGTH_MOST = 128;
const known: ({ bytes: Uint8Array; text: string } | undefined)[] = new Array(PLACES).fill(undefined);

/** The text of one byte a character in bytes[start, end), mostly without making it. */
export function interned(bytes: Buffer, start: number, end: number): string {
	const length = end - start;
	if (length === 0) return '';
	if (length > LENGTH_MOST) return bytes.toString('latin1', start, end);
	const place = (length * 31 + (bytes[start] as number) * 7 + (bytes[end - 1] as number)) & (PLACES - 1);
	const found = known[place];
	if (found !== undefined && found.bytes.length === length && isAt(bytes, start, found.bytes)) return found.text;
	const text = bytes.toString('latin1', start, end);
	known[place] = { bytes: Uint8Array.prototype.slice.call(bytes, start, end), text };
	return text;
}

function isAt(bytes: Buffer, start: number, part: Uint8Array): boolean {
	let same = 0;
	while (same < part.length && bytes[start + same] === part[same]) same++;
	return same === part.length;
}
