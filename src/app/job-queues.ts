import { ENDED, JOB_STATES } from '../jobs/job.ts';
import type { JobStore, KnowsQueues, QueueRoom, QueueView } from '../jobs/job-store.ts';
import { leftQueues } from '../jobs/left-queues.ts';
import { queueRooms } from '../jobs/queue-rooms.ts';
import type { JobsSettings } from './jobs-messages.ts';

const UNENDED = JOB_STATES.filter((state) => !ENDED.has(state));

export interface JobQueuesParts {
	store: Pick<JobStore, 'queue'>;
	names: Partial<KnowsQueues>;
	/** Queues with jobs that no route carries out any more. */
	stranded(queues: readonly string[]): void;
}

/** The queues of the routes, and those that no route names any more, but jobs. */
export class JobQueues {
	readonly #parts: JobQueuesParts;
	#policies: JobsSettings['policies'] = [];
	#left: QueueRoom[] = [];
	/** Of those that routes name. */
	rooms: QueueRoom[] = [];

	constructor(parts: JobQueuesParts) {
		this.#parts = parts;
	}

	configure(policies: JobsSettings['policies']): void {
		this.#policies = policies;
		this.rooms = queueRooms(policies.map(({ policy }) => policy));
		this.#left = [];
	}

	get all(): QueueRoom[] {
		return [...this.rooms, ...this.#left];
	}

	async read(): Promise<Record<string, QueueView>> {
		const views: Record<string, QueueView> = {};
		for (const { name } of this.rooms) views[name] = await this.#parts.store.queue(name);
		await this.#readLeft(views);
		return views;
	}

	/** Adds those that no route names any more, as long as there is something in them. */
	async #readLeft(views: Record<string, QueueView>): Promise<void> {
		const { store, names } = this.#parts;
		const { rooms, stranded } = leftQueues((await names.queueNames?.()) ?? [], this.#policies);
		const left: QueueRoom[] = [];
		for (const name of [...rooms.map((room) => room.name), ...stranded]) {
			const view = await store.queue(name);
			if (!UNENDED.some((state) => view.counts[state] > 0)) continue;
			views[name] = view;
			left.push(...rooms.filter((room) => room.name === name));
		}
		this.#left = left;
		this.#parts.stranded(stranded.filter((name) => name in views));
	}
}
