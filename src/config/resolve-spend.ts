/** What is left at places upstream, and what jobs may cost: what a file says, laid over what it inherits. */
import { parseDuration } from '../core/units.ts';
import type { CreditInput } from '../jobs/external/credit-config.ts';
import type { CreditPolicy } from '../jobs/external/credit-policy.ts';
import type { SpendInput } from '../jobs/spend/config.ts';
import { MICRO, type SpendPolicy } from '../jobs/spend/spend-policy.ts';
import type { Place } from './scope.ts';

const CREDIT: CreditPolicy = { path: '', left: [], everyMs: 300_000, below: 20 };

const SPEND: SpendPolicy = {
	per: 'day',
	perTenant: null,
	total: null,
	tenants: {},
	price: { each: 0, perCharacter: 0, text: [], otherwise: 0, times: null },
	failures: 'billed',
};

export function layCredit(
	base: CreditPolicy | null,
	input: CreditInput | undefined,
	place: Place,
): CreditPolicy | null {
	if (input === undefined) return base;
	if (typeof input !== 'object') return null;
	const from = base ?? CREDIT;
	const left = input.left?.map((one) =>
		typeof one === 'string' ? { at: one, less: null } : { at: one.at ?? '', less: one.less ?? null },
	);
	const credit = {
		path: input.path ?? from.path,
		left: left ?? from.left,
		everyMs: input.every === undefined ? from.everyMs : (parseDuration(input.every) ?? from.everyMs),
		below: input.below ?? from.below,
	};
	if (credit.path === '') place.problem('missing; this needs `path`, where the API tells what is left', { at: 'key' });
	if (credit.left.length === 0) place.problem('missing; this needs `left`, where the number is', { at: 'key' });
	return credit;
}

export function laySpend(base: SpendPolicy | null, input: SpendInput | undefined, place: Place): SpendPolicy | null {
	if (input === undefined) return base;
	if (typeof input !== 'object') return null;
	const from = base ?? SPEND;
	const { per, perTenant, tenants, total, price, failures } = input;
	const each = price?.each === undefined ? from.price.each : micro(price.each);
	const otherwise = base === null || price?.each !== undefined ? each : from.price.otherwise;
	const spend: SpendPolicy = {
		per: per ?? from.per,
		perTenant: limitOf(perTenant, from.perTenant),
		total: limitOf(total, from.total),
		tenants:
			tenants === undefined
				? from.tenants
				: Object.fromEntries(Object.entries(tenants).map(([name, most]) => [name, micro(most)])),
		price: {
			each,
			perCharacter: price?.perCharacter === undefined ? from.price.perCharacter : micro(price.perCharacter),
			text: price?.text ?? from.price.text,
			otherwise: price?.otherwise === undefined ? otherwise : micro(price.otherwise),
			times: price?.times ?? from.price.times,
		},
		failures: failures ?? from.failures,
	};
	complainOfPrice(spend, place);
	return spend;
}

function complainOfPrice({ perTenant, total, tenants, price }: SpendPolicy, place: Place): void {
	const limited = perTenant !== null || total !== null || Object.keys(tenants).length > 0;
	if (price.perCharacter > 0 && price.text.length === 0)
		place.problem('missing; `price.perCharacter` needs `price.text`, where the characters are', { at: 'key' });
	else if (limited && price.each + price.perCharacter === 0)
		// What lies above it, a route or a service, may say one.
		place.warn('without a `price`, such as `{ each: 0.5 }`, nothing costs anything, and its limits limit nothing', {
			at: 'key',
		});
}

const micro = (units: number): number => Math.round(units * MICRO);

const limitOf = (input: number | string | false | undefined, otherwise: number | null): number | null =>
	input === undefined ? otherwise : typeof input === 'number' ? micro(input) : null;
