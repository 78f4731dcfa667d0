/** What is left at places upstream, and what jobs may cost, as a person would write them. */
import { formatDuration } from '../core/units.ts';
import type { CreditPolicy } from '../jobs/external/credit-policy.ts';
import { MICRO, type SpendPolicy } from '../jobs/spend/spend-policy.ts';

type Form = Record<string, unknown>;

export const creditForm = ({ path, left, everyMs, below }: CreditPolicy): Form => ({
	path,
	left: left.map(({ at, less }) => (less === null ? at : { at, less })),
	every: formatDuration(everyMs),
	below,
});

export function spendForm({ per, perTenant, total, tenants, price, failures }: SpendPolicy): Form {
	const { each, perCharacter, text, otherwise, times } = price;
	const named = Object.entries(tenants).map(([name, most]) => [name, most / MICRO]);
	return {
		per,
		perTenant: perTenant === null ? 'off' : perTenant / MICRO,
		...(named.length === 0 ? {} : { tenants: Object.fromEntries(named) }),
		total: total === null ? 'off' : total / MICRO,
		price: {
			...{ each: each / MICRO, perCharacter: perCharacter / MICRO, text, otherwise: otherwise / MICRO },
			...(times === null ? {} : { times }),
		},
		failures,
	};
}
