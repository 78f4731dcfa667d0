import { call, expectGood } from '../call.ts';
import { type PurgeKind, type PurgeSelect, type PurgeTarget, purgeFailed } from '../purge-target.ts';

export interface FastlyConfig {
	type: 'fastly';
	/** Id of the service. */
	service: string;
	/** An API token that may purge the service (`purge_select`; for everything `purge_all`); it is a secret. */
	token: string;
	/** Of the API. */
	url: string;
}

export const FASTLY_URL = 'https://api.fastly.com';
/** Of one batch of surrogate keys (fastly.com/documentation/reference/api/purging). */
const MOST_KEYS = 256;

/** Fastly's purges: by URL, by `Surrogate-Key`, of all. Prefixes it does not know; all of a service is never soft there. */
export class FastlyTarget implements PurgeTarget {
	readonly #config: FastlyConfig;
	readonly most: Readonly<Record<PurgeKind, number>> = { urls: 1, prefixes: 0, tags: MOST_KEYS, everything: 1 };

	constructor(config: FastlyConfig) {
		this.#config = config;
	}

	async purge(select: PurgeSelect, soft: boolean): Promise<void> {
		const { url, service } = this.#config;
		const of = `${url}/service/${encodeURIComponent(service)}`;
		if ('everything' in select) await this.#call(`${of}/purge_all`, false);
		else if ('tags' in select) await this.#call(`${of}/purge`, soft, JSON.stringify({ surrogate_keys: select.tags }));
		else if ('urls' in select)
			for (const one of select.urls) await this.#call(`${url}/purge/${one.replace(/^https?:\/\//, '')}`, soft);
		else throw purgeFailed('Fastly cannot purge by prefix', { permanent: true });
	}

	async #call(url: string, soft: boolean, body?: string): Promise<void> {
		const headers = { 'fastly-key': this.#config.token, ...(soft ? { 'fastly-soft-purge': '1' } : {}) };
		expectGood(await call(url, { headers, ...(body === undefined ? {} : { body }) }));
	}
}
