import { type Addressed, clientAddress } from '../../gateway/client-address.ts';
import { ClientNetwork } from '../../gateway/client-network.ts';
import type { Job } from '../../jobs/job.ts';

/**
 * How many streams are open, and whose: each tenant may have one more while it has fewer than are free. Alone it comes to
 * half of all, of several greedy ones each to the same part, and one that comes new always finds room.
 */
export class StreamRoom {
	readonly #open = new Map<string, number>();
	#all = 0;

	/** False: not now. `most`: of all tenants. Who is let in leaves again. */
	enter(tenant: string, most: number): boolean {
		const own = this.#open.get(tenant) ?? 0;
		if (own >= most - this.#all) return false;
		this.#open.set(tenant, own + 1);
		this.#all++;
		return true;
	}

	leave(tenant: string): void {
		const own = this.#open.get(tenant);
		if (own === undefined) return;
		this.#all--;
		if (own === 1) this.#open.delete(tenant);
		else this.#open.set(tenant, own - 1);
	}
}

const network = new ClientNetwork();

/** Among whom streams are shared: as turns are, otherwise by credential, or by the client's address (of IPv6 its first 64 bits) where there is none. */
export function tenantOf({ group, owner }: Pick<Job, 'group' | 'owner'>, exchange: Addressed): string {
	if (group !== '') return `group ${group}`;
	if (owner !== '') return `owner ${owner}`;
	const address = clientAddress(exchange);
	network.read(address);
	return network.family === 6 ? `network ${network.high} ${network.low}` : `address ${address}`;
}
