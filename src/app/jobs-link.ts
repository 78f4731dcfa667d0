import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { MessageChannel, Worker } from 'node:worker_threads';
import type { Config } from '../config/config.ts';
import { REST } from '../gateway/route-table.ts';
import { JOBS, type OffloadPolicy } from '../jobs/offload-policy.ts';
import type { EventLog } from './event-log.ts';
import {
	BODIES,
	type FromJobsThread,
	type JobCall,
	type JobCalls,
	type JobFigures,
	type JobsSettings,
	type JobsStart,
	type ToJobsThread,
} from './jobs-messages.ts';
import { CallBook } from './offload/call-book.ts';
import type { JobsPlan, Plan, ServicePlan } from './plan.ts';
import { storeFolder } from './store-folder.ts';
import type { WorkerGroup } from './worker-group.ts';

/** A thread that dies is started again after so long, ms. */
const RESTART_MS = 500;
/** One that cannot begin, as where its folder cannot be used, at last only so often. */
const RESTART_MOST_MS = 30_000;
const HEAP_MB = 1024;
/** Of what is young: see `worker-group.ts`. */
const YOUNG_MB = 24;

/** The control plane's side of the jobs thread: there is one once some route makes jobs. */
export class JobsLink {
	readonly #name: string;
	readonly #workers: Pick<WorkerGroup, 'thread' | 'view'>;
	readonly #log: EventLog;
	readonly #calls = new CallBook();
	#thread: Worker | null = null;
	#folder = '';
	#bodies = '';
	#kept: Pick<JobsStart, 'store' | 'redis'> = { store: JOBS.store, redis: null };
	#settings: JobsSettings = { jobs: JOBS, policies: [], runs: false };
	#leads: boolean;
	#gone: string[] = [];
	/** Threads in a row that ended before they were up, and what was said of the last. */
	#failed = 0;
	#said = '';
	#ended = false;
	#rested: (() => void) | null = null;
	/** What it said last; null: there is no thread. */
	figures: JobFigures | null = null;

	constructor(
		welcome: { name: string; active: boolean },
		workers: Pick<WorkerGroup, 'thread' | 'view'>,
		log: EventLog,
	) {
		this.#name = welcome.name;
		this.#leads = welcome.active;
		this.#workers = workers;
		this.#log = log;
	}

	/** What the workers need of it; null: no route makes jobs. */
	of(config: Config): JobsPlan | null {
		const folder = storeFolder(config, this.#name);
		if (folder === null || policiesOf(config.services).length === 0) return null;
		const { path, run, store, webhooks, streams, keys } = config.jobs;
		// What was begun with stays until the next start.
		if (this.#thread === null) this.#kept = { store, redis: config.state.redis };
		const own = join(folder, 'jobs');
		const kept = this.#kept.store;
		const bodies = (kept.kind === 'redis' ? kept.folder : null) ?? join(own, BODIES);
		return { path, run, webhooks, folder: own, bodies, streams, keys };
	}

	/** The workers serve by it. */
	adopt({ jobs, services }: Plan): void {
		if (jobs === null && this.#thread === null) return;
		const { path, run, webhooks, keys } = jobs ?? { ...JOBS };
		this.#settings = { jobs: { path, run, webhooks, keys }, policies: policiesOf(services), runs: this.#leads };
		if (jobs !== null) {
			this.#folder = jobs.folder;
			this.#bodies = jobs.bodies;
		}
		if (this.#thread === null) this.#start();
		else this.#say({ type: 'configure', settings: this.#settings });
	}

	/** Whether jobs are carried out by this core. */
	set leads(leads: boolean) {
		this.#leads = leads;
		this.#settings = { ...this.#settings, runs: leads };
		this.#say({ type: 'configure', settings: this.#settings });
	}

	#start(): void {
		const holder = `${process.pid}-${randomBytes(9).toString('base64url')}`;
		const start: JobsStart = {
			folder: this.#folder,
			bodies: this.#bodies,
			...this.#kept,
			holder,
			gone: this.#gone,
			settings: this.#settings,
		};
		this.#gone = [...this.#gone, holder];
		const thread = new Worker(threadFile(), {
			name: 'jobs',
			workerData: start,
			resourceLimits: { maxOldGenerationSizeMb: HEAP_MB, maxYoungGenerationSizeMb: YOUNG_MB },
		});
		this.#thread = thread;
		thread.on('message', (message: FromJobsThread) => this.#receive(message));
		thread.on('error', (error: unknown) =>
			this.#fault(`the jobs thread failed: ${error instanceof Error ? error.message : String(error)}`),
		);
		thread.once('exit', () => this.#exited(thread));
		for (const { id } of this.#workers.view()) this.connect(id);
	}

	/** A folder that cannot be used is told once, not at each try. */
	#fault(text: string): void {
		if (text !== this.#said) this.#event('error', text, 'jobs_unusable');
		this.#said = text;
	}

	#event(level: 'info' | 'warn' | 'error', text: string, kind = ''): void {
		this.#log.add({ level, subject: 'jobs', text, kind });
	}

	/** A worker is there, or another one in its place. */
	connect(worker: number): void {
		const thread = this.#workers.thread(worker);
		if (this.#thread === null || thread === undefined) return;
		const { port1, port2 } = new MessageChannel();
		thread.postMessage({ type: 'jobs', port: port1 }, [port1]);
		this.#thread.postMessage({ type: 'worker', worker, port: port2 } satisfies ToJobsThread, [port2]);
	}

	#say(message: ToJobsThread): void {
		this.#thread?.postMessage(message);
	}

	/** @throws BallastError `jobs_unavailable`, and what the call itself throws */
	ask<N extends JobCall>(name: N, ...args: Parameters<JobCalls[N]>): Promise<ReturnType<JobCalls[N]>> {
		return this.#calls.begin(this.#thread === null ? null : (call) => this.#say(call), name, args);
	}

	#receive(message: FromJobsThread): void {
		switch (message.type) {
			case 'answer':
			case 'failed':
				this.#calls.settle(message);
				break;
			case 'figures':
				this.figures = message;
				break;
			case 'told': {
				const { level, subject, text, kind } = message;
				this.#log.add({ level, subject, text, kind });
				break;
			}
			case 'rested':
				this.#rested?.();
				break;
			case 'up':
				this.#failed = 0;
				this.#said = '';
		}
	}

	#exited(thread: Worker): void {
		if (this.#thread !== thread) return;
		this.#thread = null;
		this.#calls.failAll('jobs_unavailable', 'the jobs thread ended');
		this.#rested?.();
		if (this.#ended) return;
		const delayMs = Math.min(RESTART_MOST_MS, RESTART_MS * 2 ** this.#failed);
		if (this.#failed++ === 0)
			this.#event('error', 'the jobs thread ended and is replaced; what it had under way is taken up again');
		setTimeout(() => {
			if (!this.#ended && this.#thread === null) this.#start();
		}, delayMs).unref();
	}

	/** Begins no attempt any more; resolves when those under way are over, or the time is. */
	async rest(ms: number): Promise<void> {
		if (this.#thread === null) return;
		const rested = new Promise<void>((resolve) => (this.#rested = resolve));
		this.#say({ type: 'rest', ms });
		await rested;
	}

	async end(): Promise<void> {
		this.#ended = true;
		const thread = this.#thread;
		if (thread === null) return;
		const gone = new Promise<void>((resolve) => thread.once('exit', () => resolve()));
		this.#say({ type: 'close' });
		const late = setTimeout(() => void thread.terminate(), 5000);
		await gone;
		clearTimeout(late);
	}
}

type Offloading = Pick<ServicePlan, 'name' | 'offload' | 'routeOffloads' | 'timeouts' | 'routes'>;

const attemptMs = ({ policy, timeouts }: { policy: OffloadPolicy | null; timeouts: { requestMs: number } }): number =>
	policy?.timeLimitMs || timeouts.requestMs;

function policiesOf(services: readonly Offloading[]): JobsSettings['policies'] {
	return services.flatMap(({ name, offload, routeOffloads, timeouts, routes }) => {
		const own = routes.map((route) => ({ ...route, policy: routeOffloads[route.name] ?? null }));
		return [...own, { name: REST, timeouts, policy: offload }].flatMap((route) =>
			route.policy === null
				? []
				: [{ service: name, route: route.name, policy: route.policy, attemptMs: attemptMs(route) }],
		);
	});
}

/** Compiled or not, it lies beside this file. */
function threadFile(): URL {
	return new URL(import.meta.url.endsWith('.ts') ? './jobs-thread.ts' : './jobs-thread.js', import.meta.url);
}
