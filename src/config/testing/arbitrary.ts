/** Parts of random configurations. */
import fc from 'fast-check';
import type { ScaleLong } from '../../scaling/config.ts';

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
