import { join } from 'node:path';
import type { ExternalJobs } from '../jobs/external/external-jobs.ts';
import type { Job, JobResult } from '../jobs/job.ts';
import type { JobStore } from '../jobs/job-store.ts';
import type { OffloadPolicy } from '../jobs/offload-policy.ts';
import type { StoreKey } from '../jobs/sealing/store-keys.ts';
import { type JobMedia, MediaRoom } from './media-room.ts';

export interface UpstreamResultsParts {
	store: Pick<JobStore, 'get'>;
	/** Of the jobs. */
	folder: string;
	external(): ExternalJobs;
	policyOf(job: Job): OffloadPolicy;
	/** A copy is not made for now, or not at all. */
	failed(job: Job, why: string, final: boolean): void;
	/** By which copies in folders are sealed. */
	keys(): readonly StoreKey[];
}

/** What upstreams say of jobs beside what is stored of them. */
export class UpstreamResults {
	readonly copies: MediaRoom;
	readonly #parts: UpstreamResultsParts;

	constructor(parts: UpstreamResultsParts) {
		this.#parts = parts;
		this.copies = new MediaRoom({
			folder: join(parts.folder, 'media'),
			job: (id) => parts.store.get(id),
			resultOf: (job) => parts.policyOf(job).external?.result ?? null,
			urls: (job) => parts.external().urls(job),
			failed: parts.failed,
			keys: parts.keys,
		});
	}

	/** The result as its upstream gives it now; null: the stored one is as good. */
	async fresh(id: string): Promise<JobResult | null> {
		const job = await this.#parts.store.get(id);
		return job === null ? null : this.#parts.external().fresh(job);
	}

	/** What its upstream said when it took the job; null: it has not. */
	async taken(id: string): Promise<JobResult | null> {
		const job = await this.#parts.store.get(id);
		return job === null ? null : this.#parts.external().taken(job);
	}

	/** Copies of its files; null: there are none. */
	async media(id: string): Promise<JobMedia | null> {
		return this.copies.of(await this.#parts.store.get(id));
	}
}
