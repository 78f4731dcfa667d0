/** Upstreams that are asynchronous themselves, as a person would write them. */
import { formatDuration } from '../core/units.ts';
import type { CodePolicy, ExternalPolicy, LanePolicy, WebhookPolicy } from '../jobs/external/external-policy.ts';

import { mediaForm } from './resolve-media.ts';

type Form = Record<string, unknown>;
type Secret = (value: string) => unknown;

export const lanesForm = (lanes: readonly LanePolicy[], secret: Secret): Form =>
	Object.fromEntries(
		lanes.map(({ name, concurrency, headers }) => {
			const fields = Object.fromEntries(headers.map(([field, value]) => [field, secret(value)]));
			return [name, { concurrency, ...(headers.length === 0 ? {} : { headers: fields }) }];
		}),
	);

export const codesForm = ({ code, message, retry, fail }: CodePolicy): Form => ({
	code,
	...told({ message }),
	...some({ retry, fail }),
});

export function externalForm(policy: ExternalPolicy, secret: Secret): Form {
	const { id, status, poll, result, webhook, reconcile, cancel, limitMs } = policy;
	const { path, most, items, state, code, message, progress, done, failed, unknown } = status;
	return {
		id,
		status: {
			path,
			...(path.includes('{ids}') ? { most } : {}),
			...told({ items }),
			id: status.id,
			state,
			...told({ code, message, progress }),
			done,
			failed,
			...some({ unknown }),
		},
		poll: {
			steps: poll.steps.map(({ untilMs, everyMs }) => ({
				...(untilMs === Number.MAX_SAFE_INTEGER ? {} : { until: formatDuration(untilMs) }),
				every: formatDuration(everyMs),
			})),
			heard: formatDuration(poll.heardMs),
		},
		...(result === null
			? {}
			: {
					result: {
						path: result.path,
						...told({ ready: result.ready }),
						...(result.media === null ? {} : { media: mediaForm(result.media, secret) }),
						wait: formatDuration(result.waitMs),
						fresh: result.freshMs === 0 ? 'off' : formatDuration(result.freshMs),
					},
				}),
		...(webhook === null ? {} : { webhook: webhookForm(webhook, secret) }),
		...(reconcile === null ? {} : { reconcile: told({ ...reconcile }) }),
		...told({ cancel }),
		limit: limitMs === 0 ? 'off' : formatDuration(limitMs),
	};
}

function webhookForm({ path, signature, eventId, id, jobId, word, done, failed }: WebhookPolicy, secret: Secret): Form {
	const { header, format, over, timestamp, secrets = [] } = signature ?? {};
	const stamp =
		timestamp == null
			? {}
			: { timestamp: { header: timestamp.header, tolerance: formatDuration(timestamp.toleranceMs) } };
	const shown = secrets.map(secret);
	const signed = { header, format, over, ...stamp, secret: shown.length === 1 ? shown[0] : shown };
	return {
		path,
		...(signature === null ? {} : { signature: signed }),
		...told({ eventId }),
		id,
		...told({ jobId }),
		word,
		done,
		failed,
	};
}

const told = (values: Form): Form => Object.fromEntries(Object.entries(values).filter(([, value]) => value !== null));

const some = (values: Record<string, readonly string[]>): Form =>
	Object.fromEntries(Object.entries(values).filter(([, list]) => list.length > 0));
