/** What several nodes share: how the Redis is reached, and who one is there. */
import { parseAddress } from '../redis/address.ts';
import {
	KEY_PREFIX,
	REDIS_PORT,
	type RedisConfig,
	type RedisInput,
	type RedisLogin,
	type RedisPlace,
	type RedisTls,
	SENTINEL_PORT,
	type StateConfig,
	type StateInput,
} from '../redis/config.ts';
import type { Place } from './scope.ts';

type Long = Extract<RedisInput, object>;
const MAX_PEM_BYTES = 1_048_576;
const WAYS = ['url', 'sentinels', 'cluster'] as const;

export function resolveState(input: StateInput | undefined, place: Place): StateConfig {
	if (input?.redis === undefined) return { redis: null };
	const at = place.at('redis');
	const short = typeof input.redis === 'string';
	const long: Long = typeof input.redis === 'string' ? { url: input.redis } : input.redis;
	return { redis: resolveRedis(long, at, short ? at : at.at('url')) };
}

/** null (and a problem) where it cannot be reached. `urlPlace`: where the URL stands. */
function resolveRedis(input: Long, place: Place, urlPlace: Place): RedisConfig | null {
	const ways = WAYS.filter((way) => input[way] !== undefined);
	const [way] = ways;
	if (way === undefined || ways.length > 1) {
		place.problem(
			way === undefined
				? 'expected `url`, `sentinels` or `cluster`'
				: `expected one of ${WAYS.map((one) => `\`${one}\``).join(', ')}; there are ${ways.length}`,
			{ at: 'key' },
		);
		return null;
	}
	const secrets: string[] = [];
	const own = loginOf(input, place, secrets);
	const url = input.url === undefined ? null : urlOf(input.url, urlPlace, secrets);
	if (input.url !== undefined && url === null) return null;
	const found = placeOf(input, { place, secrets, url });
	if (found === null) return null;
	const database = input.database ?? url?.database ?? 0;
	if (found.kind === 'cluster' && database !== 0)
		place.at('database').problem('expected 0, or nothing: a cluster has only that database', { value: database });
	return {
		place: found,
		login: {
			username: own.username ?? url?.login.username ?? null,
			password: own.password ?? url?.login.password ?? null,
		},
		database,
		tls:
			tlsOf(input.tls, place.at('tls')) ??
			(url?.secure === true && input.tls === undefined ? { ca: null, caFile: null, name: null } : null),
		keyPrefix: input.keyPrefix ?? KEY_PREFIX,
		secrets: [...new Set(secrets)],
	};
}

function placeOf(
	input: Long,
	{ place, secrets, url }: { place: Place; secrets: string[]; url: FoundUrl | null },
): RedisPlace | null {
	const nodesOf = (texts: readonly string[], port: number) => texts.flatMap((text) => parseAddress(text, port) ?? []);
	if (input.cluster !== undefined) return { kind: 'cluster', nodes: nodesOf(input.cluster, REDIS_PORT) };
	if (input.sentinels === undefined) return url === null ? null : { kind: 'single', node: url.node };
	const { name, nodes } = input.sentinels;
	const login = loginOf(input.sentinels, place.at('sentinels'), secrets);
	return { kind: 'sentinel', name, nodes: nodesOf(nodes, SENTINEL_PORT), login };
}

function loginOf(input: Pick<Long, 'username' | 'password'>, place: Place, secrets: string[]): RedisLogin {
	const { username, password } = input;
	const name = typeof username === 'object' ? place.at('username').secret(username) : username;
	const word = password === undefined ? undefined : place.at('password').secret(password);
	if (typeof username === 'object' && name !== undefined) secrets.push(name);
	if (word !== undefined) secrets.push(word);
	return { username: name ?? null, password: word ?? null };
}

interface FoundUrl {
	readonly node: { readonly host: string; readonly port: number };
	readonly login: RedisLogin;
	readonly database: number | null;
	readonly secure: boolean;
}

function urlOf(input: NonNullable<Long['url']>, place: Place, secrets: string[]): FoundUrl | null {
	const text = typeof input === 'string' ? input : place.secret(input);
	if (text === undefined) return null;
	const url = URL.parse(text);
	const host = url?.hostname.replace(/^\[(.*)\]$/, '$1') ?? '';
	const database = /^\/?(\d{0,4})$/.exec(url?.pathname ?? '')?.[1];
	if (
		url === null ||
		!/^(?:redis|rediss|valkey|valkeys):$/.test(url.protocol) ||
		host === '' ||
		database === undefined
	) {
		place.problem('expected a URL such as redis://10.0.0.5:6379/0');
		return null;
	}
	if (typeof input === 'string' && url.password !== '') {
		place.problem('expected a URL without a password; give it as `password`, or the whole URL, by reference');
		return null;
	}
	const [username, password] = [decoded(url.username), decoded(url.password)];
	if (password !== '') secrets.push(password, text);
	return {
		node: { host, port: url.port === '' ? REDIS_PORT : Number(url.port) },
		login: { username: username === '' ? null : username, password: password === '' ? null : password },
		database: database === '' ? null : Number(database),
		secure: /^(?:rediss|valkeys):$/.test(url.protocol),
	};
}

function decoded(text: string): string {
	try {
		return decodeURIComponent(text);
	} catch {
		return text;
	}
}

/** null: none. */
function tlsOf(input: Long['tls'], place: Place): RedisTls | null {
	if (input === undefined || input === false) return null;
	if (input === true) return { ca: null, caFile: null, name: null };
	const ca = input.ca === undefined ? null : (place.at('ca').read(input.ca, MAX_PEM_BYTES) ?? null);
	if (ca !== null && !ca.includes('-----BEGIN CERTIFICATE-----'))
		place.at('ca').problem('expected a PEM file with a certificate', { value: input.ca });
	return { ca, caFile: input.ca === undefined ? null : place.scope.file(input.ca), name: input.name ?? null };
}
