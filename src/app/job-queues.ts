import type { JobStore, KnowsQueues, QueueRoom, QueueView } from '../jobs/job-store.ts';
import { queueRooms } from '../jobs/queue-rooms.ts';
import type { JobsSettings } from './jobs-messages.ts';
import { lookAtLeft } from './left-look.ts';

export interface JobQueuesParts {
	store: Pick<JobStore, 'queue'> & Partial<KnowsQueues>;
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
		const { store, stranded } = this.#parts;
		const views: Record<string, QueueView> = {};
		for (const { name } of this.rooms) views[name] = await store.queue(name);
		const left = await lookAtLeft(store, this.#policies);
		this.#left = left.rooms;
		stranded(left.stranded);
		return { ...views, ...left.views };
	}
}
