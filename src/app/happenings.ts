import type { Event } from './event-log.ts';

/** Events whose number is a figure. */
const COUNTED: ReadonlySet<string> = new Set(['started', 'exited', 'dns_failed', 'rolled_back']);

/** How often what happened to the pools of each service, since this core began. */
export class Happenings {
	readonly #counts = new Map<string, Map<string, number>>();
	/** Pools whose name is not resolved. */
	readonly #failing = new Set<string>();

	add({ subject, pool = '', kind = '' }: Event): void {
		if (kind === 'dns_failed') this.#failing.add(`${subject}\0${pool}`);
		if (kind === 'dns_recovered') this.#failing.delete(`${subject}\0${pool}`);
		if (!COUNTED.has(kind)) return;
		const key = `${subject}\0${kind}`;
		const pools = this.#counts.get(key) ?? new Map<string, number>();
		this.#counts.set(key, pools.set(pool, (pools.get(pool) ?? 0) + 1));
	}

	/** Whether the last look-up of the pool's name failed. */
	lookupFails(service: string, pool: string): boolean {
		return this.#failing.has(`${service}\0${pool}`);
	}

	/** `pool` null: of all. */
	of(service: string, pool: string | null, kind: string): number {
		const pools = this.#counts.get(`${service}\0${kind}`);
		if (pools === undefined) return 0;
		if (pool !== null) return pools.get(pool) ?? 0;
		return [...pools.values()].reduce((sum, count) => sum + count, 0);
	}
}
