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
import { closest } from '../core/closest.ts';
import { orList } from '../core/or-list.ts';
import type { Place } from './scope.ts';

type Key = Exclude<keyof PurgeTargetInput, 'type' | 'rate'>;
type To = PurgeTargetConfig['to'];

/** What must be there, then what may. */
const KEYS: Readonly<Record<PurgeTargetType, readonly [must: readonly Key[], may: readonly Key[]]>> = {
	cloudflare: [['zone', 'token'], ['url']],
	fastly: [['service', 'token'], ['url']],
	ballast: [['url', 'token'], []],
	webhook: [['url'], ['method', 'headers', 'secret']],
};

/** Shortest token that can be told from a guess, characters. */
const LEAST_TOKEN = 16;

export function resolvePurge(input: PurgeInput, place: Place): PurgeConfig {
	const token = input.token === undefined ? undefined : place.at('token').secret(input.token);
	if (token !== undefined && !(token.length >= LEAST_TOKEN && /^[\x21-\x7e]+$/.test(token)))
		place.at('token').problem(`expected a token of at least ${LEAST_TOKEN} characters of ASCII without blanks`);
	const targets = Object.entries(input.targets ?? {}).flatMap(([name, one]) => {
		const at = place.at('targets', name);
		if (!/^[a-z][a-z0-9_-]{0,62}$/i.test(name))
			at.problem('expected a name of letters, digits, `_` and `-`, a letter first, at most 63', { at: 'key' });
		const type = typeOf(name, one, at);
		if (type === null || !checkKeys(type, one, at)) return [];
		const secrets: string[] = [];
		const to = targetOf(type, { input: one, place: at, secrets });
		const perMinute = one.rate ?? DEFAULT_CALLS[type];
		return to === null ? [] : [{ name, perMinute, to, secrets: [...new Set(secrets)] }];
	});
	return { token: token ?? null, targets };
}

const isType = (name: string): name is PurgeTargetType => (PURGE_TARGET_TYPES as readonly string[]).includes(name);

function typeOf(name: string, { type }: PurgeTargetInput, place: Place): PurgeTargetType | null {
	if (type !== undefined) return type;
	if (isType(name)) return name;
	if (place.at('type').isCut()) return null;
	const near = closest(name, PURGE_TARGET_TYPES);
	const meant = near === undefined ? '' : `; did you mean \`${near}\`?`;
	place.problem(`expected a \`type\`, since the name is none of ${orList(PURGE_TARGET_TYPES)}${meant}`, { at: 'key' });
	return null;
}

function checkKeys(type: PurgeTargetType, input: PurgeTargetInput, place: Place): boolean {
	const [must, may] = KEYS[type];
	const given = Object.keys(input).filter((key): key is Key => key !== 'type' && key !== 'rate');
	for (const key of given) {
		if (must.includes(key) || may.includes(key)) continue;
		const message = `expected nothing here: a target of type ${type} takes ${[...must, ...may].join(', ')}`;
		place.at(key).problem(message, { at: 'key' });
	}
	const missing = must.filter((key) => input[key] === undefined);
	if (missing.length > 0 && !place.lostKey()) {
		const names = missing.map((key) => `\`${key}\``).join(' and ');
		place.problem(`expected ${names}: a target of type ${type} needs it`, { at: 'key' });
	}
	return missing.length === 0;
}

interface Input {
	input: PurgeTargetInput;
	place: Place;
	/** Filled with all that must not be shown. */
	secrets: string[];
}

function targetOf(type: PurgeTargetType, one: Input): To | null {
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
function urlOf(type: PurgeTargetType, { input, place, secrets }: Input): string | null {
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

function headersOf({ input, place, secrets }: Input): [string, string][] {
	return Object.entries(input.headers ?? {}).flatMap(([name, value]) => {
		const at = place.at('headers', name);
		if (!/^[!#$%&'*+.^_`|~0-9A-Za-z-]{1,100}$/.test(name))
			at.problem('expected the name of a header field', { at: 'key' });
		const text = typeof value === 'object' ? at.secret(value) : String(value);
		if (text === undefined) return [];
		if (!/^[\t\x20-\x7e]*$/.test(text)) {
			at.problem('expected text of ASCII on one line');
			return [];
		}
		// Whatever stands in a field may be a token.
		if (text !== '') secrets.push(text);
		return [[name, text] satisfies [string, string]];
	});
}
