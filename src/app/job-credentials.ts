import { GroupRoom } from '../jobs/group-room.ts';
import type { NewJob } from '../jobs/job.ts';
import { OwnerHash } from '../jobs/owner-hash.ts';
import { CREDENTIAL_GROUP } from './offload/job-owner.ts';

/** What of credentials is kept with jobs: keyed hashes, and never more groups than there is room for. */
export class JobCredentials {
	readonly owners: OwnerHash;
	readonly #groups = new GroupRoom();

	/** `secret`: of the store. */
	constructor(secret: () => Promise<Uint8Array>) {
		this.owners = new OwnerHash(secret);
	}

	/** As it is stored. Its times are of this thread's clock: the worker's may be another one. @throws BallastError `jobs_unavailable` */
	async kept(job: NewJob, nowMs: number): Promise<NewJob> {
		const { owners } = this;
		const { idempotency, group, deadlineMs } = job;
		const shift = nowMs - job.createdMs;
		const apart = group.startsWith(CREDENTIAL_GROUP) ? await owners.owner(group.slice(1)) : group;
		return {
			...job,
			owner: await owners.owner(job.owner),
			group: this.#groups.of(job.queue, apart, nowMs),
			createdMs: job.createdMs + shift,
			runAtMs: job.runAtMs + shift,
			deadlineMs: deadlineMs === null ? null : deadlineMs + shift,
			idempotency:
				idempotency === null
					? null
					: {
							key: await owners.record(idempotency.key),
							// A short payload could be found out by trying.
							fingerprint: await owners.record(idempotency.fingerprint),
							untilMs: idempotency.untilMs + shift,
						},
		};
	}
}
