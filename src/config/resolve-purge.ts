/** Who may purge, and who is told: which keys belong to which kind of target, and their secrets. */
import {
	DEFAULT_CALLS,
	PURGE_TARGET_TYPES,
	type PurgeConfig,
	type PurgeInput,
	type PurgeTargetConfig,
	type PurgeTargetInput,
	type PurgeTargetType,
} from '../cdn/config.ts';
import { CLOUDFLARE_URL } from '../cdn/targets/cloudflare.ts';
import { FASTLY_URL } from '../cdn/targets/fastly.ts';
import type { Place } from './scope.ts';
import { type Entry, type EntryTypes, headersOf, typeOfEntry } from './typed-entry.ts';

type Key = Exclude<keyof PurgeTargetInput, 'type' | 'rate'>;
type To = PurgeTargetConfig['to'];

const KEYS: Readonly<Record<PurgeTargetType, readonly [must: readonly Key[], may: readonly Key[]]>> = {
	cloudflare: [['zone', 'token'], ['url']],
	fastly: [['service', 'token'], ['url']],
	ballast: [['url', 'token'], []],
	webhook: [['url'], ['method', 'headers', 'secret']],
};
const TYPES: EntryTypes<PurgeTargetType> = { noun: 'target', types: PURGE_TARGET_TYPES, keys: KEYS };

/** Shortest token that can be told from a guess, characters. */
const LEAST_TOKEN = 16;

export function resolvePurge(input: PurgeInput, place: Place): PurgeConfig {
	const token = input.token === undefined ? undefined : place.at('token').secret(input.token);
	if (token !== undefined && !(token.length >= LEAST_TOKEN && /^[\x21-\x7e]+$/.test(token)))
		place.at('token').problem(`expected a token of at least ${LEAST_TOKEN} characters of ASCII without blanks`);
	const targets = Object.entries(input.targets ?? {}).flatMap(([name, one]) => {
		const at = place.at('targets', name);
		const type = typeOfEntry(name, TYPES, { input: one, place: at });
		if (type === null) return [];
		const secrets: string[] = [];
		const to = targetOf(type, { input: one, place: at, secrets });
		const perMinute = one.rate ?? DEFAULT_CALLS[type];
		return to === null ? [] : [{ name, perMinute, to, secrets: [...new Set(secrets)] }];
	});
	return { token: token ?? null, targets };
}

function targetOf(type: PurgeTargetType, one: Entry<PurgeTargetInput>): To | null {
	const { input, place, secrets } = one;
	const url = urlOf(type, one);
	if (type === 'webhook') {
		const secret = input.secret === undefined ? undefined : place.at('secret').secret(input.secret);
		if (secret !== undefined) secrets.push(secret);
		if (url === null || (input.secret !== undefined && secret === undefined)) return null;
		return { type, url, method: input.method ?? 'POST', headers: headersOf(one), secret: secret ?? null };
	}
	const token = input.token === undefined ? undefined : place.at('token').secret(input.token);
	if (token === undefined || url === null) return null;
	secrets.push(token);
	if (!/^[\x21-\x7e]+$/.test(token)) {
		place.at('token').problem('expected a token of ASCII without blanks');
		return null;
	}
	if (type === 'ballast') return { type, token, url };
	return type === 'cloudflare'
		? { type, zone: input.zone ?? '', token, url }
		: { type, service: input.service ?? '', token, url };
}

const OWN_URL = { cloudflare: CLOUDFLARE_URL, fastly: FASTLY_URL } as const;

/** null (and a problem) where it is none. */
function urlOf(type: PurgeTargetType, { input, place, secrets }: Entry<PurgeTargetInput>): string | null {
	if (input.url === undefined) return type === 'cloudflare' || type === 'fastly' ? OWN_URL[type] : null;
	const at = place.at('url');
	const url = typeof input.url === 'string' ? input.url : at.secret(input.url);
	if (url === undefined) return null;
	if (typeof input.url !== 'string') secrets.push(url);
	const complaint = complainOfUrl(type, url);
	if (complaint === null) return url.replace(/\/$/, '');
	at.problem(complaint);
	return null;
}

function complainOfUrl(type: PurgeTargetType, url: string): string | null {
	// A word that nobody's host has stands for what is filled in.
	const filled = URL.parse(url.replaceAll('{item}', 'ballastfilled').replaceAll('{kind}', 'ballastfilled'));
	if (filled === null || !/^https?:$/.test(filled.protocol) || filled.hash !== '')
		return 'expected a URL such as https://hooks.example.com/purge/{kind}';
	if (filled.username !== '' || filled.password !== '')
		return 'expected a URL without a name and a password; `headers` can hold an Authorization by reference';
	if (filled.host.includes('ballastfilled')) return 'expected `{kind}` and `{item}` in the path or the query';
	const other = /\{(?!kind\}|item\})[^}]*\}/.exec(url)?.[0];
	if (other !== undefined) return `expected {kind} or {item}; \`${other}\` is neither`;
	return type !== 'webhook' && url.includes('{')
		? 'expected a URL without {kind} and {item}: those are of `webhook`'
		: null;
}
