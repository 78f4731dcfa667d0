import type { Job } from '../jobs/job.ts';
import type { JobPage, JobQuery } from '../jobs/job-store.ts';
import type { OwnerHash } from '../jobs/owner-hash.ts';
import type { SealedJobs } from '../jobs/sealing/sealed-store.ts';
import { slim } from './slim-job.ts';

/** An owner that no credential hashes to. */
const NOBODY = '!';

/** Jobs as their owners ask about them. */
export class OwnedJobs {
	readonly #store: Pick<SealedJobs, 'look' | 'list' | 'ownerOf'>;
	readonly #owners: OwnerHash;

	constructor(store: Pick<SealedJobs, 'look' | 'list' | 'ownerOf'>, owners: OwnerHash) {
		this.#store = store;
		this.#owners = owners;
	}

	/** null: there is none, or none of theirs. */
	async look(id: string, owners: readonly string[]): Promise<Job | null> {
		// First of all, and alone: whose it is not is told by the same way and as soon as what there is not.
		const owner = (await this.#store.ownerOf(id)) ?? NOBODY;
		return (await this.#owners.isOwned(owner, owners)) ? slim(await this.#store.look(id)) : null;
	}

	async list(query: JobQuery): Promise<JobPage> {
		const own = query.owner === undefined ? {} : { owner: await this.#owners.owner(query.owner) };
		const page = await this.#store.list({ ...query, ...own });
		return { ...page, jobs: page.jobs.map(slim) };
	}
}
