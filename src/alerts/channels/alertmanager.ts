import { type Channel, type Notification, SEND_MS } from '../notification.ts';
import { annotations, promLabels } from './alertmanager-form.ts';
import { postOnce } from './post.ts';

export interface AlertmanagerConfig {
	type: 'alertmanager';
	/** Without `/api/v2/alerts`. */
	url: string;
	headers: readonly (readonly [string, string])[];
}

/** How often what fires is sent again, and how far ahead it is said to end if nothing more comes, ms. */
export const RESEND_MS = 30_000;
const ENDS_AHEAD_MS = 4 * RESEND_MS;

/**
 * Hands alerts to an Alertmanager (API v2), which groups, silences and routes them itself. What fires is sent
 * again and again with an end a little ahead, so that it ends there too should Ballast die.
 */
export class AlertmanagerChannel implements Channel {
	readonly resendMs: number = RESEND_MS;
	readonly #config: AlertmanagerConfig;
	readonly #waitMs: number;

	constructor(config: AlertmanagerConfig, waitMs: number = SEND_MS) {
		this.#config = config;
		this.#waitMs = waitMs;
	}

	async send({ alerts, node, link, timeMs }: Notification): Promise<void> {
		const { url, headers } = this.#config;
		const body = alerts.map((alert) => ({
			labels: promLabels(alert, node),
			annotations: annotations(alert),
			startsAt: new Date(alert.startsAtMs).toISOString(),
			endsAt: new Date(alert.endsAtMs ?? timeMs + ENDS_AHEAD_MS).toISOString(),
			...(link === null ? {} : { generatorURL: link }),
		}));
		await postOnce(`${url.replace(/\/$/, '')}/api/v2/alerts`, {
			body,
			headers: Object.fromEntries(headers),
			waitMs: this.#waitMs,
		});
	}
}
