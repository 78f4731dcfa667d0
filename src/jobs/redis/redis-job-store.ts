import { BallastError } from '../../core/errors.ts';
import type { RedisConfig } from '../../redis/config.ts';
import { RedisLink, type RedisState } from '../../redis/redis-link.ts';
import { newJob } from '../as-handed-in.ts';
import { STATE_NUMBERS, STATES } from '../embedded/job-tables.ts';
import type { Job, JobState, NewJob } from '../job.ts';
import {
	type AddOutcome,
	type Claim,
	type ClaimedJob,
	heldBytes,
	isFull,
	type JobChange,
	type JobChanged,
	type JobPage,
	type JobQuery,
	type KnowsSums,
	type QueueView,
	type Report,
} from '../job-store.ts';
import type { Notice, NoticeClaim, NoticeSettled } from '../notice-store.ts';
import type { GoneReceiver } from '../receiver-store.ts';
import type { OwnerStore, TellingStore } from '../telling-store.ts';
import { CallGroup } from './call-group.ts';
import { ChangeFeed, tellAll } from './change-feed.ts';
import { durabilityWarnings } from './durability.ts';
import {
	addArguments,
	claimArguments,
	dueArguments,
	moreOfChange,
	reportArguments,
	settledArguments,
} from './job-arguments.ts';
import { type JobAnswer, readJob } from './job-codec.ts';
import { JobScripts } from './job-scripts.ts';

/** Largest body that is kept in Redis itself, bytes; larger ones need a folder that all nodes share. */
export const INLINE_MOST = 1_048_576;

export interface RedisJobStoreOptions {
	config: RedisConfig;
	/** Replicas that must have what is written before it counts; default 0: the primary's own file will do. */
	replicas?: number;
	/** They have so long, ms; default 500. */
	replicasMs?: number;
	/** A command has failed by then, ms; default 3000. */
	commandMs?: number;
	/** All nodes see the same folder of bodies: those in files are taken. Default: no. */
	sharedFolder?: boolean;
	/** Called when a call that made a change is answered; of others' changes soon after. */
	changed?: JobChanged;
	/** What of this Redis does not suit jobs, and what to set; at each connection. */
	warned?: (warnings: readonly string[]) => void;
	/** Said when it changes. */
	onState?: (state: RedisState) => void;
}

/** How long opening waits for a connection, ms: calls before there is one are `jobs_unavailable`. */
const OPEN_MS = 3000;
const BYTES_MOST = 64 * 1024 * 1024;
/** Of one script: Redis does nothing else while it runs. */
const TOGETHER = { items: 250, bytes: 8 * 1024 * 1024 };
const CLAIM_MOST = 250;
const LIST_MOST = 1000;
/** Names told to one script. */
const FILES_AT_ONCE = 5000;

/** Jobs in a Redis or Valkey that several nodes share. What is promised is there, and on as many replicas as are said. */
export async function openRedisJobStore(options: RedisJobStoreOptions): Promise<TellingStore & OwnerStore & KnowsSums> {
	const store = new RedisJobStore(options);
	await store.opened();
	return store;
}

class RedisJobStore implements TellingStore, OwnerStore, KnowsSums {
	readonly #options: RedisJobStoreOptions;
	readonly #link: RedisLink;
	readonly #scripts: JobScripts;
	readonly #adds: CallGroup<NewJob, AddOutcome>;
	readonly #reports: CallGroup<Report, boolean>;
	readonly #feed: ChangeFeed | null;
	#isUp: () => void = () => {};
	readonly #up: Promise<void>;
	#claims = 0;
	/** Told by the last sweep: whoever asks again has seen to them. */
	#toldFiles: string[] = [];
	#closed = false;

	constructor(options: RedisJobStoreOptions) {
		this.#options = options;
		const { config, changed } = options;
		this.#up = new Promise((resolve) => {
			this.#isUp = resolve;
		});
		this.#link = new RedisLink({ config, bytesMost: BYTES_MOST, onState: (state) => this.#stateChanged(state) });
		this.#scripts = new JobScripts(
			{
				link: this.#link,
				prefix: `${config.keyPrefix}{${config.keyPrefix}jobs}:`,
				replicas: options.replicas ?? 0,
				replicasMs: options.replicasMs ?? 500,
				commandMs: options.commandMs ?? 3000,
			},
			(text) => tellAll(text, changed),
		);
		this.#adds = new CallGroup<NewJob, AddOutcome>((jobs) => this.#addTogether(jobs), TOGETHER, heldBytes);
		this.#reports = new CallGroup((reports) => this.#reportTogether(reports), TOGETHER, resultBytes);
		this.#feed = changed === undefined ? null : new ChangeFeed(this.#scripts, changed);
	}

	/** Resolves when it can be used, or cannot for the time being. */
	async opened(): Promise<void> {
		const late = new Promise<void>((resolve) => setTimeout(resolve, OPEN_MS).unref());
		await Promise.race([this.#up.then(() => this.#feed?.start()), late]);
	}

	async add(jobs: readonly NewJob[]): Promise<AddOutcome[]> {
		this.#check();
		for (const { body } of jobs) this.#checkBody(body);
		return this.#adds.run(jobs);
	}

	async #addTogether(jobs: readonly NewJob[]): Promise<AddOutcome[]> {
		const answers = (await this.#scripts.run('add', jobs.flatMap(addArguments))) as [
			Buffer,
			Buffer,
			JobAnswer | null,
		][];
		return answers.map(([kind, id, job], at) => {
			if (kind.toString() === 'a') return { kind: 'added', job: newJob(jobs[at] as NewJob) };
			if (kind.toString() === 'o') return { kind: 'over_spend', id: (jobs[at] as NewJob).id, key: id.toString() };
			if (kind.toString() === 'm') return { kind: 'mismatch', id: id.toString() };
			return { kind: 'same', id: id.toString(), job: job === null ? null : readJob(job) };
		});
	}

	async claim(claim: Claim): Promise<ClaimedJob[]> {
		this.#check();
		// Queues take turns, over claims of one job too.
		const first = claim.queues.length === 0 ? 0 : this.#claims++ % claim.queues.length;
		const queues = [...claim.queues.slice(first), ...claim.queues.slice(0, first)];
		const claimed: ClaimedJob[] = [];
		for (;;) {
			const most = Math.min(claim.most - claimed.length, CLAIM_MOST);
			const args = claimArguments({ ...claim, queues, most }, this.#scripts.next);
			let answers: [Buffer, Buffer, JobAnswer][];
			try {
				answers = (await this.#scripts.run('claim', args)) as [Buffer, Buffer, JobAnswer][];
			} catch (error) {
				// Those before are held by whoever asks: they would wait for the end of their leases.
				if (claimed.length > 0) return claimed;
				throw error;
			}
			for (const [token, lost, job] of answers) {
				claimed.push({ ...readJob(job), token: token.toString(), lost: lost.toString() === '1' });
			}
			if (answers.length < most || claimed.length >= claim.most || isFull(claimed)) return claimed;
		}
	}

	async report(reports: readonly Report[]): Promise<boolean[]> {
		this.#check();
		for (const one of reports) if ('result' in one) this.#checkBody(one.result?.body ?? null);
		return this.#reports.run(reports);
	}

	async #reportTogether(reports: readonly Report[]): Promise<boolean[]> {
		const answers = (await this.#scripts.run('report', reports.flatMap(reportArguments))) as number[];
		return answers.map((taken) => taken === 1);
	}

	async get(id: string): Promise<Job | null> {
		this.#check();
		const answer = (await this.#scripts.run('get', [id])) as JobAnswer | null;
		return answer === null ? null : readJob(answer);
	}

	async list({ queue, group, owner, states, limit, after }: JobQuery): Promise<JobPage> {
		this.#check();
		if (after !== undefined && !/^\d{1,15}$/.test(after)) return { jobs: [], next: null };
		const wanted = [queue, group, owner].flatMap((name) => (name === undefined ? ['0', ''] : ['1', name]));
		const most = Math.min(Math.max(limit, 1), LIST_MOST);
		const numbers = (states ?? []).map((state) => `${STATE_NUMBERS[state]}`);
		const args = [after ?? '+inf', `${most}`, ...wanted, ...numbers];
		const [next, jobs] = (await this.#scripts.run('list', args)) as [Buffer, JobAnswer[]];
		return { jobs: jobs.map(readJob), next: next.toString() === '0' ? null : next.toString() };
	}

	async change(id: string, wanted: JobChange): Promise<{ job: Job; changed: boolean } | null> {
		this.#check();
		const key = wanted.kind === 'redrive' ? wanted.upstreamKey : undefined;
		const since = wanted.kind === 'redrive' ? wanted.spendSinceMs : undefined;
		const more = moreOfChange(wanted);
		const args = [id, wanted.kind, `${wanted.nowMs}`, more, key === undefined ? '0' : '1', `${since ?? ''}`];
		const answer = (await this.#scripts.run('change', args)) as [number, JobAnswer] | null;
		return answer === null ? null : { changed: answer[0] === 1, job: readJob(answer[1]) };
	}

	async queue(name: string, wanted?: { paused: boolean }): Promise<QueueView> {
		this.#check();
		const args = [name, wanted === undefined ? '' : `${Number(wanted.paused)}`];
		const [paused, oldest, ...counts] = (await this.#scripts.run('queue', args)) as [
			number,
			Buffer | null,
			...number[],
		];
		return {
			paused: paused === 1,
			counts: Object.fromEntries(STATES.map((state, at) => [state, counts[at] ?? 0])) as Record<JobState, number>,
			oldestMs: oldest === null ? null : Number(oldest.toString()),
		};
	}

	async sums(sinceMs: number): Promise<{ key: string; sum: number }[]> {
		this.#check();
		const found = ((await this.#scripts.run('sums', [`${sinceMs}`])) as Buffer[]).map(String);
		return found.flatMap((key, at) => (at % 2 === 0 ? [{ key, sum: Number(found[at + 1]) }] : []));
	}

	async sweep(nowMs: number, present: readonly string[] = []): Promise<{ files: string[] }> {
		this.#check();
		while ((await this.#scripts.run('sweep', [`${nowMs}`])) !== 1) this.#check();
		const files = new Set<string>();
		const forgotten = this.#toldFiles;
		for (let at = 0; at === 0 || at < present.length; at += FILES_AT_ONCE) {
			const told = at === 0 ? forgotten : [];
			const args = [`${told.length}`, ...told, ...present.slice(at, at + FILES_AT_ONCE)];
			const [dropped, orphans] = (await this.#scripts.run('files', args)) as [Buffer[], Buffer[]];
			if (at === 0) this.#toldFiles = dropped.map(String);
			for (const file of [...dropped, ...orphans]) files.add(file.toString());
		}
		return { files: [...files] };
	}

	async dueNotices(claim: NoticeClaim): Promise<Notice[]> {
		this.#check();
		const due: Notice[] = [];
		const busy = new Map(claim.busy);
		for (;;) {
			let answer: [number, [Buffer, Buffer, JobAnswer, Buffer][]];
			try {
				const args = dueArguments({ ...claim, most: claim.most - due.length, busy });
				answer = (await this.#scripts.run('due', args)) as typeof answer;
			} catch (error) {
				// Those before are in the hand of whoever asks: they would wait for the end of their leases.
				if (due.length > 0) return due;
				throw error;
			}
			const [more, found] = answer;
			for (const [version, attempts, job, lane] of found) {
				due.push({ job: readJob(job), version: Number(version.toString()), attempts: Number(attempts.toString()) });
				busy.set(lane.toString(), (busy.get(lane.toString()) ?? 0) + 1);
			}
			if (more === 0 || due.length >= claim.most) return due;
		}
	}

	async settleNotices(settled: readonly NoticeSettled[]): Promise<void> {
		this.#check();
		await this.#scripts.run('settle', settled.flatMap(settledArguments));
	}

	async noticesWaiting(): Promise<number> {
		this.#check();
		return (await this.#scripts.run('untold', [])) as number;
	}

	async areGone(keys: readonly string[]): Promise<ReadonlySet<string>> {
		return new Set((await this.#gone(0, keys)).map(({ key }) => key));
	}

	gone(most: number): Promise<GoneReceiver[]> {
		return this.#gone(most, []);
	}

	async #gone(most: number, keys: readonly string[]): Promise<GoneReceiver[]> {
		this.#check();
		const found = (await this.#scripts.run('gone', [`${most}`, ...keys])) as [Buffer, Buffer, Buffer][];
		return found.map(([key, host, since]) => ({
			key: key.toString(),
			host: host.toString(),
			sinceMs: Number(since.toString()),
		}));
	}

	async addGone({ key, host, sinceMs }: GoneReceiver): Promise<void> {
		this.#check();
		await this.#scripts.run('changeGone', ['add', key, host, `${Math.floor(sinceMs)}`]);
	}

	async removeGone(keys: readonly string[]): Promise<number> {
		this.#check();
		return (await this.#scripts.run('changeGone', ['remove', ...keys])) as number;
	}

	async ownerOf(id: string): Promise<string | null> {
		this.#check();
		const owner = (await this.#scripts.run('owner', [id])) as Buffer | null;
		return owner === null ? null : owner.toString();
	}

	async secret(): Promise<Uint8Array | null> {
		this.#check();
		return (await this.#scripts.run('secret', [])) as Buffer | null;
	}

	async setSecret(value: Uint8Array, was: Uint8Array | null): Promise<boolean> {
		this.#check();
		return (await this.#scripts.run('setSecret', [Buffer.from(value), Buffer.from(was ?? [])])) === 1;
	}

	async close(): Promise<void> {
		if (this.#closed) return;
		this.#closed = true;
		this.#feed?.stop();
		await Promise.all([this.#adds.settled(), this.#reports.settled()]);
		await this.#scripts.settled();
		this.#link.close();
	}

	#check(): void {
		if (this.#closed) throw new BallastError('jobs_unavailable', 'the store of jobs is closed');
	}

	#checkBody(body: NewJob['body']): void {
		if (body === null || this.#options.sharedFolder === true) return;
		const bytes = 'inline' in body ? body.inline.length : Number.POSITIVE_INFINITY;
		if (bytes <= INLINE_MOST) return;
		const message =
			'a body over 1 MiB needs a folder that all nodes share (`jobs: { store: { redis: { folder: … } } }`)';
		throw new BallastError('jobs_unavailable', message);
	}

	#stateChanged(state: RedisState): void {
		this.#options.onState?.(state);
		if (!state.up) return;
		this.#isUp();
		const { warned, replicas = 0 } = this.#options;
		if (warned === undefined) return;
		void durabilityWarnings(this.#link, replicas).then((warnings) => {
			if (warnings.length > 0 && !this.#closed) warned(warnings);
		});
	}
}

function resultBytes(report: Report): number {
	if (!('result' in report) || report.result === null) return 0;
	const { head, body } = report.result;
	return head.length + (body !== null && 'inline' in body ? body.inline.length : 0);
}
