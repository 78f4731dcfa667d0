/** What protects a service: the budget of its retries and the bounds of its instances. Import the types only where zod must not be loaded. */
import type { z } from 'zod';
import { choice, integer, key, object, oneOf, text } from '../core/schema.ts';
import { parseShare } from '../core/units.ts';

/** How many retries a service may add to its requests, over the node. */
export interface RetryBudgetConfig {
	/** Share of the requests of the last 10 s, 0…1. */
	share: number;
	/** Retries a second that are allowed however few requests there are. */
	floor: number;
}

/** Bounds of each instance, over the node. */
export interface BreakerConfig {
	/** Most requests in flight; 0: no limit. */
	inFlight: number;
	/** Most requests that wait, for each ready instance, while all are full. */
	waiting: number;
}

export const DEFAULT_BUDGET: RetryBudgetConfig = { share: 0.2, floor: 10 };
export const DEFAULT_BREAKER: BreakerConfig = { inFlight: 0, waiting: 100 };

const off = choice('off');

export const share = (example: string) =>
	text(
		`a share such as ${example}`,
		(value) => (parseShare(value) === undefined ? `expected a share from 0% to 100%, such as ${example}` : undefined),
		'share',
	);

export const retryBudgetSchema = oneOf(
	[
		off,
		object({
			share: key(share('20%'), 'Retries for each hundred requests of the last 10 s.', {
				default: '20%',
				example: '10%',
			}),
			floor: key(integer(0, 100_000), 'Retries a second that are allowed however few requests there are.', {
				default: 10,
				example: 1,
			}),
		}),
	],
	'off, or an object with share, floor',
);

export const breakerSchema = oneOf(
	[
		off,
		integer(1, 1_000_000),
		object({
			inFlight: key(
				oneOf([off, integer(1, 1_000_000)], 'a whole number, or off'),
				'Most requests in flight at one instance, over all workers.',
				{
					default: 'off',
					example: 10,
				},
			),
			waiting: key(
				integer(0, 1_000_000),
				'Most requests that wait for each ready instance while all are full; more are refused with 503. How long they wait says `hold`.',
				{ default: 100, example: 1000 },
			),
		}),
	],
	'off, a number of requests, or an object with inFlight, waiting',
);

export type RetryBudgetInput = z.input<typeof retryBudgetSchema>;
export type BreakerInput = z.input<typeof breakerSchema>;
