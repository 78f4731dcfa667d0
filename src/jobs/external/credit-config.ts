/** What a person writes of what is left at places upstream. */
import { z } from 'zod';
import { duration, key, list, object, oneOf, text } from '../../core/schema.ts';
import { isPointer } from './json-pointer.ts';

const off = z.literal(['off', false], { error: 'expected off' });
const POINTER = 'a JSON pointer such as /data/balance';
const pointer = text(POINTER, (value) =>
	isPointer(value) && value.length <= 200 ? undefined : `expected ${POINTER}: names, each behind a slash`,
);
const PATH = 'a path such as /account';
const path = text(PATH, (value) => (/^\/[\x21-\x7e]{0,499}$/.test(value) ? undefined : `expected ${PATH}`));
const DAY = 86_400_000;
const bound = z.number({ error: 'expected a number' }).min(0, { error: 'expected a number from 0 on' });
const pointers = oneOf(
	[
		pointer,
		object({
			at: key(pointer, 'The number.', { example: '/cap' }),
			less: key(pointer, 'What is taken from it.', { example: '/spent' }),
		}),
	],
	`${POINTER}, or an object with at and less`,
);

export const creditKeys = object({
	path: key(path, 'Path of the question; it goes out for each place, with its fields.', { example: '/v3/users/me' }),
	left: key(
		list(pointers, 'pointers'),
		'In the answer: what is left. The first at which there is a number counts; `less` is taken from it.',
		{ example: ['/data/balance', { at: '/data/cap', less: '/data/spent' }] },
	),
	every: key(duration(10_000, DAY), 'How often; ever more seldom, up to each hour, while there is no answer.', {
		default: '5m',
		example: '1m',
	}),
	below: key(
		bound,
		"It is low where less than this is left, in the API's own unit; the alert `credit_low` watches it.",
		{
			default: 20,
			example: 100,
		},
	),
});

export const creditSchema = oneOf([creditKeys, off], 'an object with path and left, or off');

export type CreditInput = z.input<typeof creditSchema>;
