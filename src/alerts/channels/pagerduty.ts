import { type Channel, type Notification, SEND_MS } from '../notification.ts';
import { isLink } from '../runbook.ts';
import { titleOf } from './alert-text.ts';
import { postOnce } from './post.ts';

export interface PagerDutyConfig {
	type: 'pagerduty';
	/** Integration key of a service's Events API v2; it is a secret. */
	key: string;
	/** Of the events API. */
	url: string;
}

export const PAGERDUTY_URL = 'https://events.pagerduty.com/v2/enqueue';

/** PagerDuty's Events API v2: a group of alerts is one incident, which ends with the last of them. */
export class PagerDutyChannel implements Channel {
	readonly #config: PagerDutyConfig;
	readonly #waitMs: number;

	constructor(config: PagerDutyConfig, waitMs: number = SEND_MS) {
		this.#config = config;
		this.#waitMs = waitMs;
	}

	async send(notification: Notification): Promise<void> {
		const { key, url } = this.#config;
		const { group, groupLabels, alerts, severity, node, status, link, timeMs, omitted } = notification;
		const [first] = alerts;
		const runbook = first?.runbook ?? null;
		const body = {
			routing_key: key,
			event_action: status === 'firing' ? 'trigger' : 'resolve',
			dedup_key: `ballast-${node}-${group}`.slice(0, 255),
			client: 'Ballast',
			...(link === null ? {} : { client_url: link }),
			...(runbook === null || !isLink(runbook) ? {} : { links: [{ href: runbook, text: 'Runbook' }] }),
			payload: {
				summary: `${titleOf(notification)}: ${first?.summary ?? ''}`.slice(0, 1024),
				source: groupLabels['service'] ?? node,
				severity,
				timestamp: new Date(first?.startsAtMs ?? timeMs).toISOString(),
				component: groupLabels['service'] ?? 'ballast',
				group,
				custom_details: {
					alerts: alerts.map(({ name, labels, status: own, summary, causes }) => ({
						name,
						labels,
						status: own,
						summary,
						causes,
					})),
					omitted,
				},
			},
		};
		await postOnce(url, { body, waitMs: this.#waitMs });
		// A test opens an incident; it is closed again at once.
		if (notification.test)
			await postOnce(url, {
				body: { routing_key: key, event_action: 'resolve', dedup_key: body.dedup_key },
				waitMs: this.#waitMs,
			});
	}
}
