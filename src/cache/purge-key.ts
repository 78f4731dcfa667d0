/** Which keys of stored answers (see `CacheKeyBuilder`) a URL or a prefix of URLs means, in whatever spelling both are. */
import { unescaped } from './rules/unescaped.ts';

const SPACE = 32;
const ANY_HOST = '*';

/** Host and target of a key, without its scheme and what else it holds. */
function placeOf(key: Buffer): string {
	const space = key.indexOf(SPACE, 1);
	return key.toString('latin1', 1, space < 0 ? key.length : space);
}

/** Keys whose host and path begin so: `api.example.com/v1/`, with or without a scheme. */
export function keysUnder(prefixes: readonly string[]): (key: Buffer) => boolean {
	const begins = prefixes.flatMap((prefix) => {
		const text = prefix.replace(/^https?:\/\//i, '');
		const slash = text.indexOf('/');
		const path = slash < 0 ? '' : text.slice(slash);
		const own = (slash < 0 ? text : text.slice(0, slash)).toLowerCase() + path;
		return path === '' ? [own] : [unescaped(own), ANY_HOST + unescaped(path)];
	});
	const byLength = Map.groupBy(begins, ({ length }) => length);
	const all = [...byLength].map(([length, some]) => [length, new Set(some)] as const);
	return (key) => {
		const place = unescaped(placeOf(key));
		return all.some(([length, some]) => some.has(place.slice(0, length)));
	};
}

/**
 * Keys of URLs, whatever else they hold: other schemes, other values of fields that are part of the key. A route may
 * leave parameters out of its keys, or sort them: what differs in nothing else is meant too.
 */
export function keysOf(urls: readonly string[]): (key: Buffer) => boolean {
	/** The parameters of each URL, by host and path. */
	const asked = new Map<string, ReadonlySet<string>[]>();
	for (const url of urls) {
		const { host, pathname, search } = new URL(url);
		const parameters = new Set(search.slice(1).split('&').map(unescaped));
		const path = unescaped(pathname);
		for (const place of [host + path, ANY_HOST + path]) {
			const known = asked.get(place);
			if (known === undefined) asked.set(place, [parameters]);
			else known.push(parameters);
		}
	}
	return (key) => {
		const [place = '', query] = placeOf(key).split(/\?(.*)/s, 2);
		const meant = asked.get(unescaped(place));
		if (meant === undefined || query === undefined) return meant !== undefined;
		const held = query.split('&').map(unescaped);
		return meant.some((parameters) => held.every((each) => parameters.has(each)));
	};
}
