/** Caching as a person would write it. */
import {
	type CacheBypass,
	type CacheConfig,
	type CacheLifetime,
	type CachePolicy,
	NEGATIVE_STATUSES,
	TTL_STATUSES,
} from '../cache/cache-policy.ts';
import { formatDuration, formatShare, formatSize } from '../core/units.ts';

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
		bypass: policy.bypass.map(bypassForm),
		...(policy.bodyMost === null ? {} : { body: formatSize(policy.bodyMost) }),
		variants: policy.variantsMost,
		clients: policy.obeyClients ? 'obey' : 'ignore',
		status: policy.tell,
		tags: { fields: policy.tagFields, hide: policy.hideTags },
	};
}

export function nodeCacheForm(config: CacheConfig): unknown {
	const { disk } = config;
	return {
		memory: formatSize(config.memoryBytes),
		disk:
			disk === null
				? 'off'
				: {
						size: formatSize(disk.bytes),
						...(disk.folder === null ? {} : { folder: disk.folder }),
						from: formatSize(disk.fromBytes),
					},
		warm: config.warm,
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
