/** Which keys of stored answers (see `CacheKeyBuilder`) a URL or a prefix of URLs means. */

const SPACE = 32;
const ANY_HOST = '*';

/** Host and target of a key, without its scheme and what else it holds. */
function placeOf(key: Buffer): string {
	const space = key.indexOf(SPACE, 1);
	return key.toString('latin1', 1, space < 0 ? key.length : space);
}

/** Keys whose host and path begin so: `api.example.com/v1/`, with or without a scheme. */
export function keysUnder(prefix: string): (key: Buffer) => boolean {
	const text = prefix.replace(/^https?:\/\//i, '');
	const slash = text.indexOf('/');
	const host = (slash < 0 ? text : text.slice(0, slash)).toLowerCase();
	const path = slash < 0 ? '' : text.slice(slash);
	return (key) => {
		const place = placeOf(key);
		return place.startsWith(host + path) || (path !== '' && place.startsWith(ANY_HOST + path));
	};
}

/**
 * Keys of a URL, whatever else they hold: other schemes, other values of fields that are part of the key. A route may
 * leave parameters out of its keys, or sort them: what differs in nothing else is meant too.
 */
export function keysOf(url: string): (key: Buffer) => boolean {
	const { host, pathname, search } = new URL(url);
	const asked = new Set(search.slice(1).split('&'));
	const places = new Set([host + pathname, ANY_HOST + pathname]);
	return (key) => {
		const place = placeOf(key);
		const question = place.indexOf('?');
		if (!places.has(question < 0 ? place : place.slice(0, question))) return false;
		return (
			question < 0 ||
			place
				.slice(question + 1)
				.split('&')
				.every((each) => asked.has(each))
		);
	};
}
