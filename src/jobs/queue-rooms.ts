import type { QueueRoom } from './job-store.ts';
import type { OffloadPolicy } from './offload-policy.ts';

/** What may be under way of each queue, as its policies say. Those of one queue say the same. */
export function queueRooms(policies: Iterable<OffloadPolicy>): QueueRoom[] {
	const rooms = new Map<string, QueueRoom>();
	for (const { queue, limits, lanes } of policies) {
		if (rooms.has(queue)) continue;
		const { concurrency, rate, groupConcurrency, groupRate } = limits;
		rooms.set(queue, {
			name: queue,
			concurrency,
			rate,
			group: { concurrency: groupConcurrency, rate: groupRate },
			lanes: lanes.map(({ name, concurrency: most }) => ({ name, concurrency: most })),
		});
	}
	return [...rooms.values()];
}
