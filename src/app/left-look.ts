import { ENDED, JOB_STATES } from '../jobs/job.ts';
import type { JobStore, KnowsQueues, QueueRoom, QueueView } from '../jobs/job-store.ts';
import { leftQueues } from '../jobs/left-queues.ts';
import type { OffloadPolicy } from '../jobs/offload-policy.ts';

const UNENDED = JOB_STATES.filter((state) => !ENDED.has(state));

type Policies = readonly { service: string; policy: OffloadPolicy }[];

/** Queues that no route names any more, as long as there is something in them; `stranded`: those whose jobs wait in vain. */
export async function lookAtLeft(
	store: Pick<JobStore, 'queue'> & Partial<KnowsQueues>,
	policies: Policies,
): Promise<{ views: Record<string, QueueView>; rooms: QueueRoom[]; stranded: string[] }> {
	const found = leftQueues((await store.queueNames?.()) ?? [], policies);
	const views: Record<string, QueueView> = {};
	for (const name of [...found.rooms.map((room) => room.name), ...found.stranded]) {
		const view = await store.queue(name);
		if (UNENDED.some((state) => view.counts[state] > 0)) views[name] = view;
	}
	const rooms = found.rooms.filter(({ name }) => name in views);
	return { views, rooms, stranded: found.stranded.filter((name) => name in views) };
}
