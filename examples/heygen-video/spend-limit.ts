/** Whether a smoke test may spend money at the real API. */

/** What the shortest video may cost at most: ten seconds at the dearest price known, in dollars. */
export const MOST_USD = 0.67;

/** `data` of `GET /v3/users/me`, as far as it is looked at. */
export interface User {
	billing_type: string;
	wallet?: { currency: string; remaining_balance: number | null } | null;
	subscription?: { credits?: { premium_credits?: { remaining: number | null } } } | null;
	usage_based?: { spending_current_usd: number; spending_cap_usd: number | null } | null;
}

export interface Limit {
	/** Dollars. */
	usd: number;
	/** Whether credits of a subscription may be spent: what one is worth cannot be told. */
	credits: boolean;
}

/** Why nothing is made; undefined: it may be. */
export function refusal(user: User, { usd, credits }: Limit): string | undefined {
	if (user.billing_type === 'subscription') {
		const left = user.subscription?.credits?.premium_credits?.remaining ?? 0;
		if (!credits) return 'this account pays with credits, whose worth cannot be told: allow it with --spend-credits';
		return left < 1 ? 'no credits are left' : undefined;
	}
	if (MOST_USD > usd)
		return `the shortest video may cost $${MOST_USD.toFixed(2)}, more than the limit of $${usd.toFixed(2)} (--limit)`;
	if (user.billing_type === 'wallet' && user.wallet?.currency === 'credits' && !credits)
		return 'this wallet holds credits, whose worth cannot be told: allow it with --spend-credits';
	const left = leftOf(user);
	if (left === undefined) return 'the balance cannot be told';
	return left < MOST_USD ? `$${left.toFixed(2)} are left, and a video may cost $${MOST_USD.toFixed(2)}` : undefined;
}

/** Dollars (or credits of a wallet) that may still be spent; undefined: not told. */
export function leftOf({ billing_type: billing, wallet, subscription, usage_based: usage }: User): number | undefined {
	if (billing === 'wallet') return wallet?.remaining_balance ?? undefined;
	if (billing === 'subscription') return subscription?.credits?.premium_credits?.remaining ?? undefined;
	if (billing !== 'usage_based' || !usage) return undefined;
	return usage.spending_cap_usd === null ? Infinity : usage.spending_cap_usd - usage.spending_current_usd;
}
