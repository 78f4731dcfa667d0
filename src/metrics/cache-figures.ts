/** Figures of the response cache, and of compression. */
import { type Figure, figure, gauge, rate, rateOf, ratio, shareOf } from './figure-form.ts';
import { of, ROUTE } from './figure-words.ts';

const COMPRESS_IN = of('ballast_compress_in_bytes_total');
const COMPRESS_OUT = of('ballast_compress_out_bytes_total');

/** Of the answers of routes with a cache, those for which no instance was asked. */
const CACHE_ANSWERS = 'ballast_cache_answers_total';
const FROM_CACHE = { metric: CACHE_ANSWERS, label: 'result', values: ['hit', 'stale', 'collapsed'] };

export const CACHE_FIGURES: readonly Figure[] = [
	figure(
		{ name: 'cache.answers', unit: 'number', perSecond: true, text: 'Answers of routes with a cache' },
		rate([...ROUTE, 'result'], of(CACHE_ANSWERS)),
	),
	figure(
		{ name: 'cache.hits', unit: 'number', perSecond: true, text: 'Answers given without asking an instance' },
		rateOf(ROUTE, FROM_CACHE),
	),
	figure(
		{ name: 'cache.misses', unit: 'number', perSecond: true, text: 'Requests whose answer was not stored' },
		rate(ROUTE, of(CACHE_ANSWERS, { result: 'miss' })),
	),
	figure(
		{
			name: 'cache.hit_ratio',
			unit: 'ratio',
			text: 'Share of the requests looked up that no instance was asked for',
		},
		shareOf(ROUTE, FROM_CACHE, ['revalidated', 'miss']),
	),
	figure(
		{ name: 'cache.bytes', unit: 'bytes', text: 'Memory of the cache that is in use' },
		gauge([], 'ballast_cache_bytes'),
	),
	figure(
		{ name: 'cache.memory', unit: 'ratio', text: 'Share of the memory of the cache that is in use' },
		gauge([], 'ballast_cache_used_ratio', 'mean'),
	),
	figure(
		{ name: 'cache.entries', unit: 'number', text: 'Answers that the cache holds' },
		gauge([], 'ballast_cache_entries'),
	),
	figure(
		{ name: 'cache.evicted', unit: 'number', perSecond: true, text: 'Answers that the cache gave up for others' },
		rate([], of('ballast_cache_evicted_total')),
	),
	figure(
		{ name: 'cache.disk_bytes', unit: 'bytes', text: 'Disk that the files of the cache take' },
		gauge([], 'ballast_cache_disk_bytes'),
	),
	figure(
		{ name: 'cache.disk', unit: 'ratio', text: 'Share of the disk of the cache that is in use' },
		gauge([], 'ballast_cache_disk_used_ratio', 'mean'),
	),
	figure(
		{ name: 'cache.disk_entries', unit: 'number', text: 'Answers whose body lies on disk' },
		gauge([], 'ballast_cache_disk_entries'),
	),
	figure(
		{
			name: 'cache.disk_evicted',
			unit: 'number',
			perSecond: true,
			text: 'Answers on disk that were given up for others',
		},
		rate([], of('ballast_cache_disk_evicted_total')),
	),
	figure(
		{
			name: 'cache.level',
			unit: 'number',
			perSecond: true,
			text: 'What came of asking, and keeping, behind the memory of the cache',
		},
		rate(['level', 'result'], of('ballast_cache_level_results_total')),
	),
	figure(
		{ name: 'cache.level_down', unit: 'number', text: '1: what is behind the memory of the cache cannot be reached' },
		gauge(['level'], 'ballast_cache_level_down', 'max'),
	),
	figure(
		{
			name: 'cache.purges_missed',
			unit: 'number',
			perSecond: true,
			text: 'How often purges of other nodes were lost on their way here',
		},
		rate(['level'], of('ballast_cache_purges_missed_total')),
	),
	figure(
		{ name: 'compress.in', unit: 'bytes', perSecond: true, text: 'Bodies before they were compressed' },
		rate(['coding'], COMPRESS_IN),
	),
	figure(
		{ name: 'compress.out', unit: 'bytes', perSecond: true, text: 'Bodies after they were compressed' },
		rate(['coding'], COMPRESS_OUT),
	),
	figure(
		{ name: 'compress.ratio', unit: 'ratio', text: 'What is left of a body once it is compressed' },
		ratio(['coding'], [COMPRESS_OUT], COMPRESS_IN),
	),
	figure(
		{ name: 'cache.purges_untold', unit: 'number', text: 'Purges that other nodes cannot hear of yet' },
		gauge(['level'], 'ballast_cache_purges_untold'),
	),
];
