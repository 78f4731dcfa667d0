import { GroupRoom } from '../jobs/group-room.ts';
import type { JobSpend, NewJob } from '../jobs/job.ts';
import { OwnerHash } from '../jobs/owner-hash.ts';
import { readSpendKey, spendKey } from '../jobs/spend/job-spend.ts';
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
			...(job.spend === undefined ? {} : { spend: await this.#spend(job.spend) }),
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

	/** Tenants that are credentials, too. */
	async #spend(spend: JobSpend): Promise<JobSpend> {
		const of = [];
		for (const account of spend.of) {
			const { service, per, tenant } = readSpendKey(account.key) ?? { service: '', per: '', tenant: null };
			const isCredential = tenant?.startsWith(CREDENTIAL_GROUP) === true;
			const key = isCredential ? spendKey(service, per, await this.owners.owner(tenant.slice(1))) : account.key;
			of.push({ ...account, key });
		}
		return { ...spend, of };
	}
}

/** The account of a job as it was handed in that is this one of the job as it is kept. */
export const askedKey = (job: NewJob, kept: NewJob, key: string): string =>
	job.spend?.of[kept.spend?.of.findIndex((one) => one.key === key) ?? -1]?.key ?? key;
