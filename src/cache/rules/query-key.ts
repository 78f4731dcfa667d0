import type { CacheKeyPolicy } from '../cache-policy.ts';

/** A query with more parameters is taken as it came: each of its orders is a key of its own, but none costs much. */
const SORTED_MOST = 100;

/** What of a query (with its `?`, or empty) is part of the key; `%` is not decoded, since origins differ in that. */
export type QueryKey = (query: string) => string;

export function queryKeyOf(policy: CacheKeyPolicy['query']): QueryKey {
	if (policy === 'all') return (query) => query;
	if (policy === 'none') return () => '';
	if (policy === 'sorted') return sorted;
	if ('only' in policy) {
		const matches = matcherOf(policy.only.map((name) => name.toLowerCase()));
		return (query) => kept(query, (name) => matches(name.toLowerCase()) || ODD.test(name));
	}
	const matches = matcherOf(policy.except);
	return (query) => kept(query, (name) => !matches(name));
}

/**
 * Some origin may take such a name for one that is plain: it reads escapes, `page.no` is `page_no` to PHP, and `page[]` a
 * `page` to many; nor do all tell `PAGE` from `page`. What is left out of a key must not change the answer.
 */
const ODD = /[^\w-]/;

/** `a*` matches each name that begins with `a`. */
function matcherOf(names: readonly string[]): (name: string) => boolean {
	const whole = new Set(names.filter((name) => !name.endsWith('*')));
	const prefixes = names.filter((name) => name.endsWith('*')).map((name) => name.slice(0, -1));
	return (name) => whole.has(name) || prefixes.some((prefix) => name.startsWith(prefix));
}

const nameOf = (parameter: string): string => {
	const equals = parameter.indexOf('=');
	return equals < 0 ? parameter : parameter.slice(0, equals);
};

/**
 * A parameter with a `;` is kept in any case: to some origins it ends there, and what stands behind it is another one
 * that would not be part of the key (parameter cloaking).
 */
function kept(query: string, keep: (name: string) => boolean): string {
	if (query.length < 2) return '';
	const parameters = query.slice(1).split('&');
	const result = parameters.filter((parameter) => keep(nameOf(parameter)) || parameter.includes(';'));
	return result.length === 0 ? '' : `?${result.join('&')}`;
}

/** By name; those of one name stay in their order, which origins may go by. */
function sorted(query: string): string {
	if (query.length < 2) return query;
	const parameters = query.slice(1).split('&');
	if (parameters.length === 1 || parameters.length > SORTED_MOST) return query;
	const named = parameters.map((parameter) => ({ parameter, name: nameOf(parameter) }));
	named.sort((one, other) => (one.name < other.name ? -1 : one.name > other.name ? 1 : 0));
	return `?${named.map(({ parameter }) => parameter).join('&')}`;
}
