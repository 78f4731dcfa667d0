import { join } from 'node:path';
import type { MessagePort } from 'node:worker_threads';
import { BallastError } from '../core/errors.ts';
import { REST } from '../gateway/route-table.ts';
import type { AttemptOrder, AttemptOutcome, AttemptPolicy } from '../jobs/attempt.ts';
import { attemptPolicy } from '../jobs/attempt-policy.ts';
import { BodyFolder } from '../jobs/body-folder.ts';
import { enableReceivers } from '../jobs/enable-receivers.ts';
import { ExternalJobs } from '../jobs/external/external-jobs.ts';
import { HolderLock } from '../jobs/holder-lock.ts';
import { ENDED, type Job, type JobBody, type JobResult, type NewJob } from '../jobs/job.ts';
import type {
	AddOutcome,
	ClaimedJob,
	JobChange,
	KnowsQueues,
	KnowsSums,
	QueueView,
	ReportKind,
} from '../jobs/job-store.ts';
import { OFFLOAD, type OffloadPolicy } from '../jobs/offload-policy.ts';
import { JobRunner } from '../jobs/runner.ts';
import { SealedJobs } from '../jobs/sealing/sealed-store.ts';
import { storeKeys } from '../jobs/sealing/store-keys.ts';
import type { WebhookSender } from '../jobs/webhooks/webhook-sender.ts';
import { askedKey, JobCredentials } from './job-credentials.ts';
import { JobPlaces } from './job-places.ts';
import { JobQueues } from './job-queues.ts';
import { JobTally } from './job-tally.ts';
import { JobWatchers } from './job-watchers.ts';
import type { FromJobs, FromJobsThread, JobCall, JobCalls, JobsSettings, JobsStart, ToJobs } from './jobs-messages.ts';
import { KeyReservations } from './key-reservations.ts';
import { knownCodes } from './known-codes.ts';
import { LaneDesk } from './lane-desk.ts';
import { isIdempotent, readStoredRequest } from './offload/stored-request.ts';
import { stamped } from './offload/upstream-request.ts';
import { openJobStore } from './open-job-store.ts';
import { seriesKey } from './plan.ts';
import { roomSender } from './room-sender.ts';
import { slim } from './slim-job.ts';
import { SpendDesk } from './spend-desk.ts';
import { UpstreamCalls } from './upstream-calls.ts';
import { WaitingCalls } from './waiting-calls.ts';
import { WebhookDesk } from './webhook-desk.ts';

/** A file that no job names is removed when it is this old: whoever wrote it would have handed it in, ms. */
const ORPHAN_MS = 3_600_000;
const LOOK_MS = 600_000;
/** Longest answer about a state or a result, bytes. */
const QUESTION_MOST = 1024 * 1024;
/** Receivers that are called no more, of which is told. */
const GONE_SHOWN = 1000;
/** An owner that no credential hashes to. */
const NOBODY = '!';

/** Of what the store is told and asked; it does not jump when the wall clock does. */
const nowMs = (): number => performance.timeOrigin + performance.now();

type Answers = { [N in JobCall]: (...args: Parameters<JobCalls[N]>) => Promise<ReturnType<JobCalls[N]>> };

/** What a room is made with. */
interface Opened {
	store: SealedJobs;
	/** The same, without its seals. */
	raw: Partial<KnowsQueues & KnowsSums>;
	bodies: BodyFolder;
	tally: JobTally;
	lock: HolderLock;
}

/** What the jobs thread holds: the store, the runner, and whoever asks. */
export class JobsRoom {
	readonly #bodies: BodyFolder;
	readonly #lock: HolderLock;
	readonly #store: SealedJobs;
	readonly #queues: JobQueues;
	readonly #credentials: JobCredentials;
	readonly #runner: JobRunner;
	readonly #sender: WebhookSender;
	readonly #places: JobPlaces;
	readonly #questions: UpstreamCalls;
	readonly #external: ExternalJobs;
	readonly #webhooks: WebhookDesk;
	readonly #lanes: LaneDesk;
	readonly #spend: SpendDesk;
	readonly #watchers: JobWatchers;
	readonly #tally: JobTally;
	#policies = new Map<string, JobsSettings['policies'][number]>();
	/** Keys whose requests are being stored, and by whom. */
	readonly #keys = new KeyReservations();
	readonly #waiting = new WaitingCalls();
	/** As they were a moment ago, and jobs that came since. */
	#views: Record<string, QueueView> = {};
	#addedSince = new Map<string, number>();
	/** Ends that are still to be told, a moment ago. */
	#untold = 0;
	/** Receivers that are called no more, likewise. */
	#gone = 0;
	#lookedMs = Number.NEGATIVE_INFINITY;

	/** @throws BallastError `store_unusable` */
	static async open(start: JobsStart, say: (message: FromJobsThread) => void): Promise<JobsRoom> {
		const tally = new JobTally(say);
		const bodies = new BodyFolder(start.bodies);
		const lock = new HolderLock(join(start.folder, 'holders'), start.holder);
		let room: JobsRoom | null = null;
		const store = await openJobStore(start, bodies, {
			changed: ({ id, state }) => {
				// Another core may have changed it while this one is being made.
				if (room === null) return;
				room.#runner.changed(id, state);
				void room.#watchers.changed(id);
				if (ENDED.has(state)) room.#sender.wake();
			},
			isAlive: (holder) => lock.isAlive(holder),
			quarantined: ({ path, movedTo, reason }) => tally.quarantined(path, movedTo, reason),
			warned: (warnings) => tally.warned(warnings),
		});
		room = new JobsRoom(start, { store: new SealedJobs(store), raw: store, bodies, tally, lock });
		return room;
	}

	private constructor(start: JobsStart, of: Opened) {
		this.#store = of.store;
		this.#queues = new JobQueues({
			store: of.store,
			names: of.raw,
			stranded: (queues) => this.#tally.stranded(queues),
		});
		this.#credentials = new JobCredentials(() => this.#store.secret());
		this.#bodies = of.bodies;
		this.#tally = of.tally;
		this.#lock = of.lock;
		this.#watchers = new JobWatchers((id) => this.#store.get(id));
		this.#places = new JobPlaces({
			call: (message, port) => void this.#answer(message, port),
			unwait: (id, port) => this.#waiting.stop(port, id),
			ended: (token, outcome) => {
				if (!this.#questions.ended(token, outcome)) this.#runner.ended(token, outcome);
			},
			lost: (tokens) => {
				this.#questions.lost(tokens);
				this.#runner.lost(tokens);
			},
			free: () => this.#runner?.wake(),
			drop: (body) => this.#drop(body),
		});
		const gone = [...start.gone, ...this.#lock.gone];
		this.#questions = new UpstreamCalls(this.#places);
		this.#external = new ExternalJobs({
			upstreamOf: (job) => this.#policyOf(job),
			ask: (job, target) => this.#questions.ask(job, target),
			text: (outcome) => this.#text(outcome),
			conclude: (token, next) => this.#runner.conclude(token, next),
			progressed: (token, progress) => this.#runner.progressed(token, progress),
			nowMs,
		});
		this.#webhooks = new WebhookDesk(this.#external);
		this.#spend = new SpendDesk(of.raw, nowMs);
		this.#lanes = this.#laneDesk();
		this.#runner = this.#jobRunner(start.holder, gone);
		const { holder } = start;
		const policyOf = (job: Job): OffloadPolicy => this.#policyOf(job);
		this.#sender = roomSender({ store: of.store, holder, gone, policyOf, tally: of.tally, nowMs });
		this.configure(start.settings);
	}

	#jobRunner(holder: string, gone: readonly string[]): JobRunner {
		return new JobRunner({
			store: this.#store,
			places: {
				room: () => this.#places.room(),
				begin: (order) => this.#places.begin(this.#stamped(order)),
				abort: (token) => this.#places.abort(token),
				drop: (body) => this.#drop(body),
			},
			submitted: this.#external,
			holder,
			gone,
			rooms: () => this.#lanes.rooms(this.#queues.all),
			policyOf: (job) => this.#attemptPolicy(job),
			settled: (job, kind) => this.#settled(job, kind),
			began: (job) => this.#began(job),
			unusable: (why) => this.#tally.unusable(why),
			nowMs,
		});
	}

	#laneDesk(): LaneDesk {
		return new LaneDesk({
			ask: (place, target) => this.#questions.askAt(place, target),
			text: (outcome) => this.#text(outcome),
			tell: (...what) => this.#tally.tell(...what),
			inLane: (queue, lane) => this.#runner.inLane(queue, lane),
			nowMs,
		});
	}

	#text(outcome: AttemptOutcome): Promise<string | null> {
		return this.#bodies.text(outcome.kind === 'answered' ? outcome.body : null, QUESTION_MOST);
	}

	configure(settings: JobsSettings): void {
		this.#store.keys = storeKeys(settings.jobs.keys);
		this.#policies = new Map(settings.policies.map((one) => [seriesKey(one.service, one.route), one]));
		this.#webhooks.configure(settings.policies.flatMap(({ policy }) => policy.external?.webhook ?? []));
		this.#queues.configure(settings.policies);
		this.#lanes.configure(settings.policies);
		this.#spend.configure(settings.policies);
		this.#tally.codes = knownCodes(settings.policies.map(({ policy }) => policy));
		const runs = settings.runs && settings.jobs.run;
		this.#runner.active = runs;
		this.#sender.configure(runs ? settings.jobs.webhooks : null, settings.jobs.path);
	}

	connect(worker: number, port: MessagePort): void {
		this.#places.connect(worker, port);
		port.once('close', () => {
			this.#keys.left(port);
			this.#waiting.ended(port);
		});
	}

	#began(job: ClaimedJob): void {
		this.#tally.began(job, nowMs());
		this.#lanes.began(job);
	}

	#settled(job: ClaimedJob, kind: ReportKind): void {
		this.#tally.settled(job, kind, nowMs());
		this.#lanes.settled(job, kind);
		this.#spend.settled(job, kind);
	}

	#policyOf({ request }: { request: Uint8Array }): OffloadPolicy {
		return this.#knownOf(request)?.policy ?? OFFLOAD;
	}

	#stamped(order: AttemptOrder): AttemptOrder {
		const { stamp } = this.#policyOf(order);
		return stamp === null ? order : stamped(order, stamp);
	}

	/** By the route as it is now, or else its service; undefined: it makes no jobs any more. */
	#knownOf(request: Uint8Array): JobsSettings['policies'][number] | undefined {
		const { service, route } = readStoredRequest(request).notes;
		return this.#policies.get(seriesKey(service, route)) ?? this.#policies.get(seriesKey(service, REST));
	}

	/** Of one that makes no jobs any more, as all do. */
	#attemptPolicy(job: Job): AttemptPolicy {
		const { notes } = readStoredRequest(job.request);
		const known = this.#knownOf(job.request);
		const idempotent = isIdempotent(notes.method);
		return attemptPolicy(known?.policy ?? OFFLOAD, { idempotent, attemptMs: known?.attemptMs ?? 0 });
	}

	/** For the control plane, which has no port. @throws what the call throws */
	call(name: JobCall, args: unknown[]): Promise<unknown> {
		return this.#calls[name](...(args as [never, never]));
	}

	async #answer({ id, name, args }: Extract<ToJobs, { type: 'call' }>, port: MessagePort): Promise<void> {
		let answer: FromJobs;
		try {
			const value = name === 'awaited' ? await this.#awaited(id, args, port) : await this.call(name, args);
			if (name === 'reserve' && value === true) this.#keys.reservedFor(args[0] as string, port);
			answer = { type: 'answer', id, value };
		} catch (error) {
			const code = error instanceof BallastError ? error.code : 'internal';
			answer = { type: 'failed', id, code, message: error instanceof Error ? error.message : String(error) };
		}
		port.postMessage(answer);
	}

	async #awaited(call: number, args: unknown[], port: MessagePort): Promise<Job | null> {
		const [id, of] = args as Parameters<JobCalls['awaited']>;
		const job = this.#watchers.wait(id, of, (stop) => this.#waiting.add(port, call, stop));
		return slim(await job.finally(() => this.#waiting.answered(port, call)));
	}

	readonly #calls: Answers = {
		add: (job, most) => this.#add(job, most),
		reserve: async (key, by) => this.#keys.reserve(key, by),
		release: async (key, by) => this.#keys.release(key, by),
		get: (id) => this.#store.get(id),
		look: async (id, owners) => {
			// First of all, and alone: whose it is not is told by the same way and as soon as what there is not.
			const owner = (await this.#store.ownerOf(id)) ?? NOBODY;
			return (await this.#credentials.owners.isOwned(owner, owners)) ? slim(await this.#store.get(id)) : null;
		},
		outlook: async (queue) => {
			const view = this.#views[queue];
			const { waiting = 0 } = view?.counts ?? {};
			// Without itself, and with those that came since.
			const before = Math.max(0, waiting + (this.#addedSince.get(queue) ?? 0) - 1);
			return { waiting: before, paused: view?.paused ?? false, startsPerS: this.#tally.startsPerS(queue) };
		},
		list: async (query) => {
			const own = query.owner === undefined ? {} : { owner: await this.#credentials.owners.owner(query.owner) };
			const page = await this.#store.list({ ...query, ...own });
			return { ...page, jobs: page.jobs.map(slim) };
		},
		change: async (id, change) => {
			const done = await this.#store.change(id, await this.#changed(id, change));
			return done === null ? null : { ...done, job: slim(done.job) };
		},
		awaited: async (id, of) => slim(await this.#watchers.wait(id, of)),
		fresh: (id) => this.#fresh(id),
		webhook: async (path, fields, body) => this.#webhooks.take(path, { fields, body }),
		receivers: () => this.#store.gone(GONE_SHOWN),
		enable: (receiver) => enableReceivers(this.#store, receiver, GONE_SHOWN),
		queue: (name, change) => this.#store.queue(name, change),
		queues: async () => this.#queues.read(),
	};

	/** By this thread's clock. */
	async #changed(id: string, change: JobChange): Promise<JobChange> {
		if (change.kind !== 'redrive') return { ...change, nowMs: nowMs() };
		const job = await this.#store.get(id);
		const spendSinceMs = job === null ? undefined : this.#spend.sinceMs(job);
		return { ...change, nowMs: nowMs(), ...(spendSinceMs === undefined ? {} : { spendSinceMs }) };
	}

	async #fresh(id: string): Promise<JobResult | null> {
		const job = await this.#store.get(id);
		return job === null ? null : this.#external.fresh(job);
	}

	async #add(job: NewJob, most: number): Promise<AddOutcome> {
		const { queue } = job;
		const counts = this.#views[queue]?.counts;
		const waiting = (counts?.waiting ?? 0) + (counts?.scheduled ?? 0) + (this.#addedSince.get(queue) ?? 0);
		if (waiting >= most) throw new BallastError('jobs_full');
		this.#addedSince.set(queue, (this.#addedSince.get(queue) ?? 0) + 1);
		const kept = await this.#credentials.kept(job, nowMs());
		const [outcome] = await this.#store.add([kept]);
		// Before it is answered: what its client sends next may come by another worker, and sooner than this one's word.
		if (job.idempotency !== null) this.#keys.release(job.idempotency.key, job.id);
		if (outcome?.kind !== 'over_spend') this.#tally.added(queue);
		this.#runner.wake();
		if (outcome?.kind === 'over_spend') {
			this.#spend.refused(kept);
			return { ...outcome, key: askedKey(job, kept, outcome.key) };
		}
		if (outcome === undefined || outcome.kind === 'mismatch') return outcome as AddOutcome;
		return { ...outcome, job: slim(outcome.job) } as AddOutcome;
	}

	#drop(body: JobBody): void {
		if ('file' in body) void this.#bodies.remove([body.file]).catch(() => {});
	}

	async everySecond(): Promise<void> {
		this.#addedSince = new Map();
		try {
			this.#views = await this.#queues.read();
			await this.#store.reseal();
			this.#untold = await this.#store.noticesWaiting();
			this.#gone = (await this.#store.gone(GONE_SHOWN)).length;
			await this.#spend.look();
		} catch (error) {
			this.#tally.unusable((error as Error).message);
		}
		if (this.#runner.active) this.#lanes.look();
		this.#tally.everySecond({
			queues: this.#views,
			running: this.#runner.running,
			webhooks: { ...this.#sender.counts, waiting: this.#untold, gone: this.#gone },
			lanes: this.#lanes.figures(this.#queues.rooms),
			spending: this.#spend.figures(),
		});
	}

	async sweep(): Promise<void> {
		// A look through the whole folder is seldom worth its while.
		const looks = nowMs() - this.#lookedMs > LOOK_MS;
		if (looks) this.#lookedMs = nowMs();
		const present = looks ? await this.#bodies.olderThan(Date.now() - ORPHAN_MS) : [];
		const { files } = await this.#store.sweep(nowMs(), present);
		await this.#bodies.remove(files);
	}

	rest(ms: number): Promise<void> {
		return this.#runner.rest(ms);
	}

	async close(): Promise<void> {
		this.#external.close();
		this.#runner.close();
		void this.#sender.close();
		this.#places.close();
		await this.#store.close();
		this.#lock.release();
	}
}
