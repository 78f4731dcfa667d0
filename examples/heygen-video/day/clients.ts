/** The tenants' programs: they post at their times, and look how their videos get on. */
import { setTimeout as sleep } from 'node:timers/promises';
import { DAY_S, type Wish } from './arrivals.ts';
import { json } from './ledger.ts';
import type { Posted } from './report.ts';

/** How often a program posts again what was not accepted. */
const TRIES = 5;
const ENDED = new Set(['succeeded', 'failed', 'parked', 'cancelled', 'expired']);

export interface Clock {
	/** By the simulator's clock, ms. */
	now(): number;
}

export class Clients {
	readonly posted: Posted[] = [];
	readonly refused: Record<string, number> = {};
	readonly repeats = { posted: 0, same: 0 };
	readonly #url: string;
	readonly #clock: Clock;

	constructor(url: string, clock: Clock) {
		this.#url = url;
		this.#clock = clock;
	}

	/** The whole day, in so many seconds. Ends when all is posted, or with the signal. */
	async post(wishes: readonly Wish[], seconds: number, signal: AbortSignal): Promise<void> {
		const begun = Date.now();
		const under: Promise<void>[] = [];
		for (const wish of wishes) {
			const at = begun + (wish.atS / DAY_S) * seconds * 1000;
			await sleep(Math.max(0, at - Date.now()), undefined, { signal });
			under.push(this.#one(wish, signal));
		}
		await Promise.all(under);
	}

	/** Until all have ended, or `mostMs` later. `told` is called now and then with how many have. */
	async follow(mostMs: number, signal: AbortSignal): Promise<void> {
		const until = Date.now() + mostMs;
		for (;;) {
			const open = this.posted.filter(({ state }) => !ENDED.has(state));
			for (const one of open) {
				signal.throwIfAborted();
				one.state = (await json<{ state: string }>(`${this.#url}/jobs/${one.id}`, bearer(one.tenant))).state;
			}
			if (open.every(({ state }) => ENDED.has(state)) || Date.now() > until) return;
			await sleep(250, undefined, { signal });
		}
	}

	async #one(wish: Wish, signal: AbortSignal): Promise<void> {
		const atMs = this.#clock.now();
		const id = await this.#accepted(wish, signal);
		if (id === undefined) return;
		this.posted.push({ tenant: wish.tenant, id, atMs, state: 'waiting' });
		if (!wish.repeated) return;
		this.repeats.posted++;
		if ((await this.#accepted(wish, signal)) === id) this.repeats.same++;
	}

	/** The job's id; undefined: it was refused to the end. */
	async #accepted({ tenant, key, script }: Wish, signal: AbortSignal): Promise<string | undefined> {
		for (let tries = 0; tries < TRIES; tries++) {
			const answer = await fetch(`${this.#url}/videos`, {
				method: 'POST',
				headers: { ...bearer(tenant), 'idempotency-key': key },
				body: JSON.stringify({ script }),
				signal,
			});
			const body = (await answer.json()) as { id: string };
			if (answer.status === 202) return body.id;
			this.refused[answer.status] = (this.refused[answer.status] ?? 0) + 1;
			await sleep(Number(answer.headers.get('retry-after') ?? 1) * 1000, undefined, { signal });
		}
		return undefined;
	}
}

function bearer(tenant: string): Record<string, string> {
	return { authorization: `Bearer ${tenant}` };
}
