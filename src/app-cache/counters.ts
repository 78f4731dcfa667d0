/** What the cache counts, and how it says it on a page of metrics. */

/** `values` of `cached`, `queries` of `cacheQueries`. */
export type CacheUse = 'values' | 'queries';

export interface UseCounts {
	/** Answered from the cache. */
	hits: number;
	/** Loaded, and asked of the database. */
	misses: number;
	/** Answered with a value past its end, since `load` failed or was late. */
	stale: number;
	/** Not for the cache: a transaction, a statement that cannot be judged, a Redis that is away. */
	bypasses: number;
	/** Callers that waited for the load of another. */
	joined: number;
	/** Tags, keys and tables that were invalidated. */
	invalidations: number;
}

export interface CacheCounts {
	values: UseCounts;
	queries: UseCounts;
	/** Commands that Redis did not answer, or not in time. */
	redisErrors: number;
}

export function newCounts(): CacheCounts {
	const zero = (): UseCounts => ({ hits: 0, misses: 0, stale: 0, bypasses: 0, joined: 0, invalidations: 0 });
	return { values: zero(), queries: zero(), redisErrors: 0 };
}

const METRICS: readonly (readonly [keyof UseCounts, string])[] = [
	['hits', 'Answers from the cache'],
	['misses', 'Answers that had to be loaded'],
	['stale', 'Answers past their end, since a load failed or was late'],
	['bypasses', 'Queries that the cache was not asked for'],
	['joined', 'Callers that waited for the load of another'],
	['invalidations', 'Tags, keys and tables invalidated'],
];

/** The counts as a page in Prometheus' text format, for `scrape` (docs/exports.md); `name` is the cache's. */
export function metricsPage(name: string, counts: CacheCounts): string {
	const lines: string[] = [];
	for (const [key, help] of METRICS) {
		const metric = `app_cache_${key}_total`;
		lines.push(`# HELP ${metric} ${help}`, `# TYPE ${metric} counter`);
		for (const use of ['values', 'queries'] as const) {
			lines.push(`${metric}{cache="${name}",of="${use}"} ${counts[use][key]}`);
		}
	}
	const errors = 'app_cache_redis_errors_total';
	lines.push(`# HELP ${errors} Commands that Redis did not answer in time`, `# TYPE ${errors} counter`);
	lines.push(`${errors}{cache="${name}"} ${counts.redisErrors}`);
	return `${lines.join('\n')}\n`;
}
