/** Webhooks: their secrets, and where they may go. */
import { parseDuration } from '../core/units.ts';
import type { OffloadWebhookInput, WebhooksInput } from '../jobs/webhooks/config.ts';
import { secretsOfHost } from '../jobs/webhooks/receiver-secrets.ts';
import { parseWebhookSecret } from '../jobs/webhooks/sign-webhook.ts';
import { hostOf, REFUSALS, WebhookJudge, type WebhookRefusal } from '../jobs/webhooks/webhook-rules.ts';
import {
	type OffloadWebhook,
	WEBHOOK_CONCURRENCY,
	WEBHOOK_PAUSES_MS,
	WEBHOOK_PER_HOST,
	WEBHOOK_RULES,
	WEBHOOK_TIME_LIMIT_MS,
	type WebhooksConfig,
} from '../jobs/webhooks/webhooks-config.ts';
import type { ServiceConfig } from './config.ts';
import type { Place } from './scope.ts';

/** null: nobody is told of ends. */
export function resolveWebhooks(input: WebhooksInput | undefined, place: Place): WebhooksConfig | null {
	if (input === undefined) return null;
	const { allow, http, ports, receivers = [], concurrency, perHost } = input;
	if (input.secret === undefined && receivers.length === 0)
		place.problem('expected `secret`, or `receivers` with secrets of their own', { at: 'key' });
	return {
		secrets: secretsOf(input.secret, place.at('secret')),
		receivers: receivers.map(({ host, secret }, at) => ({
			host: host.toLowerCase(),
			secrets: secretsOf(secret, place.at('receivers', at, 'secret')),
		})),
		rules: {
			allow: allow ?? WEBHOOK_RULES.allow,
			http: http ?? WEBHOOK_RULES.http,
			ports: ports ?? WEBHOOK_RULES.ports,
		},
		timeLimitMs: parseDuration(input.timeLimit ?? '') ?? WEBHOOK_TIME_LIMIT_MS,
		pausesMs: input.retries?.map((pause) => parseDuration(pause) ?? 0) ?? WEBHOOK_PAUSES_MS,
		concurrency: concurrency ?? WEBHOOK_CONCURRENCY,
		perHost: perHost ?? WEBHOOK_PER_HOST,
	};
}

function secretsOf(input: WebhooksInput['secret'], place: Place): string[] {
	if (input === undefined) return [];
	const many = Array.isArray(input);
	return [input].flat().flatMap((one, index) => {
		const at = many ? place.at(index) : place;
		const secret = at.secret(one);
		if (secret === undefined) return [];
		if (parseWebhookSecret(secret) !== null) return [secret];
		at.problem(
			'expected a secret of the form whsec_ and base64 of 24 to 64 bytes; `echo whsec_$(openssl rand -base64 32)` makes one',
		);
		return [];
	});
}

/** A route that says only one part keeps the others of its service; a secret is that of the URL beside it. */
export function layWebhook(
	base: OffloadWebhook | null,
	input: OffloadWebhookInput | undefined,
	place: Place,
): OffloadWebhook | null {
	if (input === undefined) return base;
	if (input === 'off' || input === false) return null;
	const none = { url: null, asked: false, secrets: [], hidden: false };
	if (input === 'asked') return { ...none, asked: true };
	if (typeof input === 'string') return { ...none, url: input };
	const { url, asked, secret } = input;
	return {
		...(url === undefined ? { url: base?.url ?? null, hidden: base?.hidden ?? false } : urlOf(url, place.at('url'))),
		asked: asked ?? base?.asked ?? false,
		secrets: secret === undefined && url === undefined ? (base?.secrets ?? []) : secretsOf(secret, place.at('secret')),
	};
}

type Url = NonNullable<Exclude<OffloadWebhookInput, string | false>['url']>;

function urlOf(url: Url, place: Place): Pick<OffloadWebhook, 'url' | 'hidden'> {
	if (typeof url === 'string') return { url, hidden: false };
	// Without one it is told already.
	return { url: place.secret(url) ?? null, hidden: true };
}

/** Webhooks need a secret, and a URL that may be called. */
export function checkWebhooks(
	{ offload, routeOffloads }: ServiceConfig,
	place: Place,
	node: WebhooksConfig | null,
): void {
	const check = (webhook: OffloadWebhook | null | undefined, at: Place): void => {
		if (webhook == null) return;
		// A reference that stands for nothing is told already.
		if (webhook.url === null && webhook.hidden) return;
		if (webhook.url === null && !webhook.asked) {
			at.problem('expected `url`, or `asked: true`', { at: 'key' });
			return;
		}
		if (webhook.url === null && webhook.secrets.length > 0)
			at.at('secret').problem('expected `url` too: what clients name is signed as `jobs.webhooks` says', { at: 'key' });
		if (node === null) {
			at.problem('expected `jobs: { webhooks: { secret: { env: NAME } } }` too: webhooks are signed', { at: 'key' });
			return;
		}
		const judged = webhook.url === null ? null : judge(webhook.url, webhook.secrets, node);
		if (judged !== null)
			at.problem(
				`this URL is not called: ${REFUSALS[judged]}; see \`jobs.webhooks\``,
				webhook.hidden ? {} : { value: webhook.url },
			);
	};
	check(offload?.webhook, place.at('offload', 'webhook'));
	for (const [name, policy] of Object.entries(routeOffloads))
		if (policy?.webhook !== offload?.webhook) check(policy?.webhook, place.at('routes', name, 'offload', 'webhook'));
}

function judge(text: string, own: readonly string[], node: WebhooksConfig): WebhookRefusal | null {
	const url = new WebhookJudge(node.rules).url(text);
	if (!(url instanceof URL)) return url;
	return own.length === 0 && secretsOfHost(node, hostOf(url)).length === 0 ? 'no_secret' : null;
}
