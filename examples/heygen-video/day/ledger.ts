/** What the simulator tells of a day. */

export interface LedgerJob {
	origin: string;
	callbackId: string | null;
	/** In dollars. */
	cost: number;
	startAt: string;
	endAt: string;
	failureCode: string | null;
}

export interface Ledger {
	jobs: LedgerJob[];
	accounts: { name: string; mostAtATime: number; maxJobs: number }[];
	repeated: { idempotencyKeys: string[]; callbackIds: string[] };
}

/** Calls by route and by status. */
export type Calls = Record<string, Record<string, number>>;

export async function json<T>(url: string, headers: Record<string, string> = {}): Promise<T> {
	const answer = await fetch(url, { headers });
	if (answer.status !== 200) throw new Error(`${url}: ${answer.status}`);
	return (await answer.json()) as T;
}
