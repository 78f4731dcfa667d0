const SPACE = 32;
/** What stands for itself in a target, wherever it is. */
const ODD = /[^\w\-.~!$&()*+,;=:@/?]/;
const OWN_PORT = /^([^/]*):(?:80|443)(?=\/|$)/;
const UNRESERVED = /[\w\-.~]/;

/**
 * Host and target as purges and keys of stored answers are compared: clients write one URL in many ways (RFC 3986 §6.2),
 * each of which is a key of its own, since origins may tell them apart; a purge means them all. Unreserved characters are
 * not encoded, all others but delimiters are, in upper case; a host has no port that is a scheme's own.
 */
export function plainPlace(place: string): string {
	const host = place.replace(OWN_PORT, '$1');
	if (!ODD.test(host)) return host;
	return host.replace(/%[\da-f]{2}|[^\w\-.~!$&()*+,;=:@/?%]/gi, (found) => {
		const code = found.length === 3 ? Number.parseInt(found.slice(1), 16) : found.charCodeAt(0);
		const text = String.fromCharCode(code);
		if (UNRESERVED.test(text)) return text;
		return `%${code.toString(16).toUpperCase().padStart(2, '0')}`;
	});
}

/** Host and target of a key (see `CacheKeyBuilder`), without its scheme and what else it holds. */
export function placeOf(key: Buffer): string {
	const space = key.indexOf(SPACE, 1);
	return plainPlace(key.toString('latin1', 1, space < 0 ? key.length : space));
}
