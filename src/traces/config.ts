/** What a person writes of traces. Import the types only where zod must not be loaded. */
import { z } from 'zod';
import { choice, duration, key, object, oneOf, share, size } from '../core/schema.ts';

export interface TracesConfig {
	/** Share of traces that are kept whatever they are, 0…1. */
	sample: number;
	/** Requests that take longer are kept, too, as failed ones are; ms. */
	slowMs: number;
	/** Whose `traceparent` is not gone on with. */
	restart: 'never' | 'untrusted' | 'always';
	/** In the store; ms. */
	keepMs: number;
	/** Most bytes of a day in the store. */
	maxBytesPerDay: number;
}

export const TRACES: TracesConfig = {
	sample: 0.01,
	slowMs: 1000,
	restart: 'never',
	keepMs: 7 * 86_400_000,
	maxBytesPerDay: 256 * 1024 * 1024,
};

const sample = share(0, 1);
const DAY = 86_400_000;

export const tracesSchema = oneOf(
	[
		z.literal(false, { error: 'expected false' }),
		choice('off'),
		sample,
		object({
			sample: key(sample, 'Share of traces that are kept whatever they are; `100%` keeps all.', {
				default: '1%',
				example: '10%',
			}),
			slow: key(duration(1), 'Requests that take longer than this are kept too, as those that fail are.', {
				default: '1s',
				example: '300ms',
			}),
			restart: key(
				choice('never', 'untrusted', 'always'),
				'Whose `traceparent` is not gone on with: a new trace begins. `untrusted`: that of anyone but proxies in `trust`.',
				{ default: 'never', example: 'untrusted' },
			),
			keep: key(duration(DAY, 90 * DAY), 'How long spans stay in the store, in whole days.', {
				default: '7d',
				example: '2d',
			}),
			size: key(size(1_048_576, 1_099_511_627_776), 'Most that a day takes in the store; what comes then is dropped.', {
				default: '256MiB',
				example: '1GiB',
			}),
		}),
	],
	'a share such as 1%, an object with sample, slow, restart, keep, size, or off',
);

export type TracesInput = z.input<typeof tracesSchema>;
