import type { ClaimedJob } from '../job-store.ts';
import type { PolledJob } from './decide-poll.ts';
import { splitIds } from './external-ids.ts';
import type { ExternalPolicy } from './external-policy.ts';
import { type SeenStatus, together } from './read-status.ts';

/** A job that an upstream has. */
export class HeldJob {
	readonly job: ClaimedJob;
	readonly policy: ExternalPolicy;
	/** What the upstream calls it; of one submission there may be several. */
	readonly ids: readonly string[];
	readonly sinceMs: number;
	askedMs: number | null = null;
	wantedMs: number | null = null;
	/** Its end is known, its result is being asked for. */
	finishing = false;
	/** Nobody wants it any more, and its upstream is told so. */
	unwanted = false;
	/** It was told to have taken too long. */
	overdue = false;
	/** Questions in a row in which the upstream did not know it. */
	unknown = 0;
	percent = -1;
	readonly #seen = new Map<string, SeenStatus>();

	constructor(job: ClaimedJob, policy: ExternalPolicy, nowMs: number) {
		this.job = job;
		this.policy = policy;
		this.ids = splitIds(job.externalId);
		this.sinceMs = job.startedMs ?? nowMs;
	}

	/** What is still to be asked for. */
	polled(): PolledJob[] {
		if (this.finishing) return [];
		const { sinceMs, askedMs, wantedMs } = this;
		const open = this.ids.filter((id) => !isOver(this.#seen.get(id)));
		return open.map((id) => ({ id, sinceMs, askedMs, wantedMs }));
	}

	/** All of it, after what was just seen. */
	see(statuses: ReadonlyMap<string, SeenStatus>): SeenStatus {
		for (const id of this.ids) {
			const status = statuses.get(id);
			if (status !== undefined) this.#seen.set(id, status);
		}
		return together(this.ids.map((id) => this.#seen.get(id) ?? NEVER_SEEN));
	}
}

const isOver = (status: SeenStatus | undefined): boolean => status?.state === 'done' || status?.state === 'failed';

const NEVER_SEEN: SeenStatus = { state: 'going', code: null, message: null, percent: null, word: '', item: null };
