import { REST } from '../gateway/route-table.ts';
import type { LaneReading, QueueReading, SpendReading } from '../metrics/node-readers.ts';
import type { JobFigures } from './jobs-messages.ts';

/** Ends that are told from the first second on, so that their first one is a change. */
const STATES = ['succeeded', 'failed', 'parked', 'cancelled', 'expired'] as const;

/** What the jobs thread told of its queues, as it is counted. A queue is a service's, or that of a route behind a slash. */
export function queueReadings(figures: Pick<JobFigures, 'queues' | 'counts'> | null, nowMs: number): QueueReading[] {
	if (figures === null) return [];
	return Object.entries(figures.queues).map(([name, { counts, oldestMs }]) => {
		const { service, route } = placeOf(name);
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
			failed: Object.entries(told?.failed ?? {}),
		};
	});
}

function placeOf(queue: string): { service: string; route: string } {
	const slash = queue.indexOf('/');
	if (slash < 0) return { service: queue, route: REST };
	return { service: queue.slice(0, slash), route: queue.slice(slash + 1) };
}

export function laneReadings(figures: Pick<JobFigures, 'lanes'> | null, nowMs: number): LaneReading[] {
	return (figures?.lanes ?? []).map(({ queue, lane, slots, waitedS, ranS, credit, ending: _, ...counts }) => ({
		...placeOf(queue),
		...{ lane, ...counts },
		slots: slots === 0 ? null : slots,
		credit: credit === null || credit.left === null ? null : { left: credit.left, low: credit.low },
		creditUnread: credit === null ? null : credit.unread,
		creditAgeSeconds: credit === null || credit.toldMs === null ? null : Math.max(0, nowMs - credit.toldMs) / 1000,
		waitedSeconds: waitedS,
		ranSeconds: ranS,
	}));
}

export const spendReadings = (figures: Pick<JobFigures, 'spending'> | null): SpendReading[] =>
	(figures?.spending ?? []).map(({ service, tenant, used, limit, spent, refused }) => ({
		...{ service, tenant, used, limit, spent, refused },
	}));
