import assert from 'node:assert/strict';
import { test } from 'node:test';
import { refusal, type User } from './spend-limit.ts';

const wallet = (remaining_balance: number | null, currency = 'usd'): User => ({
	billing_type: 'wallet',
	wallet: { currency, remaining_balance },
});
const credits = (remaining: number): User => ({
	billing_type: 'subscription',
	subscription: { credits: { premium_credits: { remaining } } },
});
const usage = (spending_cap_usd: number | null): User => ({
	billing_type: 'usage_based',
	usage_based: { spending_current_usd: 5, spending_cap_usd },
});

const cases: [string, User, { usd: number; credits: boolean }, RegExp | null][] = [
	['enough', wallet(5), { usd: 1, credits: false }, null],
	['a limit below the cost', wallet(5), { usd: 0.5, credits: false }, /more than the limit of \$0\.50/],
	['little left', wallet(0.2), { usd: 1, credits: false }, /\$0\.20 are left/],
	['a balance that is not told', wallet(null), { usd: 1, credits: false }, /cannot be told/],
	['a wallet of credits', wallet(5, 'credits'), { usd: 1, credits: false }, /--spend-credits/],
	['credits, not allowed', credits(10), { usd: 1, credits: false }, /--spend-credits/],
	['credits, allowed', credits(10), { usd: 1, credits: true }, null],
	['no credits', credits(0), { usd: 1, credits: true }, /no credits/],
	['usage without a cap', usage(null), { usd: 1, credits: false }, null],
	['usage at its cap', usage(5.1), { usd: 1, credits: false }, /\$0\.10 are left/],
	['billing of an unknown kind', { billing_type: 'barter' }, { usd: 1, credits: false }, /cannot be told/],
];
for (const [what, user, limit, expected] of cases) {
	test(`spending: ${what}`, () => {
		const why = refusal(user, limit);
		if (expected === null) assert.equal(why, undefined);
		else assert.match(why ?? '', expected);
	});
}
