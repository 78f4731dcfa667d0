/** Instances behind a name: looked up again and again, the last good answer kept. */
import { AddressSet } from '../address-set.ts';
import type { DnsConfig } from '../config.ts';
import type { ProvidedInstance, Provider, ProviderWatcher } from '../provider.ts';
import { Lookup, type LookupAnswer } from './lookup.ts';
import { type Known, merge, nextLookupMs } from './merge.ts';

export class DnsProvider implements Provider<DnsConfig> {
	readonly kind = 'dns';
	readonly #addresses: AddressSet;
	#config: DnsConfig;
	#lookup: Lookup;
	#known: Known = { v4: [], v6: [] };
	#watcher: ProviderWatcher | null = null;
	#timer: NodeJS.Timeout | undefined;
	#failures = 0;
	#said: string | null = null;
	/** Counts configurations, so that a late answer for an earlier one is dropped. */
	#round = 0;

	constructor(service: string, config: DnsConfig) {
		this.#config = config;
		this.#lookup = new Lookup(config);
		this.#addresses = new AddressSet(service);
	}

	list(): readonly ProvidedInstance[] {
		return this.#addresses.list();
	}

	watch(watcher: ProviderWatcher): void {
		this.#watcher = watcher;
		this.#addresses.watch(watcher);
		void this.#resolve();
	}

	apply(config: DnsConfig): void {
		const before = this.#config;
		this.#config = config;
		this.#stop();
		this.#lookup = new Lookup(config);
		if (config.name !== before.name || config.resolver !== before.resolver) this.#failures = 0;
		if (config.port !== before.port || config.tls !== before.tls) this.#want();
		void this.#resolve();
	}

	/** Nothing to hold back: an address is only routed to or not. */
	setActive(): void {}

	reached(): void {}

	remove(id: string): Promise<void> {
		this.#addresses.remove(id);
		return Promise.resolve();
	}

	retire(): void {
		this.#stop();
		this.#addresses.want([]);
	}

	close(): void {
		this.#stop();
	}

	#stop(): void {
		this.#round++;
		clearTimeout(this.#timer);
		this.#lookup.close();
	}

	async #resolve(): Promise<void> {
		const round = this.#round;
		const answer = await this.#lookup.run();
		if (round !== this.#round) return;
		const merged = merge(this.#known, answer);
		this.#known = merged.known;
		this.#failures = merged.failed === null ? 0 : this.#failures + 1;
		this.#say(merged.failed);
		this.#want();
		const jitter = 0.9 + Math.random() * 0.2;
		const afterMs = nextLookupMs(this.#config.resolveMs, this.#failures, shortestTtl(answer)) * jitter;
		this.#timer = setTimeout(() => void this.#resolve(), afterMs);
	}

	#want(): void {
		const { port, tls, family } = this.#config;
		const hosts = [...(family === 6 ? [] : this.#known.v4), ...(family === 4 ? [] : this.#known.v6)];
		this.#addresses.want(hosts.map((host) => ({ host, port, tls, weight: 1 })));
	}

	/** One event for a failure and one for its end, not one for each look-up. */
	#say(failed: string | null): void {
		if (failed === this.#said) return;
		this.#said = failed;
		const count = this.#known.v4.length + this.#known.v6.length;
		const { name } = this.#config;
		if (failed === null) {
			const text = `${name} resolves again: ${count} ${count === 1 ? 'address' : 'addresses'}`;
			this.#watcher?.event({ instance: null, kind: 'dns_recovered', level: 'info', text });
			return;
		}
		const kept =
			count === 0
				? 'no address is known yet'
				: `the last ${count} known ${count === 1 ? 'address is' : 'addresses are'} kept`;
		const level = count === 0 ? 'error' : 'warn';
		this.#watcher?.event({
			instance: null,
			kind: 'dns_failed',
			level,
			text: `${name} could not be resolved: ${failed}; ${kept}`,
		});
	}
}

function shortestTtl(answer: LookupAnswer): number | null {
	const ttls = [answer.v4.ttlMs, answer.v6.ttlMs].filter((ttl) => ttl !== null);
	return ttls.length === 0 ? null : Math.min(...ttls);
}
