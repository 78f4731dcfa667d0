import { enableReceivers } from '../jobs/enable-receivers.ts';
import type { JobChange, QueueView } from '../jobs/job-store.ts';
import type { SealedJobs } from '../jobs/sealing/sealed-store.ts';
import { slimAdded } from './job-answers.ts';
import type { JobIntake } from './job-intake.ts';
import type { JobQueues } from './job-queues.ts';
import type { JobWatchers } from './job-watchers.ts';
import type { JobCall, JobCalls } from './jobs-messages.ts';
import type { KeyReservations } from './key-reservations.ts';
import type { OwnedJobs } from './owned-jobs.ts';
import { slim } from './slim-job.ts';
import type { SpendDesk } from './spend-desk.ts';
import type { UpstreamResults } from './upstream-results.ts';
import type { WebhookDesk } from './webhook-desk.ts';

/** Receivers that are called no more, of which is told. */
export const GONE_SHOWN = 1000;

/** How each call is answered. */
export type JobAnswers = { [N in JobCall]: (...args: Parameters<JobCalls[N]>) => Promise<ReturnType<JobCalls[N]>> };

/** Whom the jobs thread asks for it. */
export interface JobAnswersParts {
	store: SealedJobs;
	intake: JobIntake;
	keys: KeyReservations;
	owned: OwnedJobs;
	watchers: JobWatchers;
	results: UpstreamResults;
	webhooks: WebhookDesk;
	spend: SpendDesk;
	queues: JobQueues;
	/** Of a queue as it was a moment ago. */
	view(queue: string): QueueView | undefined;
	startsPerS(queue: string): number;
	nowMs(): number;
}

/** What the jobs thread answers to workers and to the control plane. */
export function jobAnswers(parts: JobAnswersParts): JobAnswers {
	const { store, intake, keys, owned, watchers, results, webhooks, queues } = parts;
	return {
		add: async (job, most) => slimAdded(await intake.add(job, most)),
		reserve: async (key, by) => keys.reserve(key, by),
		release: async (key, by) => keys.release(key, by),
		get: (id) => store.get(id),
		show: async (id) => slim(await store.show(id)),
		look: (id, owners) => owned.look(id, owners),
		outlook: async (queue) => {
			const view = parts.view(queue);
			const { waiting = 0 } = view?.counts ?? {};
			// Without itself, and with those that came since.
			const before = Math.max(0, waiting + intake.since(queue) - 1);
			return { waiting: before, paused: view?.paused ?? false, startsPerS: parts.startsPerS(queue) };
		},
		list: (query) => owned.list(query),
		change: async (id, change) => {
			const done = await store.change(id, await changed(parts, id, change));
			return done === null ? null : { ...done, job: slim(done.job) };
		},
		awaited: async (id, of) => slim(await watchers.wait(id, of)),
		fresh: (id) => results.fresh(id),
		taken: (id) => results.taken(id),
		media: (id) => results.media(id),
		webhook: async (path, fields, body) => webhooks.take(path, { fields, body }),
		receivers: () => store.gone(GONE_SHOWN),
		enable: (receiver) => enableReceivers(store, receiver, GONE_SHOWN),
		queue: (name, change) => store.queue(name, change),
		queues: async () => queues.read(),
	};
}

/** By this thread's clock. */
async function changed({ store, spend, nowMs }: JobAnswersParts, id: string, change: JobChange): Promise<JobChange> {
	if (change.kind !== 'redrive') return { ...change, nowMs: nowMs() };
	const job = await store.get(id);
	const spendSinceMs = job === null ? undefined : spend.sinceMs(job);
	return { ...change, nowMs: nowMs(), ...(spendSinceMs === undefined ? {} : { spendSinceMs }) };
}
