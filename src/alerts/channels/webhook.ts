import { type Channel, type Notification, SEND_MS } from '../notification.ts';
import { webhookBody } from './alertmanager-form.ts';
import { postOnce } from './post.ts';

export interface WebhookConfig {
	type: 'webhook';
	url: string;
	/** More fields of the request's head. */
	headers: readonly (readonly [string, string])[];
}

/** POSTs Alertmanager's webhook body, version 4, to any URL. */
export class WebhookChannel implements Channel {
	readonly #config: WebhookConfig;
	readonly #waitMs: number;

	constructor(config: WebhookConfig, waitMs: number = SEND_MS) {
		this.#config = config;
		this.#waitMs = waitMs;
	}

	async send(notification: Notification): Promise<void> {
		const { url, headers } = this.#config;
		await postOnce(url, {
			body: webhookBody(notification),
			headers: Object.fromEntries(headers),
			waitMs: this.#waitMs,
		});
	}
}
