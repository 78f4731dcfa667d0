import { BallastError } from '../core/errors.ts';
import { inert } from '../core/inert.ts';
import type { PurgeSelect } from './purge-target.ts';
import type { PurgeRequest } from './purger.ts';

/** Most items of one request, and most characters of one of them. */
const MOST_ITEMS = 5000;
const LONGEST = 8192;
const LONGEST_TAG = 1024;

/** Parsers of URLs leave them out, so that another one would be purged than was named. */
const CONTROL = /\p{Cc}/u;

const KEYS = ['urls', 'prefixes', 'tags', 'everything', 'soft', 'targets'];

/**
 * Reads `{ urls, prefixes, tags, everything, soft, targets }` of somebody outside; items are brought to the form in
 * which caches know them. @throws BallastError `bad_command` with all that is accepted
 */
export function readPurgeRequest(input: unknown): PurgeRequest {
	if (typeof input !== 'object' || input === null || Array.isArray(input)) throw refusal('expected a JSON object');
	const all = input as Record<string, unknown>;
	const unknown = Object.keys(all).find((key) => !KEYS.includes(key));
	if (unknown !== undefined) throw refusal(`there is no \`${shown(unknown)}\`; known are ${KEYS.join(', ')}`);
	const urls = itemsOf(all, 'urls', plainUrl);
	const prefixes = itemsOf(all, 'prefixes', plainPrefix);
	const tags = itemsOf(all, 'tags', plainTag);
	const everything = flagOf(all, 'everything');
	const some = urls.length + prefixes.length + tags.length;
	if (some > MOST_ITEMS) throw refusal(`${some} items are too many; ${MOST_ITEMS} are the most`);
	if (everything && some > 0) throw refusal('everything, or some of it: not both');
	if (!everything && some === 0) throw refusal('say what to purge: urls, prefixes, tags or everything');
	const selects: PurgeSelect[] = [
		...(urls.length === 0 ? [] : [{ urls }]),
		...(prefixes.length === 0 ? [] : [{ prefixes }]),
		...(tags.length === 0 ? [] : [{ tags }]),
		...(everything ? [{ everything: true as const }] : []),
	];
	return { selects, soft: flagOf(all, 'soft'), targets: targetsOf(all['targets']) };
}

const refusal = (why: string): BallastError => new BallastError('bad_command', `purge: ${why}`);
const shown = (text: string): string => inert(text.slice(0, 100));

function itemsOf(all: Record<string, unknown>, key: string, plain: (item: string) => string): string[] {
	const list = all[key] ?? [];
	if (!Array.isArray(list) || !list.every((item) => typeof item === 'string'))
		throw refusal(`expected a list of texts in \`${key}\``);
	if (list.length > MOST_ITEMS) throw refusal(`${list.length} ${key} are too many; ${MOST_ITEMS} are the most`);
	return [...new Set(list.map(plain))];
}

function flagOf(all: Record<string, unknown>, key: string): boolean {
	const value = all[key] ?? false;
	if (typeof value !== 'boolean') throw refusal(`expected true or false in \`${key}\``);
	return value;
}

function targetsOf(value: unknown): PurgeRequest['targets'] {
	if (value === undefined || value === 'all') return 'all';
	if (Array.isArray(value) && value.length <= 100 && value.every((one) => typeof one === 'string')) return value;
	throw refusal('expected `all` or a list of names in `targets`');
}

/** Without a fragment, its host in lower case. */
function plainUrl(text: string): string {
	const url = text.length > LONGEST || CONTROL.test(text) ? null : URL.parse(text);
	if (url === null || !/^https?:$/.test(url.protocol) || url.username !== '' || url.password !== '')
		throw refusal(`expected a whole URL such as https://api.example.com/v1/avatars, not ${shown(text)}`);
	url.hash = '';
	return url.href;
}

/** Host and path, without a scheme. */
function plainPrefix(text: string): string {
	const bare = text.replace(/^https?:\/\//i, '');
	const scheme = /^https:/i.test(text) ? 'https' : 'http';
	const url = text.length > LONGEST || CONTROL.test(text) ? null : URL.parse(`${scheme}://${bare}`);
	if (url === null || url.hostname === '' || url.username !== '' || url.password !== '' || /[?#\s\\]/.test(bare))
		throw refusal(`expected a host and the begin of a path such as api.example.com/v1/, not ${shown(text)}`);
	return url.host + (bare.includes('/') ? url.pathname : '');
}

function plainTag(text: string): string {
	if (/^[\x21-\x2b\x2d-\x7e]+$/.test(text) && text.length <= LONGEST_TAG) return text;
	throw refusal(`expected a tag of ASCII without blanks and commas, not ${shown(text)}`);
}
