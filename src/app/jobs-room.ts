import { join } from 'node:path';
import type { MessagePort } from 'node:worker_threads';
import type { AttemptOrder, AttemptOutcome } from '../jobs/attempt.ts';
import { BodyFolder } from '../jobs/body-folder.ts';
import { ExternalJobs } from '../jobs/external/external-jobs.ts';
import { HolderLock } from '../jobs/holder-lock.ts';
import { ENDED, JOB_STATES, type JobBody, type JobResult } from '../jobs/job.ts';
import type {
	ClaimedJob,
	JobChange,
	JobStore,
	KnowsQueues,
	KnowsSums,
	QueueRoom,
	QueueView,
	ReportKind,
} from '../jobs/job-store.ts';
import { leftQueues } from '../jobs/left-queues.ts';
import type { NoticeStore } from '../jobs/notice-store.ts';
import { queueRooms } from '../jobs/queue-rooms.ts';
import { JobRunner } from '../jobs/runner.ts';
import { WebhookSender } from '../jobs/webhooks/webhook-sender.ts';
import { failedAnswer, handedIn, slimAdded } from './job-answers.ts';
import { type IntakeParts, JobIntake } from './job-intake.ts';
import { type Caller, JobPlaces } from './job-places.ts';
import { JobPolicies } from './job-policies.ts';
import { JobTally } from './job-tally.ts';
import { JobWatchers } from './job-watchers.ts';
import type { FromJobsThread, JobCall, JobCalls, JobsSettings, JobsStart, ToJobs } from './jobs-messages.ts';
import { KeyReservations } from './key-reservations.ts';
import { knownCodes } from './known-codes.ts';
import { LaneDesk } from './lane-desk.ts';
import { bufferOf, statusOf } from './offload/stored-answer.ts';
import { stamped } from './offload/upstream-request.ts';
import { openJobStore } from './open-job-store.ts';
import { slim } from './slim-job.ts';
import { SpendDesk } from './spend-desk.ts';
import { UpstreamCalls } from './upstream-calls.ts';
import { WebhookDesk } from './webhook-desk.ts';

/** A file that no job names is removed when it is this old: whoever wrote it would have handed it in, ms. */
const ORPHAN_MS = 3_600_000;
const LOOK_MS = 600_000;
/** Longest answer about a state or a result, bytes. */
const QUESTION_MOST = 1024 * 1024;

/** To look it up costs more than the time itself. */
const { timeOrigin } = performance;

/** Of what the store is told and asked; it does not jump when the wall clock does. */
const nowMs = (): number => timeOrigin + performance.now();

const UNENDED = JOB_STATES.filter((state) => !ENDED.has(state));

type Answers = { [N in JobCall]: (...args: Parameters<JobCalls[N]>) => Promise<ReturnType<JobCalls[N]>> };

type Call = Extract<ToJobs, { type: 'call' }>;
type RoomStore = JobStore & NoticeStore & Partial<KnowsQueues & KnowsSums>;

/** What a room is made with. */
interface Opened {
	store: RoomStore;
	bodies: BodyFolder;
	tally: JobTally;
	lock: HolderLock;
}

/** What the jobs thread holds: the store, the runner, and whoever asks. */
export class JobsRoom {
	readonly #bodies: BodyFolder;
	readonly #lock: HolderLock;
	readonly #store: RoomStore;
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
	readonly #policies = new JobPolicies();
	readonly #intake: JobIntake;
	#rooms: QueueRoom[] = [];
	/** Of queues that no route names any more, but jobs. */
	#left: QueueRoom[] = [];
	readonly #keys = new KeyReservations();
	/** As they were a moment ago. */
	#views: Record<string, QueueView> = {};
	/** Ends that are still to be told, a moment ago. */
	#untold = 0;
	#endsDue = false;
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
				room.#watchers.changed(id);
				if (ENDED.has(state)) room.#ended();
			},
			isAlive: (holder) => lock.isAlive(holder),
			quarantined: ({ path, movedTo, reason }) => tally.quarantined(path, movedTo, reason),
			warned: (warnings) => tally.warned(warnings),
		});
		room = new JobsRoom(start, { store, bodies, tally, lock });
		return room;
	}

	private constructor(start: JobsStart, of: Opened) {
		this.#store = of.store;
		this.#bodies = of.bodies;
		this.#tally = of.tally;
		this.#lock = of.lock;
		this.#watchers = new JobWatchers((id) => this.#store.get(id));
		this.#places = new JobPlaces({
			call: (message, from) => this.#take(message, from),
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
			upstreamOf: (job) => this.#policies.of(job.request),
			ask: (job, target) => this.#questions.ask(job, target),
			text: (outcome) => this.#text(outcome),
			conclude: (token, next) => this.#runner.conclude(token, next),
			progressed: (token, progress) => this.#runner.progressed(token, progress),
			nowMs,
		});
		this.#webhooks = new WebhookDesk(this.#external);
		this.#spend = new SpendDesk(of.store, nowMs);
		this.#lanes = this.#laneDesk();
		this.#runner = this.#jobRunner(start.holder, gone);
		this.#intake = new JobIntake(this.#intakeParts());
		this.#sender = new WebhookSender({
			store: this.#store,
			holder: start.holder,
			gone,
			statusOf: ({ result }) => (result === null ? null : statusOf(bufferOf(result.head))),
			gaveUp: (job, why) => this.#tally.webhookGivenUp(job, why),
			unusable: (why) => this.#tally.unusable(why),
			nowMs,
		});
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

	#intakeParts(): IntakeParts {
		return {
			store: this.#store,
			release: (key, by) => this.#keys.release(key, by),
			added: (job, { kind }) => (kind === 'over_spend' ? this.#spend.refused(job) : this.#tally.added(job.queue)),
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
			holder,
			gone,
			rooms: () => this.#lanes.rooms([...this.#rooms, ...this.#left]),
			policyOf: (job) => this.#policies.attempt(job.request),
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
		this.#policies.configure(settings.policies);
		this.#webhooks.configure(settings.policies.flatMap(({ policy }) => policy.external?.webhook ?? []));
		this.#rooms = queueRooms(settings.policies.map(({ policy }) => policy));
		this.#left = [];
		this.#lanes.configure(settings.policies);
		this.#spend.configure(settings.policies);
		this.#tally.codes = knownCodes(settings.policies.map(({ policy }) => policy));
		const runs = settings.runs && settings.jobs.run;
		this.#runner.active = runs;
		this.#sender.configure(runs ? settings.jobs.webhooks : null, settings.jobs.path);
	}

	connect(worker: number, port: MessagePort): void {
		this.#places.connect(worker, port);
		port.once('close', () => this.#keys.left(port));
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
			const value = await this.call(name, args);
			if (name === 'reserve' && value === true) this.#keys.reservedFor(args[0] as string, port);
			box.say({ type: 'answer', id, value });
		} catch (error) {
			box.say(failedAnswer(id, error));
		}
	}

	readonly #calls: Answers = {
		add: async (job, most) => slimAdded(await this.#intake.add(job, most)),
		reserve: async (key, by) => this.#keys.reserve(key, by),
		release: async (key, by) => this.#keys.release(key, by),
		get: (id) => this.#store.get(id),
		look: async (id) => slim(await this.#store.get(id)),
		outlook: async (queue) => {
			const view = this.#views[queue];
			const { waiting = 0 } = view?.counts ?? {};
			return { waiting, paused: view?.paused ?? false, startsPerS: this.#tally.startsPerS(queue) };
		},
		list: async (query) => {
			const page = await this.#store.list(query);
			return { ...page, jobs: page.jobs.map(slim) };
		},
		change: async (id, change) => {
			const done = await this.#store.change(id, await this.#changed(id, change));
			return done === null ? null : { ...done, job: slim(done.job) };
		},
		awaited: async (id, of) => slim(await this.#watchers.wait(id, of)),
		fresh: (id) => this.#fresh(id),
		webhook: async (path, fields, body) => this.#webhooks.take(path, { fields, body }),
		queue: (name, change) => this.#store.queue(name, change),
		queues: async () => this.#readQueues(),
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

	#drop(body: JobBody): void {
		if ('file' in body) void this.#bodies.remove([body.file]).catch(() => {});
	}

	async #readQueues(): Promise<Record<string, QueueView>> {
		const views: Record<string, QueueView> = {};
		for (const { name } of this.#rooms) views[name] = await this.#store.queue(name);
		await this.#readLeft(views);
		return views;
	}

	/** Adds those that no route names any more, as long as there is something in them. */
	async #readLeft(views: Record<string, QueueView>): Promise<void> {
		const { rooms, stranded } = leftQueues((await this.#store.queueNames?.()) ?? [], this.#policies.all);
		const left: QueueRoom[] = [];
		for (const name of [...rooms.map((room) => room.name), ...stranded]) {
			const view = await this.#store.queue(name);
			if (!UNENDED.some((state) => view.counts[state] > 0)) continue;
			views[name] = view;
			left.push(...rooms.filter((room) => room.name === name));
		}
		this.#left = left;
		this.#tally.stranded(stranded.filter((name) => name in views));
	}

	async everySecond(): Promise<void> {
		this.#intake.recount();
		try {
			this.#views = await this.#readQueues();
			this.#intake.views = this.#views;
			this.#untold = await this.#store.noticesWaiting();
			await this.#spend.look();
		} catch (error) {
			this.#tally.unusable((error as Error).message);
		}
		if (this.#runner.active) this.#lanes.look();
		this.#tally.everySecond({
			queues: this.#views,
			running: this.#runner.running,
			webhooks: { ...this.#sender.counts, waiting: this.#untold },
			lanes: this.#lanes.figures(this.#rooms),
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
		this.#sender.close();
		this.#places.close();
		await this.#store.close();
		this.#lock.release();
	}
}
