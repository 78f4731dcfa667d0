/** Instances at fixed addresses; something else runs them. */
import { AddressSet } from '../address-set.ts';
import type { UrlsConfig } from '../config.ts';
import type { ProvidedInstance, Provider, ProviderWatcher } from '../provider.ts';

export class UrlsProvider implements Provider<UrlsConfig> {
	readonly kind = 'urls';
	readonly #addresses: AddressSet;

	constructor(service: string, config: UrlsConfig) {
		this.#addresses = new AddressSet(service);
		this.#addresses.want(config.urls);
	}

	list(): readonly ProvidedInstance[] {
		return this.#addresses.list();
	}

	watch(watcher: ProviderWatcher): void {
		this.#addresses.watch(watcher);
	}

	apply(config: UrlsConfig): void {
		this.#addresses.want(config.urls);
	}

	/** Nothing to hold back: an address is only routed to or not. */
	setActive(): void {}

	reached(): void {}

	remove(id: string): Promise<void> {
		this.#addresses.remove(id);
		return Promise.resolve();
	}

	retire(): void {
		this.#addresses.want([]);
	}

	close(): void {}
}
