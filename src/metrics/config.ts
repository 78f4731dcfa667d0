/** What a person writes of metrics and objectives. Import the types only where zod must not be loaded. */
import { z } from 'zod';
import { duration, integer, key, object, oneOf, required, share, size } from '../core/schema.ts';

/** What a route promises; null: not promised. */
export interface ObjectiveConfig {
	/** Share of requests that neither end in 5xx nor break off, 0…1. */
	availability: number | null;
	/** Share of requests that take no longer. */
	latency: { targetMs: number; share: number } | null;
	/** Over how long the error budget is meant, ms. */
	windowMs: number;
}

export interface MetricsConfig {
	/** Most series. */
	series: number;
	/** Up to here a request is fast for the Apdex; up to four times this it is tolerable. */
	apdexMs: number;
	/** How long roll-ups are kept, by their length, ms, and the most that they may take on disk. */
	keep: { minutesMs: number; fiveMinutesMs: number; hoursMs: number; maxBytes: number };
}

const DAY = 86_400_000;
const HOUR = 3_600_000;

export const METRICS: MetricsConfig = {
	series: 10_000,
	apdexMs: 500,
	keep: { minutesMs: 7 * DAY, fiveMinutesMs: 30 * DAY, hoursMs: 400 * DAY, maxBytes: 1_073_741_824 },
};

/** Where nothing else is said. */
export const OBJECTIVE = { latencyShare: 0.99, windowMs: 30 * DAY } as const;

const kept = duration(2 * HOUR, 4000 * DAY);

export const metricsSchema = object({
	series: key(
		integer(100, 1_000_000),
		'Most series (a metric with one combination of values of its labels) of the node; what is beyond is counted in `ballast_series_dropped_total`.',
		{ default: 10_000, example: 20_000 },
	),
	apdex: key(
		duration(1, HOUR),
		'Up to here a request is fast for the Apdex; up to four times this it is tolerable, and counts half.',
		{ default: '500ms', example: '200ms' },
	),
	keep: key(
		object({
			minutes: key(kept, 'How long what happened in each minute is kept.', { default: '7d', example: '3d' }),
			fiveMinutes: key(kept, 'How long it is kept in steps of five minutes.', { default: '30d', example: '14d' }),
			hours: key(kept, 'How long it is kept in steps of an hour.', { default: '400d', example: '90d' }),
			size: key(
				size(10_485_760, 2 ** 40),
				'Most that the history may take on disk; the oldest of the shortest steps goes first.',
				{ default: '1GiB', example: '200MiB' },
			),
		}),
		'How long the history is kept on disk. (The last hour is kept by seconds, in memory.)',
		{ defaultText: 'the values below', example: { minutes: '3d', hours: '90d' } },
	),
});

export type MetricsInput = z.input<typeof metricsSchema>;

const promised = share(0.5, 0.99999);
const target = duration(1, HOUR);

export const objectiveSchema = oneOf(
	[
		promised,
		object({
			availability: key(promised, 'Share of requests that neither end in 5xx nor break off.', {
				defaultText: 'not promised',
				example: '99.9%',
			}),
			latency: key(
				oneOf(
					[
						target,
						object({
							target: required(target, 'How long a request may take.', { example: '300ms' }),
							share: key(promised, 'Share of requests that take no longer.', { default: '99%', example: '95%' }),
						}),
					],
					'a duration such as 300ms or an object with target, share',
				),
				'How long requests may take, and which share of them must keep to it. A duration is the `target`.',
				{ defaultText: 'not promised', example: { target: '300ms', share: '99%' } },
			),
			window: key(duration(HOUR, 400 * DAY), 'Over how long the error budget is meant.', {
				default: '30d',
				example: '7d',
			}),
		}),
		z.literal(['off', false], { error: 'expected off' }),
	],
	'a share such as 99.9%, an object with availability, latency, window, or off',
);

export type ObjectiveInput = z.input<typeof objectiveSchema>;
