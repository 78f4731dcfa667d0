import { GroupRoom } from '../jobs/group-room.ts';
import type { JobSpend, NewJob } from '../jobs/job.ts';
import type { JobStore } from '../jobs/job-store.ts';
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

	/** As it is stored. @throws BallastError `jobs_unavailable` */
	async kept(job: NewJob, nowMs: number): Promise<NewJob> {
		const { owners } = this;
		const { idempotency, group } = job;
		const apart = group.startsWith(CREDENTIAL_GROUP) ? await owners.owner(group.slice(1)) : group;
		return {
			...job,
			owner: await owners.owner(job.owner),
			...(job.spend === undefined ? {} : { spend: await this.spend(job.spend) }),
			group: this.#groups.of(job.queue, apart, nowMs),
			idempotency:
				idempotency === null
					? null
					: {
							...idempotency,
							key: await owners.record(idempotency.key),
							// A short payload could be found out by trying.
							fingerprint: await owners.record(idempotency.fingerprint),
						},
		};
	}

	/** A store that is handed jobs as they came, and keeps them as `kept` says. */
	keeping(store: Pick<JobStore, 'add'>, nowMs: () => number): Pick<JobStore, 'add'> {
		return {
			add: async (jobs) => {
				const kept = await Promise.all(jobs.map((job) => this.kept(job, nowMs())));
				const outcomes = await store.add(kept);
				return outcomes.map((outcome, at) =>
					outcome.kind === 'over_spend'
						? { ...outcome, key: askedKey(jobs[at] as NewJob, kept[at] as NewJob, outcome.key) }
						: outcome,
				);
			},
		};
	}

	/** Tenants that are credentials, too. */
	async spend(spend: JobSpend): Promise<JobSpend> {
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
const askedKey = (job: NewJob, kept: NewJob, key: string): string =>
	job.spend?.of[kept.spend?.of.findIndex((one) => one.key === key) ?? -1]?.key ?? key;
