import type { Channel, Notification } from '../notification.ts';
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

	constructor(config: WebhookConfig) {
		this.#config = config;
	}

	async send(notification: Notification): Promise<void> {
		const { url, headers } = this.#config;
		await postOnce(url, { body: webhookBody(notification), headers: Object.fromEntries(headers) });
	}
}
