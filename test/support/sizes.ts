/** How a pool's size goes, as it is seen from outside, and why, as Ballast says it. */
import assert from 'node:assert/strict';
import { setTimeout as sleep } from 'node:timers/promises';
import type { ServiceStatus } from '../../src/app/status.ts';
import type { KeptDecision } from '../../src/scaling/decision-store.ts';
import type { Ballast } from './ballast.ts';
import { eventually, statusOf } from './suite.ts';

export interface SizeMoment {
	/** Epoch ms. */
	atMs: number;
	desired: number;
	ready: number;
	/** Those that leave are not among them. */
	there: number;
}

/** Looks at a service ten times a second, across ends of the core. */
export class SizeWatch {
	readonly moments: SizeMoment[] = [];
	readonly #ballast: Ballast;
	readonly #service: string;
	readonly #ending = new AbortController();
	readonly #done: Promise<void>;

	constructor(ballast: Ballast, service: string) {
		this.#ballast = ballast;
		this.#service = service;
		this.#done = this.#look();
	}

	async #look(): Promise<void> {
		while (!this.#ending.signal.aborted) {
			// While there is no core, nobody answers.
			const status = await statusOf(this.#ballast).catch(() => null);
			const service = status?.services.find(({ name }) => name === this.#service);
			if (service !== undefined)
				this.moments.push({
					...{ atMs: Date.now(), desired: service.desired, ready: service.ready },
					there: service.instances.filter(({ state }) => state !== 'draining').length,
				});
			await sleep(100);
		}
	}

	get last(): SizeMoment | undefined {
		return this.moments.at(-1);
	}

	/** Most instances that there were at once, from a time on. */
	most(fromMs = 0): number {
		return Math.max(...this.moments.filter(({ atMs }) => atMs >= fromMs).map(({ there }) => there));
	}

	/** The sizes that were set, each once for as long as it held. */
	sizes(fromMs = 0): number[] {
		const of = this.moments.filter(({ atMs }) => atMs >= fromMs).map(({ desired }) => desired);
		return of.filter((size, at) => size !== of[at - 1]);
	}

	async stop(): Promise<void> {
		this.#ending.abort();
		await this.#done;
	}

	[Symbol.asyncDispose](): Promise<void> {
		return this.stop();
	}
}

/** Until a service has so many ready, and no more. */
export const readyAre = (ballast: Ballast, service: string, count: number, withinMs = 20_000): Promise<unknown> =>
	eventually(
		async () => {
			const { desired, ready, total } = await serviceOf(ballast, service);
			return { desired, ready, total };
		},
		({ desired, ready, total }) => desired === count && ready === count && total === count,
		withinMs,
	);

export async function serviceOf(ballast: Ballast, name: string): Promise<ServiceStatus> {
	const found = (await statusOf(ballast)).services.find((service) => service.name === name);
	assert.ok(found !== undefined, name);
	return found;
}

/** Process ids of a service's instances. */
export async function pidsOf(ballast: Ballast, service: string): Promise<number[]> {
	const { instances } = await serviceOf(ballast, service);
	return instances.flatMap(({ pid }) => (pid === null ? [] : [pid])).sort((a, b) => a - b);
}

/** Decisions on a service, oldest first. `all`: those that changed nothing as well. */
export async function decisionsOf(ballast: Ballast, pool: string, all = false): Promise<KeptDecision[]> {
	return ((await ballast.control('scaling-history', { pool, limit: 1000, all })) as KeptDecision[]).toReversed();
}

export const sentencesOf = async (ballast: Ballast, pool: string): Promise<string[]> =>
	(await decisionsOf(ballast, pool, true)).map(({ sentence }) => sentence);
