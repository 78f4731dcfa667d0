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

	/** As it is stored; `owners` are ready. */
	kept(job: NewJob, nowMs: number): NewJob {
		const { owners } = this;
		const { idempotency, group } = job;
		const apart = group.startsWith(CREDENTIAL_GROUP) ? owners.ownerNow(group.slice(1)) : group;
		return {
			...job,
			owner: owners.ownerNow(job.owner),
			...(job.spend === undefined ? {} : { spend: this.#spend(job.spend) }),
			group: this.#groups.of(job.queue, apart, nowMs),
			idempotency:
				idempotency === null
					? null
					: {
							...idempotency,
							key: owners.recordNow(idempotency.key),
							// A short payload could be found out by trying.
							fingerprint: owners.recordNow(idempotency.fingerprint),
						},
		};
	}

	/** A store that is handed jobs as they came, and keeps them as `kept` says; at once: whoever claims next finds them. */
	keeping(store: Pick<JobStore, 'add'>, nowMs: () => number): Pick<JobStore, 'add'> {
		return {
			add: async (jobs) => {
				const ready = this.owners.ready();
				if (ready !== null) await ready;
				const kept = jobs.map((job) => this.kept(job, nowMs()));
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
	#spend(spend: JobSpend): JobSpend {
		const of = spend.of.map((account) => {
			const { service, per, tenant } = readSpendKey(account.key) ?? { service: '', per: '', tenant: null };
			const isCredential = tenant?.startsWith(CREDENTIAL_GROUP) === true;
			const key = isCredential ? spendKey(service, per, this.owners.ownerNow(tenant.slice(1))) : account.key;
			return { ...account, key };
		});
		return { ...spend, of };
	}
}

/** The account of a job as it was handed in that is this one of the job as it is kept. */
const askedKey = (job: NewJob, kept: NewJob, key: string): string =>
	job.spend?.of[kept.spend?.of.findIndex((one) => one.key === key) ?? -1]?.key ?? key;
