import type { Job } from '../jobs/job.ts';
import type { OffloadPolicy } from '../jobs/offload-policy.ts';
import type { TellingStore } from '../jobs/telling-store.ts';
import { secretsOfUrl } from '../jobs/webhooks/receiver-secrets.ts';
import { WebhookSender } from '../jobs/webhooks/webhook-sender.ts';
import type { JobTally } from './job-tally.ts';
import { bufferOf, statusOf } from './offload/stored-answer.ts';

/** Who tells of the ends of a room's jobs. */
export const roomSender = (of: {
	store: TellingStore;
	holder: string;
	gone: readonly string[];
	policyOf(job: Job): OffloadPolicy;
	tally: JobTally;
	nowMs(): number;
}): WebhookSender =>
	new WebhookSender({
		store: of.store,
		holder: of.holder,
		gone: of.gone,
		statusOf: ({ result }) => (result === null ? null : statusOf(bufferOf(result.head))),
		secretsOf: (job, url) => secretsOfUrl(of.policyOf(job).webhook, url),
		gaveUp: (job, why) => of.tally.webhookGivenUp(job, why),
		receiverGone: (job, host) => of.tally.receiverGone(job, host),
		unusable: (why) => of.tally.trouble(why),
		nowMs: of.nowMs,
	});
