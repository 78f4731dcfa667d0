/** What a person writes of overload. Import the types only where zod must not be loaded. */
import { z } from 'zod';
import { PRIORITY_NAMES } from '../core/priority.ts';
import { choice, duration, integer, key, object, oneOf, required, text } from '../core/schema.ts';
import { parseShare } from '../core/units.ts';

/** How many requests of a service may be under way, over all workers; resolved. */
export type ConcurrencyConfig =
	| { kind: 'fixed'; limit: number }
	/** `tolerance`: times the latency of the uncrowded service that it may take before the limit falls. */
	| { kind: 'adaptive'; min: number; max: number; tolerance: number };

/** When a worker sheds requests: how late its event loop is (ms), and how full its heap (0…1). */
export interface OverloadConfig {
	lagMs: number;
	heap: number;
}

export const ADAPTIVE = { kind: 'adaptive', min: 10, max: 1000, tolerance: 1.5 } as const satisfies ConcurrencyConfig;
export const OVERLOAD: OverloadConfig = { lagMs: 500, heap: 0.9 };

const MOST = 1_000_000;
const off = z.literal(['off', false], { error: 'expected off' });
const limitForms = [integer(1, MOST), z.literal('adaptive', { error: 'expected adaptive' })] as const;
const FORMS = 'a number, adaptive';

const tolerance = z
	.number({ error: 'expected a number from 1.1 to 10' })
	.min(1.1, { error: 'expected a number from 1.1 to 10' })
	.max(10, { error: 'expected a number from 1.1 to 10' });

export const concurrencySchema = oneOf(
	[
		...limitForms,
		object({
			limit: required(oneOf(limitForms, 'a number or adaptive'), 'The limit; `adaptive` finds it by the latency.', {
				example: 'adaptive',
			}),
			min: key(integer(1, MOST), 'Least that `adaptive` lets through.', { default: 10, example: 20 }),
			max: key(integer(1, MOST), 'Most that `adaptive` lets through.', { default: 1000, example: 400 }),
			tolerance: key(
				tolerance,
				'For `adaptive`: how many times its uncrowded latency the service may take before the limit falls. Higher for services whose requests differ a lot.',
				{ default: 1.5, example: 2 },
			),
		}),
		off,
	],
	`${FORMS}, an object with limit, min, max, tolerance, or off`,
);

export type ConcurrencyInput = z.input<typeof concurrencySchema>;

const priority = choice(...PRIORITY_NAMES);
const fieldName = text('the name of a header field such as x-priority', (value) =>
	/^[!#$%&'*+\-.^_`|~0-9A-Za-z]{1,64}$/.test(value)
		? undefined
		: 'expected the name of a header field such as x-priority',
);

export const prioritySchema = oneOf(
	[
		priority,
		object({
			header: required(fieldName, 'The field that names it: `high`, `normal` or `low`.', { example: 'x-priority' }),
			from: key(
				choice('trusted', 'anyone'),
				'Whose field is believed: that of proxies in `trust`, or of anyone, who can then choose.',
				{ default: 'trusted', example: 'anyone' },
			),
			default: key(priority, 'Of requests whose field is missing, not believed or something else.', {
				default: 'normal',
				example: 'low',
			}),
		}),
	],
	'high, normal, low, or an object with header, from, default',
);

export type PriorityInput = z.input<typeof prioritySchema>;

const heapShare = text(
	'a share from 50% to 99%',
	(value) => {
		const share = parseShare(value);
		return share !== undefined && share >= 0.5 && share <= 0.99 ? undefined : 'expected a share from 50% to 99%';
	},
	'share',
);

export const overloadSchema = oneOf(
	[
		object({
			lag: key(
				duration(100, 60_000),
				'How late its event loop must be, for at least four ticks of 50 ms, before a worker refuses requests of low priority; of normal at twice that, of high at four times.',
				{ default: '500ms', example: '1s' },
			),
			heap: key(
				heapShare,
				'The same by the share of its heap that is in use; normal at half of what is then left, high at a quarter.',
				{ default: '90%', example: '80%' },
			),
		}),
		off,
	],
	'an object with lag, heap, or off',
);

export type OverloadInput = z.input<typeof overloadSchema>;
