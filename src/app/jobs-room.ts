import { join } from 'node:path';
import type { MessagePort } from 'node:worker_threads';
import type { AttemptOrder, AttemptOutcome } from '../jobs/attempt.ts';
import { BodyFolder } from '../jobs/body-folder.ts';
import { ExternalJobs } from '../jobs/external/external-jobs.ts';
import { HolderLock } from '../jobs/holder-lock.ts';
import { ENDED, type Job, type JobBody, type JobError, type NewJob } from '../jobs/job.ts';
import type { ClaimedJob, KnowsSums, QueueView, ReportKind } from '../jobs/job-store.ts';
import type { OffloadPolicy } from '../jobs/offload-policy.ts';
import { JobRunner } from '../jobs/runner.ts';
import { SealedJobs } from '../jobs/sealing/sealed-store.ts';
import { storeKeys } from '../jobs/sealing/store-keys.ts';
import type { WebhookSender } from '../jobs/webhooks/webhook-sender.ts';
import { failedAnswer, handedIn } from './job-answers.ts';
import { GONE_SHOWN, type JobAnswers, jobAnswers } from './job-calls.ts';
import { JobCredentials } from './job-credentials.ts';
import { type IntakeParts, JobIntake } from './job-intake.ts';
import { type Caller, JobPlaces } from './job-places.ts';
import { JobPolicies } from './job-policies.ts';
import { JobQueues, type JobQueuesParts } from './job-queues.ts';
import { JobSweeper } from './job-sweeper.ts';
import { JobTally } from './job-tally.ts';
import { JobWatchers } from './job-watchers.ts';
import type { FromJobsThread, JobCall, JobCalls, JobsSettings, JobsStart, ToJobs } from './jobs-messages.ts';
import { KeyReservations } from './key-reservations.ts';
import { knownCodes } from './known-codes.ts';
import { LaneDesk } from './lane-desk.ts';
import { stamped } from './offload/upstream-request.ts';
import { openJobStore } from './open-job-store.ts';
import { OwnedJobs } from './owned-jobs.ts';
import { roomSender } from './room-sender.ts';
import { slim } from './slim-job.ts';
import { SpendDesk } from './spend-desk.ts';
import { UpstreamCalls } from './upstream-calls.ts';
import { UpstreamResults } from './upstream-results.ts';
import { WaitingCalls } from './waiting-calls.ts';
import { WebhookDesk } from './webhook-desk.ts';

/** Longest answer about a state or a result, bytes. */
const QUESTION_MOST = 1024 * 1024;

/** To look it up costs more than the time itself. */
const { timeOrigin } = performance;

/** Of what the store is told and asked; it does not jump when the wall clock does. */
const nowMs = (): number => timeOrigin + performance.now();

type Call = Extract<ToJobs, { type: 'call' }>;

/** What a room is made with. */
interface Opened {
	store: SealedJobs;
	/** The same, without its seals. */
	raw: JobQueuesParts['store'] & Partial<KnowsSums>;
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
	readonly #owned: OwnedJobs;
	readonly #runner: JobRunner;
	readonly #sender: WebhookSender;
	readonly #places: JobPlaces;
	readonly #questions: UpstreamCalls;
	readonly #external: ExternalJobs;
	readonly #webhooks: WebhookDesk;
	readonly #lanes: LaneDesk;
	readonly #spend: SpendDesk;
	readonly #results: UpstreamResults;
	readonly #watchers: JobWatchers;
	readonly #tally: JobTally;
	readonly #sweeper: JobSweeper;
	readonly #policies = new JobPolicies();
	readonly #intake: JobIntake;
	/** Keys whose requests are being stored, and by whom. */
	readonly #keys = new KeyReservations();
	readonly #waiting = new WaitingCalls();
	readonly #calls: JobAnswers;
	/** As they were a moment ago. */
	#views: Record<string, QueueView> = {};
	/** Ends that are still to be told, a moment ago. */
	#untold = 0;
	/** Receivers that are called no more, likewise. */
	#gone = 0;
	#endsDue = false;

	/** @throws BallastError `store_unusable` */
	static async open(start: JobsStart, say: (message: FromJobsThread) => void): Promise<JobsRoom> {
		const tally = new JobTally(say);
		const bodies = new BodyFolder(start.bodies);
		const lock = new HolderLock(join(start.folder, 'holders'), start.holder);
		let room: JobsRoom | null = null;
		let sealed: SealedJobs | null = null;
		const store = await openJobStore(start, bodies, {
			changed: ({ id, state }) => {
				// Another core may have changed it while this one is being made.
				if (room === null) return;
				room.#runner.changed(id, state);
				room.#watchers.changed(id);
				if (ENDED.has(state)) room.#ended();
			},
			isAlive: (holder) => lock.isAlive(holder),
			quarantined: ({ path, movedTo, reason }) => tally.quarantined(path, movedTo, reason),
			warned: (warnings) => tally.warned(warnings),
			sealed: (bytes, about) => sealed?.sealed(bytes, about) ?? bytes,
		});
		sealed = new SealedJobs(store);
		room = new JobsRoom(start, { store: sealed, raw: store, bodies, tally, lock });
		return room;
	}

	private constructor(start: JobsStart, of: Opened) {
		this.#store = of.store;
		this.#queues = new JobQueues({
			store: of.raw,
			stranded: (queues) => this.#tally.stranded(queues),
		});
		this.#credentials = new JobCredentials(() => this.#store.secret());
		this.#owned = new OwnedJobs(of.store, this.#credentials.owners);
		this.#bodies = of.bodies;
		this.#tally = of.tally;
		this.#lock = of.lock;
		this.#sweeper = new JobSweeper(of.store, of.bodies);
		this.#watchers = new JobWatchers((id) => this.#store.look(id));
		this.#places = new JobPlaces({
			call: (message, from) => this.#take(message, from),
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
		const policyOf = (job: Job): OffloadPolicy => this.#policies.of(job.request);
		this.#questions = new UpstreamCalls(this.#places);
		this.#external = this.#externalJobs(policyOf);
		this.#webhooks = new WebhookDesk(this.#external);
		this.#results = new UpstreamResults({
			store: of.store,
			folder: start.folder,
			external: () => this.#external,
			policyOf,
			failed: (job, why, final) => this.#tally.mediaFailed(job, why, final),
			keys: () => this.#bodies.keys,
		});
		this.#spend = new SpendDesk(of.raw, nowMs);
		this.#lanes = this.#laneDesk();
		this.#runner = this.#jobRunner(start.holder, gone);
		of.store.parked = (job, error) => this.#settled(job, { kind: 'parked', error });
		this.#intake = new JobIntake(this.#intakeParts());
		this.#calls = this.#answers(of.store);
		const { holder } = start;
		this.#sender = roomSender({ store: of.store, holder, gone, policyOf, tally: of.tally, nowMs });
		this.configure(start.settings);
	}

	/** Whoever tells of ends looks once for all that ended together. */
	#ended(): void {
		if (this.#endsDue) return;
		this.#endsDue = true;
		queueMicrotask(() => {
			this.#endsDue = false;
			this.#sender.wake();
		});
	}

	#refusedSpend(job: NewJob): void {
		this.#spend.refused(this.#credentials.kept(job, nowMs()));
	}

	#intakeParts(): IntakeParts {
		return {
			store: this.#credentials.keeping(this.#store, nowMs),
			release: (key, by) => this.#keys.release(key, by),
			added: (job, { kind }) => (kind === 'over_spend' ? this.#refusedSpend(job) : this.#tally.added(job.queue)),
			refused: (error) => this.#tally.refused(error),
			wake: () => this.#runner.wake(),
			nowMs,
		};
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
			look: (id) => this.#store.look(id),
			holder,
			gone,
			rooms: () => this.#lanes.rooms(this.#queues.all),
			policyOf: (job) => this.#policies.attempt(job.request),
			settled: (job, kind) => this.#settled(job, kind),
			began: (job) => this.#began(job),
			unusable: (why) => this.#tally.unusable(why),
			nowMs,
		});
	}

	#externalJobs(upstreamOf: (job: Job) => OffloadPolicy): ExternalJobs {
		return new ExternalJobs({
			upstreamOf,
			ask: (job, target, method) => this.#questions.ask(job, target, method),
			text: (outcome) => this.#text(outcome),
			conclude: (token, next) => this.#runner.conclude(token, next),
			finished: (job) => this.#results.copies.wanted(job),
			uncancelled: (job, why) => this.#tally.uncancelled(job, why),
			fail: (job, error) => this.#fail(job, error),
			progressed: (token, progress) => this.#runner.progressed(token, progress),
			nowMs,
		});
	}

	#laneDesk(): LaneDesk {
		return new LaneDesk({
			ask: (place, target) => this.#questions.askAt(place, target),
			text: (outcome) => this.#text(outcome),
			tell: (...what) => this.#tally.tell(...what),
			inLane: (queue, lane, ending) => this.#runner.inLane(queue, lane, ending),
			nowMs,
		});
	}

	#answers(store: SealedJobs): JobAnswers {
		return jobAnswers({
			store,
			intake: this.#intake,
			keys: this.#keys,
			owned: this.#owned,
			watchers: this.#watchers,
			results: this.#results,
			webhooks: this.#webhooks,
			spend: this.#spend,
			queues: this.#queues,
			view: (queue) => this.#views[queue],
			startsPerS: (queue) => this.#tally.startsPerS(queue),
			nowMs,
		});
	}

	#text(outcome: AttemptOutcome): Promise<string | null> {
		return this.#bodies.text(outcome.kind === 'answered' ? outcome.body : null, QUESTION_MOST);
	}

	/** Its upstream still has it. */
	async #fail(job: ClaimedJob, error: JobError): Promise<void> {
		const done = await this.#store.change(job.id, { kind: 'fail', nowMs: nowMs(), error });
		if (done?.changed === true) this.#settled(job, { kind: 'failed', error, result: null });
	}

	configure(settings: JobsSettings): void {
		this.#store.keys = this.#bodies.keys = storeKeys(settings.jobs.keys);
		this.#policies.configure(settings.policies);
		this.#webhooks.configure(settings.policies.flatMap(({ policy }) => policy.external?.webhook ?? []));
		this.#results.copies.configure(settings.policies.flatMap(({ policy }) => policy.external?.result?.media ?? []));
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

	#stamped(order: AttemptOrder): AttemptOrder {
		const { stamp } = this.#policies.of(order.request);
		return stamp === null ? order : stamped(order, stamp);
	}

	/** For the control plane, which has no port. @throws what the call throws */
	call(name: JobCall, args: unknown[]): Promise<unknown> {
		return this.#calls[name](...(args as [never, never]));
	}

	#take(message: Call, from: Caller): void {
		if (message.name !== 'add') {
			void this.#answer(message, from);
			return;
		}
		const { id, args } = message;
		this.#intake.hand(...(args as Parameters<JobCalls['add']>), handedIn(id, from.box));
	}

	async #answer({ id, name, args }: Call, { port, box }: Caller): Promise<void> {
		try {
			const value = name === 'awaited' ? await this.#awaited(id, args, port) : await this.call(name, args);
			if (name === 'reserve' && value === true) this.#keys.reservedFor(args[0] as string, port);
			box.say({ type: 'answer', id, value });
		} catch (error) {
			box.say(failedAnswer(id, error));
		}
	}

	async #awaited(call: number, args: unknown[], port: MessagePort): Promise<Job | null> {
		const [id, of] = args as Parameters<JobCalls['awaited']>;
		const job = this.#watchers.wait(id, of, (stop) => this.#waiting.add(port, call, stop));
		return slim(await job.finally(() => this.#waiting.answered(port, call)));
	}

	#drop(body: JobBody): void {
		if ('file' in body) void this.#bodies.remove([body.file]).catch(() => {});
	}

	/** Instead of the next, while one is still under way. */
	late(): void {
		this.#tally.late();
	}

	async everySecond(): Promise<void> {
		this.#intake.recount();
		try {
			this.#views = await this.#queues.read();
			this.#intake.views = this.#views;
			await this.#store.reseal();
			this.#untold = await this.#store.noticesWaiting();
			this.#gone = (await this.#store.gone(GONE_SHOWN)).length;
			await this.#spend.look();
		} catch (error) {
			this.#tally.trouble((error as Error).message);
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
		await this.#results.copies.sweep(Date.now());
		await this.#sweeper.sweep(nowMs());
	}

	rest(ms: number): Promise<void> {
		return this.#runner.rest(ms);
	}

	async close(): Promise<void> {
		this.#external.close();
		this.#results.copies.close();
		this.#runner.close();
		void this.#sender.close();
		this.#places.close();
		await this.#store.close();
		this.#lock.release();
	}
}
