import { ClientNetwork } from '../gateway/client-network.ts';
import type { ConnectionGate } from '../gateway/data-plane.ts';
import { Trust } from '../gateway/forwarded.ts';
import { NodeCell, type Plan } from './plan.ts';

const network = new ClientNetwork();

/**
 * Bounds the connections of the node and of each client address (of IPv6 its first 64 bits, as rate
 * limits take it). The node's are summed over all workers; an address's are counted by each worker for its share, since the kernel spreads the
 * connections of one address over the workers' sockets evenly.
 */
export class ConnectionCount implements ConnectionGate {
	readonly #all: Int32Array;
	readonly #own: number;
	readonly #byAddress = new Map<string, number>();
	#workers = 1;
	#most = 0;
	#mostByAddress = 0;
	#trust = new Trust([]);

	constructor(all: Int32Array, worker: number) {
		this.#all = all;
		this.#own = worker * NodeCell.cells + NodeCell.connections;
		this.#all[this.#own] = 0;
	}

	configure(plan: Plan): void {
		this.#workers = Math.max(plan.columns, plan.workers);
		this.#most = plan.limits.connections;
		// A quarter more than the even share, since the spread is by chance.
		const share = plan.workers === 1 ? 1 : 1.25 / plan.workers;
		this.#mostByAddress = Math.ceil(plan.limits.connectionsPerAddress * share);
		this.#trust = new Trust(plan.trust);
	}

	open(address: string): boolean {
		let sum = 0;
		for (let worker = 0; worker < this.#workers; worker++)
			sum += this.#all[worker * NodeCell.cells + NodeCell.connections] as number;
		if (sum >= this.#most) return false;
		const client = this.#clientOf(address);
		if (client !== '') {
			const known = this.#byAddress.get(client) ?? 0;
			if (known >= this.#mostByAddress) return false;
			this.#byAddress.set(client, known + 1);
		}
		this.#all[this.#own] = (this.#all[this.#own] as number) + 1;
		return true;
	}

	close(address: string): void {
		this.#all[this.#own] = (this.#all[this.#own] as number) - 1;
		const client = this.#clientOf(address);
		if (client === '') return;
		const known = this.#byAddress.get(client) ?? 0;
		if (known <= 1) this.#byAddress.delete(client);
		else this.#byAddress.set(client, known - 1);
	}

	/** What the connections of an address are counted by; empty: they are not, since it is loopback or a proxy that speaks for many. */
	#clientOf(address: string): string {
		if (address.startsWith('127.') || address === '::1' || this.#trust.has(address)) return '';
		if (!address.includes(':')) return address;
		network.read(address);
		return network.family === 6 ? `${network.high}:${network.low}` : address;
	}
}
