import type { WebhookRules } from './webhook-rules.ts';

/** How ends of jobs are told, resolved. Plain data: it is sent to threads. */
export interface WebhooksConfig {
	/** `whsec_…`; each signs, the first one is the newest. */
	secrets: string[];
	rules: WebhookRules;
	/** Most time for one call, ms. */
	timeLimitMs: number;
	/** Before the second try, the third and so on, ms. */
	pausesMs: readonly number[];
}

/** Of a route: who is told of an end. */
export interface OffloadWebhook {
	/** null: only whom the client names. */
	url: string | null;
	/** Clients may name one by `Webhook-URL`, which goes before `url`. */
	asked: boolean;
}

const [SECOND_MS, MINUTE_MS, HOUR_MS] = [1000, 60_000, 3_600_000];

/** Those of https://www.standardwebhooks.com. */
export const WEBHOOK_PAUSES_MS: readonly number[] = [
	5 * SECOND_MS,
	5 * MINUTE_MS,
	30 * MINUTE_MS,
	...[2, 5, 10, 14, 20, 24].map((hours) => hours * HOUR_MS),
];

export const WEBHOOK_RULES: WebhookRules = { allow: [], http: [], ports: [443] };
export const WEBHOOK_TIME_LIMIT_MS = 20_000;
