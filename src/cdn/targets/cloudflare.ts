import { call, expectGood } from '../call.ts';
import { type PurgeKind, type PurgeSelect, type PurgeTarget, purgeFailed } from '../purge-target.ts';

export interface CloudflareConfig {
	type: 'cloudflare';
	/** Its id, 32 hexadecimal digits. */
	zone: string;
	/** An API token with the permission "Cache Purge" on the zone; it is a secret. */
	token: string;
	/** Of the API, with its version. */
	url: string;
}

export const CLOUDFLARE_URL = 'https://api.cloudflare.com/client/v4';
/** "Max operations per request": 100 on every plan (developers.cloudflare.com/cache/how-to/purge-cache). */
const MOST_ITEMS = 100;
/** Of prefixes the page on them says 30. */
const MOST_PREFIXES = 30;

/** Cloudflare's `POST /zones/{zone_id}/purge_cache`, and `/invalidate_cache` for a soft purge, which takes the same. */
export class CloudflareTarget implements PurgeTarget {
	readonly #config: CloudflareConfig;
	readonly most: Readonly<Record<PurgeKind, number>> = {
		urls: MOST_ITEMS,
		prefixes: MOST_PREFIXES,
		tags: MOST_ITEMS,
		everything: 1,
	};

	constructor(config: CloudflareConfig) {
		this.#config = config;
	}

	async purge(select: PurgeSelect, soft: boolean): Promise<void> {
		for (const body of bodiesOf(select)) await this.#call(soft ? 'invalidate_cache' : 'purge_cache', body);
	}

	async #call(what: string, body: object): Promise<void> {
		const { url, zone, token } = this.#config;
		const answer = await call(`${url}/zones/${zone}/${what}`, {
			body: JSON.stringify(body),
			headers: { authorization: `Bearer ${token}` },
		});
		const said = envelopeOf(answer.text);
		expectGood(answer, said.errors === '' ? answer.text : said.errors);
		if (!said.success) throw purgeFailed(said.errors === '' ? 'it does not say that it succeeded' : said.errors);
	}
}

/** The API takes one kind of items a call; a prefix without a path is a host there. */
function bodiesOf(select: PurgeSelect): object[] {
	if ('everything' in select) return [{ purge_everything: true }];
	if ('urls' in select) return [{ files: select.urls }];
	if ('tags' in select) return [{ tags: select.tags }];
	const hosts = select.prefixes.filter((prefix) => /^[^/]*\/?$/.test(prefix)).map((prefix) => prefix.replace('/', ''));
	const prefixes = select.prefixes.filter((prefix) => !/^[^/]*\/?$/.test(prefix));
	return [...(prefixes.length === 0 ? [] : [{ prefixes }]), ...(hosts.length === 0 ? [] : [{ hosts }])];
}

/** What every answer of the API says of itself: `success`, and `errors` with code and message. */
function envelopeOf(text: string): { success: boolean; errors: string } {
	try {
		const { success, errors } = JSON.parse(text) as { success?: unknown; errors?: unknown };
		const told = Array.isArray(errors) ? errors.slice(0, 3) : [];
		const lines = told.map((one: { code?: unknown; message?: unknown } | null) => `${one?.code}: ${one?.message}`);
		return { success: success === true, errors: lines.join('; ') };
	} catch {
		return { success: false, errors: '' };
	}
}
