import type { ExternalJobs } from '../jobs/external/external-jobs.ts';
import type { WebhookPolicy } from '../jobs/external/external-policy.ts';
import { textAt } from '../jobs/external/json-pointer.ts';
import { isAmong, parseJson } from '../jobs/external/read-status.ts';
import { checkSignature, type ReceivedWebhook } from '../jobs/external/webhook-signature.ts';

/** Takes webhooks of upstreams: looks who they are from, and tells what they say. */
export class WebhookDesk {
	readonly #jobs: Pick<ExternalJobs, 'heard'>;
	#policies = new Map<string, WebhookPolicy>();

	constructor(jobs: Pick<ExternalJobs, 'heard'>) {
		this.#jobs = jobs;
	}

	configure(policies: readonly WebhookPolicy[]): void {
		this.#policies = new Map(policies.map((policy) => [policy.path, policy]));
	}

	take(path: string, received: ReceivedWebhook, nowMs: number = Date.now()): 'taken' | 'unverified' | 'unreadable' {
		const policy = this.#policies.get(path);
		// A reload was faster: whoever sends it again finds no such path.
		if (policy === undefined) return 'taken';
		const { signature, eventId } = policy;
		if (signature !== null && checkSignature(received, signature, { nowMs, eventId }) !== null) return 'unverified';
		const body = parseJson(received.body);
		if (typeof body !== 'object' || body === null) return 'unreadable';
		const word = textAt(body, policy.word) ?? '';
		const done = isAmong(word, policy.done);
		if (!done && !isAmong(word, policy.failed)) return 'taken';
		this.#jobs.heard(path, {
			signed: signature !== null,
			eventId: eventId === null ? null : (received.fields[eventId]?.slice(0, 200) ?? null),
			id: textAt(body, policy.id),
			jobId: textAt(body, policy.jobId),
			done,
		});
		return 'taken';
	}
}
