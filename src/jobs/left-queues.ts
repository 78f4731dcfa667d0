import type { QueueRoom } from './job-store.ts';
import type { OffloadPolicy } from './offload-policy.ts';
import { queueRooms } from './queue-rooms.ts';

interface OfService {
	service: string;
	policy: OffloadPolicy;
}

/**
 * Queues that no route names any more, as behind a reload that gives a route limits of its own, or takes them away:
 * what waits in them goes on by the limits of their service. `stranded`: that has no route that makes jobs.
 */
export function leftQueues(
	names: Iterable<string>,
	policies: readonly OfService[],
): { rooms: QueueRoom[]; stranded: string[] } {
	const rooms: QueueRoom[] = [];
	const stranded: string[] = [];
	for (const queue of names) {
		if (policies.some(({ policy }) => policy.queue === queue)) continue;
		const of = policies.findLast(({ service }) => queue === service || queue.startsWith(`${service}/`));
		if (of === undefined) stranded.push(queue);
		else rooms.push(...queueRooms([{ ...of.policy, queue }]));
	}
	return { rooms, stranded };
}
