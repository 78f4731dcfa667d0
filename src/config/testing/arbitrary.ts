/** Parts of random configurations. */
import fc from 'fast-check';
import type { ScaleLong } from '../../scaling/config.ts';
import type { UserRoute } from '../schema.ts';

export const maybe = <T>(value: fc.Arbitrary<T>): fc.Arbitrary<T | undefined> => fc.option(value, { nil: undefined });

export const duration = (minMs: number, maxMs: number): fc.Arbitrary<string> =>
	fc.integer({ min: minMs, max: maxMs }).map((ms) => (ms % 1000 === 0 ? `${ms / 1000}s` : `${ms}ms`));

export function withoutUndefined<T extends object>(object: T): { [K in keyof T]: Exclude<T[K], undefined> } {
	return Object.fromEntries(Object.entries(object).filter(([, value]) => value !== undefined)) as {
		[K in keyof T]: Exclude<T[K], undefined>;
	};
}

/** A `scale`, valid as a whole. */
export const scaleInput: fc.Arbitrary<number | ScaleLong> = fc.oneof(
	fc.integer({ min: 1, max: 9 }),
	fc
		.record({
			min: fc.integer({ min: 0, max: 4 }),
			max: fc.integer({ min: 4, max: 9 }),
			mode: maybe(fc.constantFrom('shadow' as const, 'off' as const, 'scale-out-only' as const)),
			perInstance: fc.constantFrom({ cpu: '60%' }, { requestsPerSecond: 200, inFlight: 2.5 }, { 'queue.length': 4 }),
			keep: maybe(fc.constantFrom({ p95: '300ms' }, { error_rate: '1%' })),
			steps: maybe(
				fc.constant<ScaleLong['steps']>([
					{ metric: 'cpu', above: { '80%': '+50%', '95%': '=9' } },
					{ metric: 'memory', below: { '20%': '-1', '10%': '-2' } },
				]),
			),
			schedule: maybe(
				fc.constant<ScaleLong['schedule']>([{ cron: '0 8 * * 1-5', timezone: 'Europe/Berlin', for: '10h', min: 3 }]),
			),
			panic: maybe(fc.constantFrom('off' as const, { window: '9s', threshold: '150%' })),
			cooldown: maybe(duration(0, 9000)),
			out: maybe(fc.constant({ by: '2 per 30s', select: 'min' as const })),
			warmUp: maybe(fc.constantFrom('learned' as const, '9s')),
			flaps: maybe(fc.constantFrom('off' as const, '2 per 5m')),
			brake: maybe(fc.constantFrom('off' as const, '3%')),
			size: maybe(fc.constantFrom({ cpu: 0.5 }, { cpu: 2, memory: '512MiB' })),
			vertical: maybe(fc.constantFrom('off' as const, 'apply' as const, { maxCpu: 4 })),
		})
		.map(withoutUndefined),
);

/** A `cdn`, in all its forms. */
export const cdnInput = fc.oneof(
	fc.constantFrom('off' as const, { tags: 'Cache-Tag' as const }),
	fc
		.record({
			maxAge: fc.constantFrom('0s', '90s', '1h', '365d'),
			browserMaxAge: maybe(fc.constantFrom('0s', '1m')),
			staleWhileRevalidate: maybe(fc.constantFrom('30s', '1d')),
			staleIfError: maybe(fc.constantFrom('30s', '1d')),
			field: maybe(fc.constantFrom('CDN-Cache-Control' as const, 's-maxage' as const)),
			statuses: maybe(fc.constantFrom([200], [200, 404])),
			override: maybe(fc.boolean()),
			tags: maybe(fc.constantFrom('pass' as const, 'off' as const, 'Surrogate-Key' as const)),
		})
		.map(withoutUndefined),
);

/** An `objective`, in all its forms. */
export const objectiveInput = fc.oneof(
	fc.constantFrom('99.9%', 'off' as const, { latency: '300ms' }),
	fc
		.record({
			availability: fc.constantFrom('50%', '99.95%'),
			latency: maybe(fc.record({ target: duration(1, 9000), share: fc.constantFrom('90%', '99%') })),
			window: maybe(fc.constantFrom('7d', '30d')),
		})
		.map(withoutUndefined),
);

/** A `compress`, in all its forms. */
export const compressInput = fc.oneof(
	fc.constantFrom(true as const, 'off' as const),
	fc.constantFrom(['gzip' as const], ['zstd' as const, 'br' as const]),
	fc
		.record({
			encodings: maybe(fc.constantFrom(['gzip' as const], ['zstd' as const, 'br' as const])),
			min: maybe(fc.constantFrom('0B', '4KiB')),
			types: maybe(fc.constantFrom(['text/*'], ['application/json', '+xml'])),
			levels: maybe(fc.constantFrom({ br: 11 }, { gzip: 1, zstd: 19 })),
		})
		.map(withoutUndefined),
);

const FOLDER = import.meta.dirname;

/** `files` of a route: a folder that is there. */
export const filesInput: fc.Arbitrary<NonNullable<UserRoute['files']>> = fc.oneof(
	fc.constant(FOLDER),
	fc
		.record({
			folder: fc.constant(FOLDER),
			index: maybe(fc.constantFrom('home.html', 'off' as const)),
			immutable: maybe(fc.constantFrom(true, '/assets/*', ['/a/*', '/b.svg'])),
			cacheControl: maybe(fc.constantFrom('max-age=60', 'off')),
			precompressed: maybe(fc.constantFrom(true, ['gzip' as const, 'br' as const])),
		})
		.map(withoutUndefined),
);

const window = fc.oneof(duration(0, 3_600_000), fc.constant('off' as const));
const lifetimes = fc.oneof(
	duration(0, 3_600_000),
	fc.dictionary(fc.constantFrom('200', '301', '404', '410', '503'), duration(0, 3_600_000), { minKeys: 1 }),
);

/** `offload` of a service or route. */
export const offloadInput: fc.Arbitrary<NonNullable<UserRoute['offload']>> = fc.oneof(
	fc.constantFrom('off' as const, false as const, true as const),
	fc
		.record({
			when: maybe(fc.constantFrom('asked' as const, 'always' as const)),
			methods: maybe(fc.constantFrom<('POST' | 'GET')[]>(['POST'], ['GET', 'POST'])),
			idempotency: maybe(
				fc.constantFrom('optional' as const, 'required' as const, { life: '7d' }, { key: 'required' as const }),
			),
			owner: maybe(fc.constantFrom('header:X-User', ['header:a', 'header:b'])),
			group: maybe(fc.constantFrom('header:X-Tenant', 'owner' as const, 'all' as const)),
			priority: maybe(fc.constantFrom('high' as const, 'normal' as const, 'low' as const)),
			concurrency: maybe(fc.constantFrom(4, 'off' as const)),
			rate: maybe(fc.constantFrom('10/s', 'off' as const)),
			waiting: maybe(fc.integer({ min: 1, max: 1000 })),
			attempts: maybe(fc.integer({ min: 1, max: 100 })),
			backoff: maybe(fc.constantFrom({ base: '5s' }, { base: '1h', most: '2h' })),
			retryOn: maybe(fc.constantFrom<number[]>([], [429, 503])),
			unkeyed: maybe(fc.constantFrom('never' as const, 'retry' as const)),
			upstreamKey: maybe(fc.constantFrom({}, { header: 'X-Key', life: '1h' })),
			timeLimit: maybe(duration(100, 86_400_000)),
			expires: maybe(fc.constantFrom('6h', 'off' as const)),
			keep: maybe(duration(0, 86_400_000)),
			body: maybe(fc.constantFrom('1KiB', '1MiB')),
			result: maybe(fc.constantFrom('1KiB', '1MiB')),
			credit: maybe(
				fc.constantFrom('off' as const, {
					path: '/me',
					left: ['/a', { at: '/b', less: '/c' }],
					every: '1m',
					below: 0.5,
				}),
			),
			spend: maybe(
				fc.constantFrom(
					'off' as const,
					{ perTenant: 2.5, tenants: { acme: 7 }, price: { each: 0.000001 } },
					{ per: 'month' as const, total: 1e9, price: { perCharacter: 0.0056, text: ['/script'], otherwise: 3 } },
					{ total: 'off' as const, failures: 'free' as const },
				),
			),
		})
		.map(withoutUndefined),
);

/** `cache` of a service or route. */
export const cacheInput: fc.Arbitrary<NonNullable<UserRoute['cache']>> = fc.oneof(
	fc.constant('off' as const),
	fc
		.record({
			ttl: maybe(lifetimes),
			negativeTtl: maybe(duration(0, 3_600_000)),
			override: maybe(fc.dictionary(fc.constantFrom('200', '404'), duration(0, 3_600_000), { minKeys: 1 })),
			staleWhileRevalidate: maybe(window),
			staleIfError: maybe(window),
			staleIfUnreachable: maybe(window),
			heuristic: maybe(fc.constantFrom('10%', 'off')),
			refreshAhead: maybe(fc.constantFrom('10%', '50%', 'off')),
			methods: maybe(fc.constantFrom<('GET' | 'POST')[]>(['GET'], ['GET', 'POST'])),
			surrogate: maybe(fc.boolean()),
			key: maybe(
				fc
					.record({
						query: maybe(
							fc.oneof(
								fc.constantFrom('all' as const, 'sorted' as const, 'none' as const),
								fc.constantFrom<{ only: string[] } | { except: string[] }>(
									{ only: ['page'] },
									{ only: [] },
									{ except: ['utm_source'] },
								),
							),
						),
						headers: maybe(fc.constantFrom<string[]>([], ['X-Tenant'])),
						cookies: maybe(fc.constantFrom<string[]>([], ['currency'])),
						credential: maybe(fc.constantFrom('header:x-api-key', 'off')),
						host: maybe(fc.constantFrom('own' as const, 'any' as const)),
					})
					.map(withoutUndefined),
			),
			bypass: maybe(fc.constantFrom<string | string[]>('cookie:session', ['header:X-Preview', 'query:preview=1'])),
			body: maybe(fc.constantFrom('1MiB', '64KiB')),
			variants: maybe(fc.integer({ min: 1, max: 256 })),
			clients: maybe(fc.constantFrom('obey' as const, 'ignore' as const)),
			status: maybe(fc.boolean()),
			tags: maybe(fc.constantFrom<{ hide?: boolean; fields?: string[] }>({ hide: true }, { fields: ['X-Tags'] })),
		})
		.map(withoutUndefined),
);
