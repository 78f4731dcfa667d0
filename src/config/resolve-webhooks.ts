/** Webhooks: their secrets, and where they may go. */
import { parseDuration } from '../core/units.ts';
import type { OffloadWebhookInput, WebhooksInput } from '../jobs/webhooks/config.ts';
import { parseWebhookSecret } from '../jobs/webhooks/sign-webhook.ts';
import { REFUSALS, WebhookJudge } from '../jobs/webhooks/webhook-rules.ts';
import {
	type OffloadWebhook,
	WEBHOOK_PAUSES_MS,
	WEBHOOK_RULES,
	WEBHOOK_TIME_LIMIT_MS,
	type WebhooksConfig,
} from '../jobs/webhooks/webhooks-config.ts';
import type { ServiceConfig } from './config.ts';
import type { Place } from './scope.ts';

/** null: nobody is told of ends. */
export function resolveWebhooks(input: WebhooksInput | undefined, place: Place): WebhooksConfig | null {
	if (input === undefined) return null;
	const { allow, http, ports } = input;
	return {
		secrets: secretsOf(input.secret, place.at('secret')),
		rules: {
			allow: allow ?? WEBHOOK_RULES.allow,
			http: http ?? WEBHOOK_RULES.http,
			ports: ports ?? WEBHOOK_RULES.ports,
		},
		timeLimitMs: parseDuration(input.timeLimit ?? '') ?? WEBHOOK_TIME_LIMIT_MS,
		pausesMs: input.retries?.map((pause) => parseDuration(pause) ?? 0) ?? WEBHOOK_PAUSES_MS,
	};
}

function secretsOf(input: WebhooksInput['secret'], place: Place): string[] {
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

/** A route that says only one part keeps the other of its service. */
export function layWebhook(base: OffloadWebhook | null, input: OffloadWebhookInput | undefined): OffloadWebhook | null {
	if (input === undefined) return base;
	if (input === 'off' || input === false) return null;
	if (input === 'asked') return { url: null, asked: true };
	if (typeof input === 'string') return { url: input, asked: false };
	return { url: input.url ?? base?.url ?? null, asked: input.asked ?? base?.asked ?? false };
}

/** Webhooks need a secret, and a URL that may be called. */
export function checkWebhooks(
	{ offload, routeOffloads }: ServiceConfig,
	place: Place,
	node: WebhooksConfig | null,
): void {
	const check = (webhook: OffloadWebhook | null | undefined, at: Place): void => {
		if (webhook == null) return;
		if (webhook.url === null && !webhook.asked) {
			at.problem('expected `url`, or `asked: true`', { at: 'key' });
			return;
		}
		if (node === null) {
			at.problem('expected `jobs: { webhooks: { secret: { env: NAME } } }` too: webhooks are signed', { at: 'key' });
			return;
		}
		const judged = webhook.url === null ? null : new WebhookJudge(node.rules).url(webhook.url);
		if (typeof judged === 'string')
			at.problem(`this URL is not called: ${REFUSALS[judged]}; see \`jobs.webhooks\``, { value: webhook.url });
	};
	check(offload?.webhook, place.at('offload', 'webhook'));
	for (const [name, policy] of Object.entries(routeOffloads))
		if (policy?.webhook !== offload?.webhook) check(policy?.webhook, place.at('routes', name, 'offload', 'webhook'));
}
