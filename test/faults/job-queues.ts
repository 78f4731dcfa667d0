/** Queues of jobs as an operator sees them. */
import type { QueueView } from '../../src/jobs/job-store.ts';
import type { Ballast } from '../support/ballast.ts';
import { eventually } from '../support/suite.ts';

const UNENDED = ['scheduled', 'waiting', 'running', 'submitted'] as const;

/** Waits until no job is under way any more, nor waits for anything. */
export async function workedOff(ballast: Ballast, withinMs = 60_000): Promise<void> {
	const left = async (): Promise<number> => {
		const answer = await ballast.control('jobs', { do: 'queues' }).catch(() => null);
		if (answer === null) return Number.POSITIVE_INFINITY;
		const { queues } = answer as { queues: Record<string, QueueView> };
		return Object.values(queues)
			.flatMap(({ counts }) => UNENDED.map((state) => counts[state]))
			.reduce((sum, count) => sum + count, 0);
	};
	await eventually(left, (count) => count === 0, withinMs);
}
