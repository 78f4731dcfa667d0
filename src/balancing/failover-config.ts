/** When the traffic of a service moves from pool to pool. Import the types only where zod must not be loaded. */
import type { z } from 'zod';
import { choice, duration, key, object, oneOf, share } from '../core/schema.ts';

/** Failover of one service, resolved. */
export interface FailoverConfig {
	/** Healthy share of a priority's instances from which on it takes all; 0…1. */
	threshold: number;
	/** The one from which on it takes all again once it has fallen below; `threshold`…1. */
	back: number;
	/** How long it must have been better before it gets more, ms. */
	holdMs: number;
	/** Share that the next priority always gets while it is ready; 0: none. */
	warmUp: number;
}

export const DEFAULT_FAILOVER: FailoverConfig = { threshold: 0.7, back: 0.8, holdMs: 10_000, warmUp: 0 };

const threshold = share(0.01, 1);

export const failoverLong = object({
	threshold: key(
		threshold,
		'Healthy share of the instances of a priority, from which on it takes all of the traffic. Below it the rest goes to the next priority, in proportion.',
		{ default: '70%', example: '50%' },
	),
	back: key(share(0.01, 1), 'Healthy share from which on it takes all again, once it has fallen below `threshold`.', {
		defaultText: '`threshold` and 10 % more',
		example: '90%',
	}),
	hold: key(duration(0), 'How long its health must have been better before it gets more of the traffic again.', {
		default: '10s',
		example: '1m',
	}),
	warmUp: key(
		oneOf([choice('off'), share(0.001, 0.5)], 'off or a share from 0.1% to 50%'),
		'Share of the traffic that the next priority always gets while it is ready, so that its caches and connections are warm.',
		{ default: 'off', example: '5%' },
	),
});

export const failoverSchema = oneOf(
	[threshold, failoverLong],
	'a healthy share such as 70%, or an object with threshold, back, hold, warmUp',
);

export type FailoverInput = z.input<typeof failoverSchema>;
