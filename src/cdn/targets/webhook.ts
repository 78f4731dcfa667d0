import { createHmac, randomUUID } from 'node:crypto';
import { call, expectGood } from '../call.ts';
import { itemsOf, kindOf, type PurgeKind, type PurgeSelect, type PurgeTarget } from '../purge-target.ts';

export interface WebhookPurgeConfig {
	type: 'webhook';
	/** `{kind}` in path or query stands for `urls`, `prefixes`, `tags` or `everything`, `{item}` for one of them. */
	url: string;
	method: string;
	/** More fields of the request's head. */
	headers: readonly (readonly [string, string])[];
	/** What the body is signed with; null: it is not. */
	secret: string | null;
}

const MOST_ITEMS = 100;

/** Tells any URL, by JSON that is signed as standardwebhooks.com says. */
export class WebhookPurgeTarget implements PurgeTarget {
	readonly #config: WebhookPurgeConfig;
	readonly most: Readonly<Record<PurgeKind, number>>;

	constructor(config: WebhookPurgeConfig) {
		this.#config = config;
		const most = config.url.includes('{item}') ? 1 : MOST_ITEMS;
		this.most = { urls: most, prefixes: most, tags: most, everything: 1 };
	}

	async purge(select: PurgeSelect, soft: boolean): Promise<void> {
		const { url, method, headers } = this.#config;
		const kind = kindOf(select);
		const where = url
			.replaceAll('{kind}', kind)
			.replaceAll('{item}', () => encodeURIComponent(itemsOf(select)[0] ?? ''));
		const timeMs = Date.now();
		const body = method === 'GET' ? undefined : JSON.stringify({ kind, ...select, soft, timeMs });
		const own = Object.fromEntries(headers);
		const signed = body === undefined ? {} : this.#signature(body, timeMs);
		expectGood(await call(where, { method, headers: { ...own, ...signed }, ...(body === undefined ? {} : { body }) }));
	}

	#signature(body: string, timeMs: number): Record<string, string> {
		const { secret } = this.#config;
		const id = `msg_${randomUUID()}`;
		const seconds = String(Math.floor(timeMs / 1000));
		if (secret === null) return { 'webhook-id': id, 'webhook-timestamp': seconds };
		const signature = createHmac('sha256', keyOf(secret)).update(`${id}.${seconds}.${body}`).digest('base64');
		return { 'webhook-id': id, 'webhook-timestamp': seconds, 'webhook-signature': `v1,${signature}` };
	}
}

/** `whsec_` is followed by Base64; anything else is taken as it stands. */
function keyOf(secret: string): Buffer {
	return secret.startsWith('whsec_') ? Buffer.from(secret.slice(6), 'base64') : Buffer.from(secret);
}
