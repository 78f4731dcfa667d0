import type { WebhookRules } from './webhook-rules.ts';

/** How ends of jobs are told, resolved. Plain data: it is sent to threads. */
export interface WebhooksConfig {
	/** `whsec_…` of hosts without a rule of their own; each signs, the first one is the newest. Empty: those are not called. */
	secrets: string[];
	/** Hosts with secrets of their own; the first rule that names one holds. */
	receivers: ReceiverRule[];
	rules: WebhookRules;
	/** Most time for one call, ms. */
	timeLimitMs: number;
	/** Before the second try, the third and so on, ms. */
	pausesMs: readonly number[];
	/** Most calls under way, and to one host. */
	concurrency: number;
	perHost: number;
}

export interface ReceiverRule {
	/** A name or an address, or `*.` and what a name ends with; lower case. */
	host: string;
	secrets: string[];
}

/** Of a route: who is told of an end. */
export interface OffloadWebhook {
	/** null: only whom the client names. */
	url: string | null;
	/** Clients may name one by `Webhook-URL`, which goes before `url`. */
	asked: boolean;
	/** What the receiver at `url` knows, `whsec_…`; empty: what its host does. Nobody's else: a client's own URL is not signed with them. */
	secrets: string[];
	/** The URL was given by reference: it is not to be shown. */
	hidden: boolean;
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
export const WEBHOOK_CONCURRENCY = 32;
export const WEBHOOK_PER_HOST = 4;
