import assert from 'node:assert/strict';
import type { Job, JobState, NewJob } from '../job.ts';
import type { Claim, ClaimedJob, JobChanged, JobStore, QueueRoom, ReportKind } from '../job-store.ts';
import { sampleJob } from './sample-job.ts';

/** An empty place for jobs, as a test of an adapter has it. */
export interface JobStoreHome extends AsyncDisposable {
	/** Another handle on the same jobs, as another node has; closed with the home. */
	open(changed?: JobChanged): Promise<JobStore>;
	/** The clock that calls are made by. */
	nowMs(): number;
	/** Lets time pass, or makes it. */
	pass(ms: number): Promise<void>;
}

/** A case of the suite, by its title. */
export type JobCases = Readonly<Record<string, (stage: JobStage) => Promise<void>>>;

/** A lease that does not end in a test. */
export const LONG_MS = 600_000;
export const bytes = (text: string): Uint8Array => new Uint8Array(Buffer.from(text));

type ClaimOptions = Partial<Omit<Claim, 'queues'>> & { queues?: readonly QueueRoom[] } & Partial<QueueRoom>;

/** A store with what tests of it say often. */
export class JobStage {
	readonly home: JobStoreHome;
	readonly store: JobStore;
	readonly told: Parameters<JobChanged>[0][];

	static async on(home: JobStoreHome): Promise<JobStage> {
		const told: Parameters<JobChanged>[0][] = [];
		return new JobStage(home, await home.open((change) => void told.push(change)), told);
	}

	constructor(home: JobStoreHome, store: JobStore, told: Parameters<JobChanged>[0][]) {
		this.home = home;
		this.store = store;
		this.told = told;
	}

	get nowMs(): number {
		return this.home.nowMs();
	}

	newJob(of: Partial<NewJob> = {}): NewJob {
		const request = bytes('POST /render');
		return sampleJob(of.createdMs ?? this.nowMs, { queue: 'videos', keepMs: LONG_MS, request, ...of });
	}

	/** One job; its id. */
	async add(of: Partial<NewJob> = {}): Promise<string> {
		const job = this.newJob(of);
		const [outcome] = await this.store.add([job]);
		assert.equal(outcome?.kind, 'added');
		return job.id;
	}

	/** Some alike, in order; their ids. */
	async addMany(count: number, of: Partial<NewJob> = {}): Promise<string[]> {
		const jobs = Array.from({ length: count }, () => this.newJob(of));
		for (const { kind } of await this.store.add(jobs)) assert.equal(kind, 'added');
		return jobs.map(({ id }) => id);
	}

	room(of: Partial<QueueRoom> = {}): QueueRoom {
		return { name: 'videos', concurrency: 0, rate: null, group: { concurrency: 0, rate: null }, lanes: [], ...of };
	}

	/** From the one queue, unless others are named. */
	async claim(of: ClaimOptions = {}): Promise<ClaimedJob[]> {
		const { holder = 'node-1', leaseMs = LONG_MS, most = 100, nowMs = this.nowMs, gone, queues, ...room } = of;
		const claim = { holder, leaseMs, most, nowMs, queues: queues ?? [this.room(room)] };
		return this.store.claim(gone === undefined ? claim : { ...claim, gone });
	}

	/** The one job that is to be had. */
	async claimOne(of: ClaimOptions = {}): Promise<ClaimedJob> {
		const [job, ...more] = await this.claim({ most: 1, ...of });
		assert.ok(job !== undefined, 'there is no job to claim');
		assert.equal(more.length, 0);
		return job;
	}

	async report({ id, token }: { id: string; token: string }, what: ReportKind): Promise<boolean> {
		const [taken] = await this.store.report([{ id, token, nowMs: this.nowMs, ...what }]);
		return taken as boolean;
	}

	async succeed(job: ClaimedJob): Promise<void> {
		assert.equal(await this.report(job, { kind: 'succeeded', result: null }), true);
	}

	async retry(job: ClaimedJob, of: Partial<Extract<ReportKind, { kind: 'retry' }>> = {}): Promise<void> {
		const error = { code: 'upstream_status', message: 'it said 503', status: 503 };
		const wanted = { kind: 'retry', atMs: this.nowMs, error, counted: true, keepsLane: true, ...of } as const;
		assert.equal(await this.report(job, wanted), true);
	}

	async get(id: string): Promise<Job> {
		const job = await this.store.get(id);
		assert.ok(job !== null, `job ${id} is not there`);
		return job;
	}

	async state(id: string): Promise<JobState> {
		return (await this.get(id)).state;
	}

	/** Counts that are not 0. */
	async counts(queue = 'videos'): Promise<Partial<Record<JobState, number>>> {
		const { counts } = await this.store.queue(queue);
		return Object.fromEntries(Object.entries(counts).filter(([, count]) => count !== 0));
	}

	/** Waits until it was told that the job is so. */
	async isTold(id: string, state: JobState): Promise<void> {
		const until = performance.now() + 10_000;
		while (!this.told.some((one) => one.id === id && one.state === state)) {
			assert.ok(performance.now() < until, `nobody told that ${id} is ${state}`);
			await new Promise((resolve) => setTimeout(resolve, 5));
		}
	}
}

export const idsOf = (jobs: readonly { id: string }[]): string[] => jobs.map(({ id }) => id);

/** How many are of each group, or whatever is asked. */
export function countBy<T>(of: readonly T[], what: (one: T) => string): Record<string, number> {
	const counts: Record<string, number> = {};
	for (const one of of) counts[what(one)] = (counts[what(one)] ?? 0) + 1;
	return counts;
}
