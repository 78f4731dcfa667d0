/** Instances that are known by address and run elsewhere: what `urls` and `dns` have in common. */
import { addressId, type Life, type ProvidedInstance, type ProviderWatcher } from './provider.ts';

export interface Address {
	/** A name or an address without brackets. */
	host: string;
	port: number;
	tls: boolean;
	/** 1 is normal. */
	weight: number;
}

interface Entry {
	readonly id: string;
	address: Address;
	life: Life;
	epoch: number;
	startedAt: number;
}

export class AddressSet {
	readonly #service: string;
	readonly #entries = new Map<string, Entry>();
	#wanted = new Map<string, Address>();
	#watcher: ProviderWatcher | null = null;

	constructor(service: string) {
		this.#service = service;
	}

	watch(watcher: ProviderWatcher): void {
		this.#watcher = watcher;
		for (const entry of this.#entries.values()) watcher.changed(this.#view(entry));
	}

	list(): ProvidedInstance[] {
		return [...this.#entries.values()].map((entry) => this.#view(entry));
	}

	/** Makes these the addresses: new ones join, missing ones turn to `leaving`. Of one given twice the last counts. */
	want(addresses: readonly Address[]): void {
		this.#wanted = new Map(addresses.map((address) => [addressId(this.#service, address.host, address.port), address]));
		for (const [id, address] of this.#wanted) this.#take(id, address);
		for (const entry of this.#entries.values()) {
			const address = this.#wanted.get(entry.id);
			// One port speaks either TLS or not: a change of that is a new life.
			if (entry.life === 'running' && address?.tls !== entry.address.tls) this.#set(entry, 'leaving');
		}
	}

	/** Forgets a leaving address; it comes back at once when it is wanted again. */
	remove(id: string): void {
		if (!this.#entries.delete(id)) return;
		this.#watcher?.gone(id);
		const address = this.#wanted.get(id);
		if (address) this.#take(id, address);
	}

	#take(id: string, address: Address): void {
		const entry = this.#entries.get(id);
		if (!entry) {
			const fresh: Entry = { id, address, life: 'running', epoch: 1, startedAt: Date.now() };
			this.#entries.set(id, fresh);
			this.#watcher?.changed(this.#view(fresh));
			return;
		}
		if (address.tls !== entry.address.tls) return;
		if (entry.life === 'running' && entry.address.weight === address.weight) return;
		entry.address = address;
		this.#set(entry, 'running');
	}

	#set(entry: Entry, life: Life): void {
		entry.life = life;
		this.#watcher?.changed(this.#view(entry));
	}

	#view(entry: Entry): ProvidedInstance {
		const { id, address, life, epoch, startedAt } = entry;
		return { id, ...address, life, epoch, startedAt, pid: null, restarts: 0, note: '' };
	}
}
