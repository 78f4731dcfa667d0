/** Which keys of stored answers (see `CacheKeyBuilder`) a URL or a prefix of URLs means. */
import { placeOf, plainPlace } from './plain-place.ts';

const ANY_HOST = '*';

/** What the places of keys under a prefix begin with: `api.example.com/v1/`, with or without a scheme; of a host alone all of it. */
export function beginsUnder(prefix: string): string[] {
	const text = prefix.replace(/^https?:\/\//i, '');
	const slash = text.indexOf('/');
	const host = (slash < 0 ? text : text.slice(0, slash)).toLowerCase();
	if (slash >= 0) return [plainPlace(host + text.slice(slash)), plainPlace(ANY_HOST + text.slice(slash))];
	const own = plainPlace(host);
	return own === '' ? [''] : [`${own}/`, `${own}:`, `${ANY_HOST}/`];
}

/** Keys whose host and path begin so. */
export function keysUnder(prefixes: readonly string[]): (key: Buffer) => boolean {
	const begins = new Set(prefixes.flatMap(beginsUnder));
	// Of thousands there are a few lengths.
	const lengths = [...new Set([...begins].map(({ length }) => length))];
	return (key) => {
		const place = placeOf(key);
		return lengths.some((length) => length <= place.length && begins.has(place.slice(0, length)));
	};
}

export interface UrlPlaces {
	/** Host and path: as the URL says it, and for keys without a host. */
	readonly paths: readonly string[];
	readonly parameters: readonly string[];
}

/** null: it is no URL. */
export function placesOf(text: string): UrlPlaces | null {
	const url = URL.parse(text);
	if (url === null) return null;
	const { host, pathname, search } = url;
	const paths = [plainPlace(host + pathname), plainPlace(ANY_HOST + pathname)];
	return { paths, parameters: [...new Set(plainPlace(search).slice(1).split('&'))] };
}

/**
 * Keys of URLs, whatever else they hold: other schemes, other values of fields that are part of the key. A route may
 * leave parameters out of its keys, or sort them: what differs in nothing else is meant too.
 */
export function keysOf(urls: readonly string[]): (key: Buffer) => boolean {
	/** The parameters of each URL, by host and path. */
	const asked = new Map<string, ReadonlySet<string>[]>();
	for (const { paths, parameters } of urls.map(placesOf).filter((one) => one !== null)) {
		const each = new Set(parameters);
		for (const place of paths) {
			const known = asked.get(place);
			if (known === undefined) asked.set(place, [each]);
			else known.push(each);
		}
	}
	return (key) => {
		const [place = '', query] = placeOf(key).split(/\?(.*)/s, 2);
		const meant = asked.get(place);
		if (meant === undefined || query === undefined) return meant !== undefined;
		const held = query.split('&');
		return meant.some((parameters) => held.every((each) => parameters.has(each)));
	};
}
