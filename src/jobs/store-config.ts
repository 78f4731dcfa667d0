/** Where jobs are kept. Import the types only where zod must not be loaded. */
import type { z } from 'zod';
import { choice, duration, integer, key, notEmpty, object, oneOf, required, text } from '../core/schema.ts';

/** `jobs.store`, resolved. */
export type JobStoreConfig =
	| { readonly kind: 'embedded' }
	| {
			readonly kind: 'redis';
			/** Replicas that must have a job before it is acknowledged. */
			readonly replicas: number;
			/** They have so long, ms. */
			readonly waitMs: number;
			/** For bodies over 1 MiB, seen by all nodes; null: there are none. */
			readonly folder: string | null;
	  };

export const JOB_STORE = { waitMs: 500 } as const;

const MOST_REPLICAS = 16;
const PATH = 'a path';

const redisKeys = object({
	replicas: key(
		integer(0, MOST_REPLICAS),
		'Replicas that must have a job before it is acknowledged (`WAIT`); with fewer it is 503 `jobs_unavailable`.',
		{ defaultText: '1 with `sentinels` or `cluster`, else 0', example: 2 },
	),
	wait: key(duration(10, 10_000), 'How long they have for it.', { default: '500ms', example: '200ms' }),
	folder: key(
		text(PATH, notEmpty(PATH)),
		'Where bodies over 1 MiB lie: a folder that all nodes see, such as NFS. Without it they are refused.',
		{ defaultText: 'none', example: '/mnt/jobs' },
	),
});

/** Of `jobs`. */
export const jobStoreSchema = oneOf(
	[
		choice('embedded', 'redis'),
		object({
			redis: required(redisKeys, 'In the Redis of `state.redis`, with its settings.', { example: { replicas: 1 } }),
		}),
	],
	'embedded, redis, or an object such as { redis: { replicas: 1 } }',
);

export type JobStoreInput = z.input<typeof jobStoreSchema>;
