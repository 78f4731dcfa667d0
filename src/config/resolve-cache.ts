/** Caching: what a file says of it, laid over what it inherits. */
import {
	CACHE,
	CACHE_REDIS,
	type CacheBypass,
	type CacheConfig,
	type CacheDiskConfig,
	type CacheLifetime,
	type CachePolicy,
	type CacheRedisConfig,
	DISK_FROM_BYTES,
	NEGATIVE_STATUSES,
	PLAIN_CACHE,
	TTL_STATUSES,
} from '../cache/cache-policy.ts';
import type { CacheInput, NodeCacheInput } from '../cache/config.ts';
import { isWrittenAnew } from '../cache/rules/variant.ts';
import { parseDuration, parseShare, parseSize } from '../core/units.ts';
import type { Place } from './scope.ts';

type Said = Exclude<CacheInput, 'off' | false>;

/** null: nothing is cached. A route that says some keys keeps what its service says of the others. */
export function layCache(base: CachePolicy | null, input: CacheInput | undefined, place: Place): CachePolicy | null {
	if (input === undefined) return base;
	if (input === 'off' || input === false) return null;
	const from = base ?? PLAIN_CACHE;
	checkCache(input, place);
	return {
		key: keyOf(from, input.key),
		silent: silentOf(from.silent, input),
		override: input.override === undefined ? from.override : lifetimeOf(input.override, TTL_STATUSES),
		staleWhileRevalidateMs: windowOf(from.staleWhileRevalidateMs, input.staleWhileRevalidate),
		staleIfErrorMs: windowOf(from.staleIfErrorMs, input.staleIfError),
		staleIfUnreachableMs: windowOf(from.staleIfUnreachableMs, input.staleIfUnreachable) ?? 0,
		heuristic: heuristicOf(from.heuristic, input.heuristic),
		refreshAhead: shareOf(from.refreshAhead, input.refreshAhead),
		posts: input.methods?.includes('POST') ?? from.posts,
		bypass: input.bypass === undefined ? from.bypass : [input.bypass].flat().map(bypassOf),
		bodyMost: input.body === undefined ? from.bodyMost : (parseSize(input.body) ?? from.bodyMost),
		variantsMost: input.variants ?? from.variantsMost,
		obeyClients: input.clients === undefined ? from.obeyClients : input.clients === 'obey',
		tell: input.status ?? from.tell,
		tagFields: input.tags?.fields?.map((name) => name.toLowerCase()) ?? from.tagFields,
		hideTags: input.tags?.hide ?? from.hideTags,
		surrogate: input.surrogate ?? from.surrogate,
	};
}

function keyOf(base: CachePolicy, input: Said['key']): CachePolicy['key'] {
	if (input === undefined) return base.key;
	const { query, headers, cookies, credential, host } = input;
	const of = base.key;
	return {
		query: query === undefined ? of.query : queryOf(query),
		headers: headers?.map((name) => name.toLowerCase()) ?? of.headers,
		cookies: cookies ?? of.cookies,
		credential: credentialOf(of.credential, credential),
		anyHost: host === undefined ? of.anyHost : host === 'any',
	};
}

function credentialOf(
	base: CachePolicy['key']['credential'],
	input: NonNullable<Said['key']>['credential'],
): CachePolicy['key']['credential'] {
	if (input === undefined) return base;
	if (typeof input !== 'string' || input === 'off') return null;
	return { header: input.slice('header:'.length).toLowerCase() };
}

function queryOf(input: NonNullable<NonNullable<Said['key']>['query']>): CachePolicy['key']['query'] {
	if (typeof input === 'string') return input;
	return 'only' in input
		? { only: input.only ?? [] }
		: { except: ('except' in input ? input.except : undefined) ?? [] };
}

type Ttl = NonNullable<Said['ttl']>;

function lifetimeOf(input: Ttl, statuses: readonly number[]): CacheLifetime {
	if (typeof input === 'string') return { ms: parseDuration(input) ?? 0, statuses: [...statuses], byStatus: {} };
	const byStatus = Object.fromEntries(
		Object.entries(input).map(([status, ttl]) => [Number(status), parseDuration(ttl) ?? 0]),
	);
	return { ms: 0, statuses: [], byStatus };
}

/** `negativeTtl` is kept where only `ttl` is said, and the other way round. */
function silentOf(base: CacheLifetime, { ttl, negativeTtl }: Said): CacheLifetime {
	const negative: readonly number[] = NEGATIVE_STATUSES;
	const of = (keep: boolean) =>
		Object.fromEntries(Object.entries(base.byStatus).filter(([status]) => negative.includes(Number(status)) === keep));
	const said = ttl === undefined ? { ...base, byStatus: of(false) } : lifetimeOf(ttl, TTL_STATUSES);
	const ms = negativeTtl === undefined ? undefined : (parseDuration(negativeTtl) ?? 0);
	const negatives = ms === undefined ? of(true) : Object.fromEntries(NEGATIVE_STATUSES.map((status) => [status, ms]));
	return spelt({ ...said, byStatus: { ...negatives, ...said.byStatus } });
}

/** Status by status where no `ttl` with a `negativeTtl` says it, so that it is the same after it was printed and read. */
function spelt(lifetime: CacheLifetime): CacheLifetime {
	const { ms, statuses, byStatus } = lifetime;
	const negatives = NEGATIVE_STATUSES.map((status) => byStatus[status]);
	const told = Object.keys(byStatus).length;
	const short = told === 0 || (told === negatives.length && negatives.every((each) => each === negatives[0]));
	if (statuses.length === 0 || short) return lifetime;
	const all = Object.fromEntries(statuses.map((status) => [status, ms]));
	return { ms: 0, statuses: [], byStatus: { ...all, ...byStatus } };
}

function windowOf(base: number | null, input: Said['staleIfError']): number | null {
	if (input === undefined) return base;
	return input === 'off' || input === false ? 0 : (parseDuration(input) ?? 0);
}

const DAY_MS = 86_400_000;

function heuristicOf(base: CachePolicy['heuristic'], input: Said['heuristic']): CachePolicy['heuristic'] {
	if (input === undefined) return base;
	const share = shareOf(0, input);
	return share === 0 ? null : { share, mostMs: DAY_MS };
}

function shareOf(base: number, input: Said['refreshAhead']): number {
	if (input === undefined) return base;
	return typeof input === 'string' && input !== 'off' ? (parseShare(input) ?? 0) : 0;
}

function bypassOf(text: string): CacheBypass {
	const colon = text.indexOf(':');
	const equals = text.indexOf('=');
	const from = text.slice(0, colon) as CacheBypass['from'];
	const name = text.slice(colon + 1, equals < 0 ? undefined : equals);
	return {
		from,
		name: from === 'header' ? name.toLowerCase() : name,
		value: equals < 0 ? null : text.slice(equals + 1),
	};
}

function checkCache(input: Said, place: Place): void {
	for (const [index, name] of (input.key?.headers ?? []).entries())
		checkKeyed(name, place.at('key').at('headers').at(index));
	const credential = input.key?.credential;
	if (typeof credential === 'string' && credential !== 'off')
		checkKeyed(credential.slice('header:'.length), place.at('key').at('credential'));
	if (input.methods?.includes('GET') === false)
		place.at('methods').problem('expected GET too: what a POST brought is given to GETs');
	if (typeof input.override !== 'string' || input.ttl === undefined) return;
	const message = 'nothing is left of `ttl`: `override` is for the same statuses, whatever the origin says';
	place.at('ttl').warn(message, { at: 'key' });
}

/** What a client sends in them is not what an instance gets, so answers would be given to whom they were not made for. */
function checkKeyed(name: string, place: Place): void {
	if (isWrittenAnew(name.toLowerCase()))
		place.problem(
			`expected a field that instances get as the client sent it: \`${name.toLowerCase()}\` is written anew`,
		);
}

/** `keeps`: there is a folder for what lasts; `shared`: `state` names a Redis. */
export function resolveNodeCache(
	input: NodeCacheInput | undefined,
	place: Place,
	{ keeps, shared }: { keeps: boolean; shared: boolean },
): CacheConfig {
	const disk = diskOf(input?.disk, place.at('disk'));
	const warm = input?.warm ?? CACHE.warm;
	if (warm && !keeps) place.at('warm').problem('expected a `store`: it is off, and what is to last has no folder');
	if (disk?.folder === null && !keeps) place.at('disk').problem('expected a `folder`, since `store` is off');
	return {
		memoryBytes: input?.memory === undefined ? CACHE.memoryBytes : (parseSize(input.memory) ?? CACHE.memoryBytes),
		disk,
		warm,
		redis: resolveRedis(input?.redis, place.at('redis'), shared),
	};
}

function diskOf(input: NodeCacheInput['disk'], place: Place): CacheDiskConfig | null {
	if (input === undefined || input === 'off' || input === false) return null;
	const { size, folder, from } = typeof input === 'string' ? { size: input } : input;
	const bytes = parseSize(size) ?? 0;
	const fromBytes = from === undefined ? DISK_FROM_BYTES : (parseSize(from) ?? DISK_FROM_BYTES);
	if (fromBytes > bytes && bytes > 0) place.at('from').warn('nothing can lie on disk: `size` is smaller');
	return { bytes, folder: folder === undefined ? null : place.scope.file(folder), fromBytes };
}

/** Shortest secret that cannot be guessed, characters. */
const SECRET_LEAST = 16;

function resolveRedis(input: NodeCacheInput['redis'], place: Place, shared: boolean): CacheRedisConfig | null {
	if (input === 'off' || input === false) return null;
	if (input === undefined) return shared ? CACHE_REDIS : null;
	if (!shared) place.problem('expected a Redis to keep answers in: `state: { redis: { url: … } }`', { at: 'key' });
	const { timeout, body, life, alone } = input;
	const time = (text: string | undefined, otherwise: number) =>
		text === undefined ? otherwise : (parseDuration(text) ?? otherwise);
	const secret = input.secret === undefined ? undefined : place.at('secret').secret(input.secret);
	if (secret !== undefined && secret.length < SECRET_LEAST)
		place.at('secret').problem(`expected a secret of at least ${SECRET_LEAST} characters`);
	return {
		timeoutMs: time(timeout, CACHE_REDIS.timeoutMs),
		bodyBytes: body === undefined ? CACHE_REDIS.bodyBytes : (parseSize(body) ?? CACHE_REDIS.bodyBytes),
		lifeMs: time(life, CACHE_REDIS.lifeMs),
		aloneMs: alone === 'off' || alone === false ? 0 : time(alone, CACHE_REDIS.aloneMs),
		secret: secret ?? null,
	};
}
