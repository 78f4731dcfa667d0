/** What a person writes of what jobs may cost. */
import { z } from 'zod';
import { choice, key, list, map, object, oneOf, text } from '../../core/schema.ts';
import { isPointer } from '../external/json-pointer.ts';

const off = z.literal(['off', false], { error: 'expected off' });
const POINTER = 'a JSON pointer such as /script';
const pointer = text(POINTER, (value) =>
	isPointer(value) && value.length <= 200 ? undefined : `expected ${POINTER}: names, each behind a slash`,
);
const MONEY = 'expected a number from 0 to 1000000000';
const money = z.number({ error: MONEY }).min(0, { error: MONEY }).max(1e9, { error: MONEY });
const limit = oneOf([money, off], 'a number, or off');

const priceSchema = object({
	each: key(money, 'Of each job.', { default: 0, example: 0.5 }),
	perCharacter: key(money, 'Of each character of `text`, beside that.', { default: 0, example: 0.004 }),
	text: key(
		list(pointer, 'pointers', 0),
		'In the JSON body: what is counted for `perCharacter`; of lists and objects all texts in them.',
		{ defaultText: 'nothing', example: ['/script'] },
	),
	otherwise: key(
		money,
		'In the place of both where there is no such text; in the place of all where the body is no JSON, or has more than 64 KiB.',
		{ defaultText: '`each`', example: 20 },
	),
	times: key(pointer, 'In the JSON body: a list; all of it is counted once for each of its members.', {
		defaultText: 'once',
		example: '/output_languages',
	}),
});

export const spendKeys = object({
	per: key(choice('hour', 'day', 'month'), 'The time in which it may be spent, by UTC.', {
		default: 'day',
		example: 'month',
	}),
	perTenant: key(limit, 'Most for each tenant: who `group` tells apart. Above it 429 `spend_limited`.', {
		default: 'off',
		example: 20,
	}),
	tenants: key(
		map(money, 'tenants and what they may spend'),
		'Most for those named here, in the place of `perTenant`.',
		{
			defaultText: 'none',
			example: { acme: 100, trial: 1 },
		},
	),
	total: key(limit, 'Most for all tenants of the service together.', { default: 'off', example: 500 }),
	price: key(priceSchema, 'What a job is taken to cost, before it is made.', {
		defaultText: 'nothing, so that nothing is limited',
		example: { each: 0.5 },
	}),
	failures: key(choice('billed', 'free'), 'Whether jobs cost that the API took and that failed there.', {
		default: 'billed',
		example: 'free',
	}),
});

export const spendSchema = oneOf([spendKeys, off], 'an object such as { perTenant: 20, price: { each: 0.5 } }, or off');

export type SpendInput = z.input<typeof spendSchema>;
