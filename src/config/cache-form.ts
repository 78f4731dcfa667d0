/** Caching as a person would write it. */
import {
	type CacheBypass,
	type CacheConfig,
	type CacheLifetime,
	type CachePolicy,
	type CacheRedisConfig,
	NEGATIVE_STATUSES,
	TTL_STATUSES,
} from '../cache/cache-policy.ts';
import { formatDuration, formatShare, formatSize } from '../core/units.ts';
import type { StateConfig } from '../redis/config.ts';

export function cacheForm(policy: CachePolicy | null): unknown {
	if (policy === null) return 'off';
	const { key, silent, override, staleWhileRevalidateMs, staleIfErrorMs } = policy;
	const window = (ms: number | null, name: string) =>
		ms === null ? {} : { [name]: ms === 0 ? 'off' : formatDuration(ms) };
	return {
		...ttlForm(silent),
		...(override === null ? {} : { override: lifetimeForm(override) }),
		...window(staleWhileRevalidateMs, 'staleWhileRevalidate'),
		...window(staleIfErrorMs, 'staleIfError'),
		staleIfUnreachable: policy.staleIfUnreachableMs === 0 ? 'off' : formatDuration(policy.staleIfUnreachableMs),
		heuristic: policy.heuristic === null ? 'off' : formatShare(policy.heuristic.share),
		refreshAhead: policy.refreshAhead === 0 ? 'off' : formatShare(policy.refreshAhead),
		key: {
			query: key.query,
			headers: key.headers,
			cookies: key.cookies,
			credential: key.credential === null ? 'off' : `header:${key.credential.header}`,
			host: key.anyHost ? 'any' : 'own',
		},
		methods: policy.posts ? ['GET', 'POST'] : ['GET'],
		bypass: policy.bypass.map(bypassForm),
		...(policy.bodyMost === null ? {} : { body: formatSize(policy.bodyMost) }),
		variants: policy.variantsMost,
		clients: policy.obeyClients ? 'obey' : 'ignore',
		status: policy.tell,
		tags: { fields: policy.tagFields, hide: policy.hideTags },
		surrogate: policy.surrogate,
	};
}

export function nodeCacheForm({ cache, state }: Node, secret: (value: string) => unknown): unknown {
	const { memoryBytes, redis } = cache;
	const shared = redis === null ? 'off' : redisForm(redis, secret);
	return {
		memory: formatSize(memoryBytes),
		disk: diskForm(cache.disk),
		warm: cache.warm,
		...(state.redis === null ? {} : { redis: shared }),
	};
}

interface Node {
	readonly cache: CacheConfig;
	readonly state: StateConfig;
}

function diskForm(disk: CacheConfig['disk']): unknown {
	if (disk === null) return 'off';
	const folder = disk.folder === null ? {} : { folder: disk.folder };
	return { size: formatSize(disk.bytes), ...folder, from: formatSize(disk.fromBytes) };
}

function redisForm(config: CacheRedisConfig, secret: (value: string) => unknown): unknown {
	return {
		timeout: formatDuration(config.timeoutMs),
		body: formatSize(config.bodyBytes),
		life: formatDuration(config.lifeMs),
		alone: config.aloneMs === 0 ? 'off' : formatDuration(config.aloneMs),
		...(config.secret === null ? {} : { secret: secret(config.secret) }),
	};
}

const bypassForm = ({ from, name, value }: CacheBypass): string =>
	`${from}:${name}${value === null ? '' : `=${value}`}`;

/** `ttl` and `negativeTtl`, in the short forms where these say it. */
function ttlForm({ ms, statuses, byStatus }: CacheLifetime): Record<string, unknown> {
	const negative = NEGATIVE_STATUSES.map((status) => byStatus[status]);
	const [first] = negative;
	const alike = first !== undefined && negative.every((each) => each === first);
	const rest = Object.entries(byStatus).filter(
		([status]) => !alike || !(NEGATIVE_STATUSES as readonly number[]).includes(Number(status)),
	);
	const own = lifetimeForm({ ms, statuses, byStatus: Object.fromEntries(rest) });
	return {
		...(own === null ? {} : { ttl: own }),
		...(alike ? { negativeTtl: formatDuration(first) } : {}),
	};
}

function lifetimeForm({ ms, statuses, byStatus }: CacheLifetime): unknown {
	const entries = Object.entries(byStatus).map(([status, each]): [string, string] => [status, formatDuration(each)]);
	if (statuses.length === 0) return entries.length === 0 ? null : Object.fromEntries(entries);
	if (entries.length === 0) return formatDuration(ms);
	return Object.fromEntries([
		...TTL_STATUSES.map((status): [string, string] => [`${status}`, formatDuration(ms)]),
		...entries,
	]);
}
