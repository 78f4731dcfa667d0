/**
 * Passive health: what the requests themselves say of an instance, and what follows. Import the types
 * only where zod must not be loaded.
 */
import { z } from 'zod';
import { duration, integer, key, object, oneOf, share } from '../core/schema.ts';

/** Outlier detection of one pool, resolved. A detector that is off is 0 or null. */
export interface OutlierConfig {
	/** Failures in a row (not connected, reset, timed out, 5xx) that eject an instance; 0: off. */
	failures: number;
	/** Failed connects in a row that do; 0: off. */
	connectFailures: number;
	/** Times that probes took an instance out, one soon after the other, until its return waits; 0: off. */
	flaps: number;
	/** Against the others of the pool: the share of good answers; null: off. */
	successRate: SuccessRateConfig | null;
	/** Against the others of the pool: the time to the head of an answer; null: off. */
	latency: LatencyConfig | null;
	/** Time over which rates and latencies are taken, ms. */
	windowMs: number;
	/** An ejection takes `baseMs`, the next one twice that, up to `mostMs`. */
	ejection: { baseMs: number; mostMs: number };
	/** Most of the pool that may be ejected at once, 0…1; one always may where there are two or more. */
	most: number;
	/** With a smaller share of the pool ready, 0…1, what may still work is used again; 0: off. */
	panic: number;
}

export interface SuccessRateConfig {
	/** Standard deviations below the mean of the others. */
	deviations: number;
	/** Least requests in the window, of the instance and of each that it is compared with. */
	requests: number;
}

export interface LatencyConfig {
	/** Times what is usual in the pool from which an answer is slow. */
	factor: number;
	/** It is slower by at least this, too, ms. */
	leastMs: number;
}

const off = z.literal(['off', false], { error: 'expected off' });

const number = (min: number, max: number) => {
	const error = `expected a number from ${min} to ${max}`;
	return z.number({ error }).min(min, { error }).max(max, { error });
};

const factor = number(1.5, 1000);
const deviations = number(0.5, 100);

export const outliersLong = object({
	failures: key(
		oneOf([integer(1, 10_000), off], 'a whole number from 1 to 10000, or off'),
		'Failures in a row that eject an instance: not connected, connection reset, timed out, 5xx.',
		{ default: 5, example: 10 },
	),
	connectFailures: key(
		oneOf([integer(1, 10_000), off], 'a whole number from 1 to 10000, or off'),
		'Failed connects in a row that do, although its probes are good.',
		{ default: 3, example: 'off' },
	),
	flaps: key(
		oneOf([integer(2, 1000), off], 'a whole number from 2 to 1000, or off'),
		'Times that its probes took an instance out, one soon after the other, until its return has to wait.',
		{ default: 3, example: 5 },
	),
	successRate: key(
		oneOf(
			[
				deviations,
				object({
					deviations: key(deviations, 'Standard deviations below the mean of the others.', {
						default: 1.9,
						example: 3,
					}),
					requests: key(integer(10, 1_000_000), 'Least requests of each instance in the window.', {
						default: 50,
						example: 200,
					}),
				}),
				off,
			],
			'a number of standard deviations, an object with deviations, requests, or off',
		),
		'Ejects an instance whose share of good answers is far below that of the others; at least three are compared.',
		{
			defaultText: '`{ deviations: 1.9, requests: 50 }`; `off` where requests are balanced by a key or cookie',
			example: 3,
		},
	),
	latency: key(
		oneOf(
			[
				factor,
				object({
					factor: key(factor, "Times the others' usual time to the head of an answer; twice that in a pool of two.", {
						default: 3,
						example: 5,
					}),
					least: key(duration(1, 600_000), 'Least difference; twice that in a pool of two.', {
						default: '100ms',
						example: '500ms',
					}),
				}),
				off,
			],
			'a factor such as 3, an object with factor, least, or off',
		),
		'Ejects an instance whose answers are slow while those of the others are not.',
		{
			defaultText: '`{ factor: 3, least: 100ms }`; `off` where requests are balanced by a key or cookie',
			example: { factor: 5, least: '500ms' },
		},
	),
	window: key(duration(2000, 300_000), 'Time over which rates and latencies are taken.', {
		default: '10s',
		example: '30s',
	}),
	ejection: key(
		oneOf(
			[
				duration(100, 3_600_000),
				object({
					base: key(duration(100, 3_600_000), 'The first one.', { default: '30s', example: '10s' }),
					most: key(duration(100), 'The longest.', {
						defaultText: '5m, or `base` where that is longer',
						example: '10m',
					}),
				}),
			],
			'a duration such as 30s or an object with base, most',
		),
		'How long an instance is ejected: at first the base, then twice and three times that, and so on.',
		{ default: '30s', example: { base: '10s', most: '2m' } },
	),
	most: key(
		share(0, 1),
		'Most of the pool that may be ejected at once; of two or more always one, and never the last that is ready.',
		{ defaultText: '50%, or what `panic` leaves', example: '30%' },
	),
	panic: key(
		oneOf([share(0.01, 1), off], 'a share such as 50%, or off'),
		'With a smaller share of the pool ready, ejected instances and those that only answer their probe wrongly are used again.',
		{ defaultText: '50%, or what `most` leaves', example: '30%' },
	),
});

export const outliersSchema = oneOf(
	[off, outliersLong],
	'off, or an object with failures, connectFailures, flaps, successRate, latency, window, ejection, most, panic',
);

export type OutliersInput = z.input<typeof outliersSchema>;

export const slowStartSchema = oneOf([duration(250, 3_600_000), off], 'a duration such as 10s, or off');

export type SlowStartInput = z.input<typeof slowStartSchema>;
