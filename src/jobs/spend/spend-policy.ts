/** What jobs may cost, resolved. Plain data: it is sent to threads. Sums are whole millionths of a unit of money. */
export interface SpendPolicy {
	/** How long a sum counts: an hour, a day or a month of UTC. */
	per: SpendWindow;
	/** For each tenant that is not named below; null: as much as comes. */
	perTenant: number | null;
	/** Of all tenants of the service together; null: as much as comes. */
	total: number | null;
	/** Of those that are named. */
	tenants: Readonly<Record<string, number>>;
	price: PricePolicy;
	/** Whether a job is billed that the upstream took and that failed there. */
	failures: 'billed' | 'free';
}

export type SpendWindow = 'hour' | 'day' | 'month';

/** What a job is taken to cost, by its request. */
export interface PricePolicy {
	/** Of each. */
	each: number;
	/** For each character of what these JSON pointers into the body lead to, beside that. */
	perCharacter: number;
	text: readonly string[];
	/** Where there is no such text, in the place of both; where the body cannot be read, in the place of all. */
	otherwise: number;
	/** All of it so often as there are members in the list that this JSON pointer leads to, where it is one; once where there is none. null: once. */
	times: string | null;
}

/** Millionths in a unit. */
export const MICRO = 1_000_000;
