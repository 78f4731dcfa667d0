/** Who may call, what they have left, how much at a time. */
import { ApiError } from './api-error.ts';
import type { Knobs } from './knobs.ts';

export type Billing = 'wallet' | 'subscription' | 'usage_based';

/** What is said of an account at the start. */
export interface AccountOptions {
	name: string;
	/** Each works as X-Api-Key and as Bearer token. */
	keys: string[];
	/** Without it: the knob. */
	maxJobs?: number;
	/** Without it: the knob. */
	atCap?: 'reject' | 'queue';
	billing?: Billing;
	/** Of a wallet, in dollars; default 1,000,000. */
	balanceUsd?: number;
	/** Of a subscription; a credit is a second of the result; default 1,000,000. */
	credits?: number;
	/** Of usage-based billing; default: none. */
	spendingCapUsd?: number | null;
	/** `free` may not ask for 4k. */
	plan?: 'free' | 'creator' | 'team' | 'enterprise';
	/** Most videos of a trial; default: no trial. */
	trialVideos?: number;
	/** Its keys may only read. */
	readOnly?: boolean;
}

export interface Account extends Required<Omit<AccountOptions, 'maxJobs' | 'atCap' | 'trialVideos'>> {
	maxJobs: number | null;
	atCap: 'reject' | 'queue' | null;
	trialVideos: number | null;
	spentUsd: number;
	/** Calls that create, so far. */
	attempts: number;
	/** Jobs created, so far. */
	created: number;
	/** Batches, endpoints and assets created, so far. */
	batches: number;
	endpoints: number;
	assets: number;
	/** When its other users begin their next jobs. */
	othersAtMs: number[];
	/** Jobs of other users, so far. */
	others: number;
}

export const DEFAULT_KEY = 'simulator-key';

export function newAccount(options: AccountOptions): Account {
	return {
		billing: 'wallet',
		balanceUsd: 1_000_000,
		credits: 1_000_000,
		spendingCapUsd: null,
		plan: 'team',
		readOnly: false,
		maxJobs: null,
		atCap: null,
		trialVideos: null,
		...options,
		spentUsd: 0,
		attempts: 0,
		created: 0,
		batches: 0,
		endpoints: 0,
		assets: 0,
		othersAtMs: [],
		others: 0,
	};
}

export function capOf(account: Account, knobs: Knobs): number {
	return account.maxJobs ?? knobs.maxJobs;
}

interface Purchase {
	cost: number;
	seconds: number;
}

/** Throws where the account cannot pay. */
export function checkCredit(account: Account, knobs: Knobs, { cost, seconds }: Purchase): void {
	const short = new ApiError('insufficient_credit', 'Insufficient credit. Add credit and try again.');
	if (knobs.creditExhausted) throw short;
	if (account.trialVideos !== null && account.created >= account.trialVideos)
		throw new ApiError('trial_limit_exceeded', `The trial ends after ${account.trialVideos} videos.`);
	if (account.billing === 'wallet' && account.balanceUsd < cost) throw short;
	if (account.billing === 'subscription' && account.credits < seconds) throw short;
	const { spendingCapUsd: most } = account;
	if (account.billing === 'usage_based' && most !== null && account.spentUsd + cost > most)
		throw new ApiError('quota_exceeded', 'The spending cap is reached.');
}

export function charge(account: Account, { cost, seconds }: Purchase): void {
	account.spentUsd = cents(account.spentUsd + cost);
	if (account.billing === 'wallet') account.balanceUsd = cents(account.balanceUsd - cost);
	if (account.billing === 'subscription') account.credits -= Math.ceil(seconds);
}

/** Sums of dollars without the dust of binary fractions. */
export function cents(usd: number): number {
	return Math.round(usd * 1e6) / 1e6;
}

/** `data` of `GET /v3/users/me`. */
export function userOf(account: Account, resetsAt: string): object {
	const { billing } = account;
	const pool = (remaining: number): object => ({ remaining, resets_at: resetsAt });
	return {
		username: account.name,
		email: `${account.name}@example.com`,
		first_name: null,
		last_name: null,
		billing_type: billing,
		wallet:
			billing === 'wallet'
				? { currency: 'usd', remaining_balance: account.balanceUsd, auto_reload: { enabled: false } }
				: null,
		subscription:
			billing === 'subscription'
				? { plan: account.plan, credits: { premium_credits: pool(account.credits), add_on_credits: pool(0) } }
				: null,
		usage_based:
			billing === 'usage_based'
				? { spending_current_usd: account.spentUsd, spending_cap_usd: account.spendingCapUsd }
				: null,
	};
}
