/** Jobs as a person would write them. */
import { formatDuration, formatSize } from '../core/units.ts';
import {
	type HoldPolicy,
	type JobRetry,
	type JobsConfig,
	type OffloadPolicy,
	OWNER_GROUP,
	type QueueLimits,
} from '../jobs/offload-policy.ts';
import type { OffloadWebhook, WebhooksConfig } from '../jobs/webhooks/webhooks-config.ts';
import { formatRate } from '../resilience/rate.ts';
import type { FormOptions } from './alerts-form.ts';
import { codesForm, externalForm, lanesForm } from './external-form.ts';
import { creditForm, spendForm } from './spend-form.ts';

const PRIORITIES = ['low', 'normal', 'high'] as const;

/** `limits`: whether it tells those of its queue, which a route does that has one of its own. `secret`: what stands for one. */
export function offloadForm(
	policy: OffloadPolicy | null,
	{ limits, secret }: { limits: boolean; secret: (value: string) => unknown },
): unknown {
	if (policy === null) return 'off';
	const { when, methods, idempotency, idempotencyMs, owner, group, priority, upstreamKey } = policy;
	return {
		when: typeof when === 'string' ? when : holdForm(when),
		...(methods === null ? {} : { methods }),
		idempotency: { key: idempotency, life: formatDuration(idempotencyMs) },
		owner: owner.map((name) => `header:${name}`),
		group: group === null ? 'all' : group === OWNER_GROUP ? 'owner' : `header:${group}`,
		priority: PRIORITIES[priority],
		...(limits ? limitsForm(policy.limits) : {}),
		...retryForm(policy.retry),
		...(upstreamKey === null
			? {}
			: { upstreamKey: { header: upstreamKey.header, life: formatDuration(upstreamKey.lifeMs) } }),
		...(policy.timeLimitMs === 0 ? {} : { timeLimit: formatDuration(policy.timeLimitMs) }),
		expires: policy.expiresMs === 0 ? 'off' : formatDuration(policy.expiresMs),
		keep: formatDuration(policy.keepMs),
		...(policy.bodyMost === Number.MAX_SAFE_INTEGER ? {} : { body: formatSize(policy.bodyMost) }),
		...(policy.lanes.length === 0 ? {} : { lanes: lanesForm(policy.lanes, secret) }),
		...(policy.codes === null ? {} : { errors: codesForm(policy.codes) }),
		...(policy.stamp === null ? {} : { stamp: policy.stamp }),
		...(policy.external === null ? {} : { external: externalForm(policy.external, secret) }),
		credit: policy.credit === null ? 'off' : creditForm(policy.credit),
		spend: policy.spend === null ? 'off' : spendForm(policy.spend),
		result: formatSize(policy.resultMost),
		webhook: webhookForm(policy.webhook, secret),
	};
}

const holdForm = ({ ms, lane }: HoldPolicy): Record<string, unknown> => ({
	hold: formatDuration(ms),
	...(lane === '' ? {} : { lane }),
});

function limitsForm({ concurrency, groupConcurrency, rate, groupRate, waiting }: QueueLimits): Record<string, unknown> {
	return {
		concurrency: concurrency || 'off',
		groupConcurrency: groupConcurrency || 'off',
		rate: rate === null ? 'off' : formatRate(rate),
		groupRate: groupRate === null ? 'off' : formatRate(groupRate),
		waiting,
	};
}

function retryForm({ attempts, backoff, statuses, unkeyed }: JobRetry): Record<string, unknown> {
	return {
		attempts,
		backoff: { base: formatDuration(backoff.baseMs), most: formatDuration(backoff.mostMs) },
		retryOn: statuses,
		unkeyed: unkeyed ? 'retry' : 'never',
	};
}

/** A URL of a webhook may hold what only its receiver should know: given by reference, it is not shown. */
function webhookForm(webhook: OffloadWebhook | null, secret: (value: string) => unknown): unknown {
	if (webhook === null) return 'off';
	const { url, asked, secrets, hidden } = webhook;
	if (url === null) return 'asked';
	const shown = secrets.length === 0 ? {} : { secret: secrets.map(secret) };
	return { url: hidden ? secret(url) : url, asked, ...shown };
}

export const jobsForm = (
	{ path, run, store, streams, keys, webhooks }: JobsConfig,
	{ secret }: FormOptions,
): unknown => ({
	path,
	run,
	store: storeForm(store),
	streams,
	...(keys.length === 0 ? {} : { encryption: { key: keys.map(secret) } }),
	...(webhooks === null ? {} : { webhooks: webhooksForm(webhooks, secret) }),
});

function webhooksForm(
	{ secrets, receivers, rules, timeLimitMs, pausesMs, concurrency, perHost }: WebhooksConfig,
	secret: FormOptions['secret'],
): unknown {
	const { allow, http, ports } = rules;
	const retries = pausesMs.map(formatDuration);
	const timeLimit = formatDuration(timeLimitMs);
	return {
		...(secrets.length === 0 ? {} : { secret: secrets.map(secret) }),
		receivers: receivers.map((one) => ({ host: one.host, secret: one.secrets.map(secret) })),
		...{ allow, http, ports, timeLimit, concurrency, perHost, retries },
	};
}

function storeForm(store: JobsConfig['store']): unknown {
	if (store.kind === 'embedded') return store.kind;
	const { replicas, waitMs, folder } = store;
	return { redis: { replicas, wait: formatDuration(waitMs), ...(folder === null ? {} : { folder }) } };
}
