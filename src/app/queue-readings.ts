import { REST } from '../gateway/route-table.ts';
import type { QueueReading } from '../metrics/node-readers.ts';
import type { JobFigures } from './jobs-link.ts';

/** Ends that are told from the first second on, so that their first one is a change. */
const STATES = ['succeeded', 'failed', 'parked', 'cancelled', 'expired'] as const;

/** What the jobs thread told of its queues, as it is counted. A queue is a service's, or that of a route behind a slash. */
export function queueReadings(figures: Pick<JobFigures, 'queues' | 'counts'> | null, nowMs: number): QueueReading[] {
	if (figures === null) return [];
	return Object.entries(figures.queues).map(([name, { counts, oldestMs }]) => {
		const slash = name.indexOf('/');
		const [service, route] = slash < 0 ? [name, REST] : [name.slice(0, slash), name.slice(slash + 1)];
		const told = figures.counts.find(({ queue }) => queue === name);
		return {
			service,
			route,
			ageSeconds: oldestMs === null ? 0 : Math.max(0, nowMs - oldestMs) / 1000,
			length: counts.waiting + counts.scheduled,
			running: counts.running + counts.submitted,
			parked: counts.parked,
			added: told?.added ?? 0,
			attempts: told?.attempts ?? 0,
			started: told?.started ?? 0,
			waitedSeconds: told?.waitedS ?? 0,
			ranSeconds: told?.ranS ?? 0,
			ended: STATES.map((state) => [state, told?.ended[state] ?? 0] as const),
		};
	});
}
