/** `retry` and `hold`: what happens when an attempt fails, and when no instance is ready. Schemas only. */
import type { z } from 'zod';
import { choice, duration, integer, key, list, object, oneOf, size } from '../core/schema.ts';

const off = choice('off');
const condition = oneOf(
	[choice('connect', 'reset', 'timeout'), integer(500, 599)],
	'connect, reset, timeout or a status from 500 to 599',
);

export const retrySchema = oneOf(
	[
		off,
		integer(1, 10),
		object({
			attempts: key(integer(1, 10), 'Most attempts of one request, the first included.', { default: 3, example: 2 }),
			on: key(
				list(condition, 'connect, reset, timeout and statuses'),
				'What is tried again, on another instance. A failed connect is, for any method; all else for idempotent methods only.',
				{ default: ['connect', 'reset', 'timeout', 502, 503, 504], example: ['connect', 503] },
			),
			timeout: key(
				duration(1),
				'Most time for one attempt until its answer begins, where another may follow. The last one has `timeouts.firstByte`.',
				{ defaultText: '`timeouts.firstByte`', example: '2s' },
			),
			body: key(
				size(0, 16_777_216),
				'Most of a request body that is kept for sending it again; a larger one is sent once.',
				{ default: '64KiB', example: '1MiB' },
			),
		}),
	],
	'off, a number of attempts from 1 to 10, or an object with attempts, on, timeout, body',
);

export const holdSchema = oneOf([off, duration(1, 3_600_000)], 'a duration such as 10s, or off');

export type RetryInput = z.input<typeof retrySchema>;
export type HoldInput = z.input<typeof holdSchema>;
