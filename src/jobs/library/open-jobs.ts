/** `openJobs`: durable jobs of an application's own code, in a file that its processes share. */
import { createHash } from 'node:crypto';
import { BallastError } from '../../core/errors.ts';
import { openEmbeddedJobStore } from '../embedded/embedded-job-store.ts';
import { ENDED, type Job, type JobState } from '../job.ts';
import { newJobId } from '../job-id.ts';
import type { JobChanged } from '../job-store.ts';
import type { TellingStore } from '../telling-store.ts';
import { secretsOfHost } from '../webhooks/receiver-secrets.ts';
import { turnOfHost } from '../webhooks/turn-of-host.ts';
import { writeNotify } from '../webhooks/webhook-message.ts';
import { hostOf, REFUSALS } from '../webhooks/webhook-rules.ts';
import { WebhookSender } from '../webhooks/webhook-sender.ts';
import {
	checkEnqueue,
	checkJobsOptions,
	checkWorker,
	type EnqueueOptions,
	type JobsOptions,
	type JobsSettings,
	queueName,
	type WorkerOptions,
} from './job-options.ts';
import { readValue, writeValue } from './job-value.ts';
import { type Handler, holderName, JobWorker } from './job-worker.ts';
import { steadyNow } from './steady-clock.ts';
import type { WebhookOptionsChecked } from './webhook-options.ts';

/** A job as it stands. */
export interface JobView {
	id: string;
	queue: string;
	state: JobState;
	payload: unknown;
	/** What the handler gave; undefined until then. */
	result: unknown;
	/** Why the last attempt failed; null: none has. */
	error: string | null;
	progress: { percent: number | null; text: string } | null;
	/** Attempts that began. */
	attempts: number;
}

export interface Jobs {
	/**
	 * Hands in a job; it is on disk when the promise is kept. `isNew` false: `key` was used for the same payload, and
	 * that job stands for both. Throws `idempotency_key_reused` where the key was used for another payload,
	 * `jobs_unavailable` where nothing could be stored, `webhook_refused` for a URL that is not called, TypeError for what
	 * JSON cannot hold.
	 */
	enqueue(queue: string, payload: unknown, options?: EnqueueOptions): Promise<{ id: string; isNew: boolean }>;
	/** Works on the jobs of a queue, until it is closed. At least once: see `lost`, and use `job.id` where that matters. */
	worker<T>(queue: string, handle: Handler<T>, options?: WorkerOptions): { close(): Promise<void> };
	/** null: it is not kept, or never was. */
	get(id: string): Promise<JobView | null>;
	/** As it stands at its end, or after so many ms when that is sooner. */
	ended(id: string, mostMs: number): Promise<JobView | null>;
	/** False: it has ended already, or there is no such job. */
	cancel(id: string): Promise<boolean>;
	/** A failed, expired or parked one goes on with all its attempts; false: it is none of these. */
	redrive(id: string): Promise<boolean>;
	/** How many jobs of a queue are in which state. */
	counts(queue: string): Promise<Record<JobState, number>>;
	/** Closes its workers too, which end what they have begun. */
	close(): Promise<void>;
}

/** How often what time alone does is done, ms. */
const SWEEP_EVERY_MS = 10_000;

/** Throws a TypeError for an option that is not accepted, `store_unusable` where the file cannot be used. */
export function openJobs(options: JobsOptions): Jobs {
	return new FileJobs(checkJobsOptions(options));
}

class FileJobs implements Jobs {
	readonly #settings: JobsSettings;
	readonly #store: TellingStore;
	readonly #webhooks: WebhookOptionsChecked | null;
	readonly #sender: WebhookSender | null;
	readonly #sweeping: NodeJS.Timeout;
	readonly #workers = new Set<JobWorker<unknown>>();
	readonly #watchers = new Set<JobChanged>();

	constructor(settings: JobsSettings) {
		this.#settings = settings;
		this.#webhooks = settings.webhooks;
		this.#store = openEmbeddedJobStore({
			path: settings.file,
			quarantined: settings.onQuarantined,
			changed: (change) => {
				for (const watcher of this.#watchers) watcher(change);
				if (ENDED.has(change.state)) this.#sender?.wake();
			},
		});
		this.#sender = this.#webhooks === null ? null : this.#telling(this.#webhooks);
		// A sweep that fails is made up for by the next one; what cannot be stored is said by the calls.
		this.#sweeping = setInterval(() => void this.#store.sweep(steadyNow()).catch(() => {}), SWEEP_EVERY_MS).unref();
	}

	/** Tells of ends, of all processes with the file. */
	#telling({ config, onGivenUp }: WebhookOptionsChecked): WebhookSender {
		const sender = new WebhookSender({
			store: this.#store,
			holder: holderName(),
			gone: [],
			statusOf: () => null,
			secretsOf: () => [],
			gaveUp: ({ id }, why) => onGivenUp({ id, why }),
			receiverGone: () => {},
			// What waits goes on waiting; that nothing can be stored is said by the calls.
			unusable: () => {},
			nowMs: steadyNow,
		});
		sender.configure(config, null);
		return sender;
	}

	#told(webhook: string): URL {
		if (this.#webhooks === null) throw new TypeError('webhook: expected `webhooks` of `openJobs` too: they are signed');
		const { config, judge } = this.#webhooks;
		const url = judge.url(webhook);
		const refused = url instanceof URL ? (secretsOfHost(config, hostOf(url)).length > 0 ? null : 'no_secret') : url;
		if (refused !== null || !(url instanceof URL))
			throw new BallastError('webhook_refused', `webhook: ${REFUSALS[refused ?? 'not_a_url']}`);
		return url;
	}

	async enqueue(
		queue: string,
		payload: unknown,
		options: EnqueueOptions = {},
	): Promise<{ id: string; isNew: boolean }> {
		const { delayMs, priority, group, attempts, deadlineMs, key, keyForMs, webhook } = checkEnqueue(options);
		const told = webhook === null ? null : this.#told(webhook);
		const name = queueName(queue);
		const createdMs = steadyNow();
		const request = writeValue('payload', payload);
		const fingerprint = createHash('sha256').update(request).digest('base64url');
		const id = newJobId(createdMs);
		const [outcome] = await this.#store.add([
			{
				id,
				queue: name,
				group,
				owner: '',
				priority,
				createdMs,
				runAtMs: createdMs + delayMs,
				deadlineMs: deadlineMs === null ? null : createdMs + deadlineMs,
				keepMs: this.#settings.keepMs,
				attemptsMost: attempts,
				request,
				body: null,
				upstreamKey: '',
				notify: told === null ? null : writeNotify({ url: told.href, asked: true }),
				notifyLane: told === null ? '' : turnOfHost(hostOf(told)),
				idempotency:
					key === null ? null : { key: JSON.stringify([name, key]), fingerprint, untilMs: createdMs + keyForMs },
			},
		]);
		if (outcome?.kind === 'mismatch') {
			throw new BallastError('idempotency_key_reused', `key ${key}: it was used for another payload`);
		}
		return outcome?.kind === 'same' ? { id: outcome.id, isNew: false } : { id, isNew: true };
	}

	worker<T>(queue: string, handle: Handler<T>, options: WorkerOptions = {}): { close(): Promise<void> } {
		const worker = new JobWorker<T>(this.#store, { queue: queueName(queue), handle, settings: checkWorker(options) });
		this.#workers.add(worker as JobWorker<unknown>);
		this.#watchers.add(worker.changed);
		return {
			close: async () => {
				await worker.close();
				this.#workers.delete(worker as JobWorker<unknown>);
				this.#watchers.delete(worker.changed);
			},
		};
	}

	async get(id: string): Promise<JobView | null> {
		const job = await this.#store.get(id);
		return job === null ? null : viewOf(job);
	}

	async ended(id: string, mostMs: number): Promise<JobView | null> {
		const { promise, resolve } = Promise.withResolvers<void>();
		const watcher: JobChanged = (change) => {
			if (change.id === id && ENDED.has(change.state)) resolve();
		};
		this.#watchers.add(watcher);
		const timer = setTimeout(resolve, mostMs);
		try {
			const job = await this.get(id);
			if (job === null || ENDED.has(job.state)) return job;
			await promise;
			return await this.get(id);
		} finally {
			clearTimeout(timer);
			this.#watchers.delete(watcher);
		}
	}

	async cancel(id: string): Promise<boolean> {
		return (await this.#store.change(id, { kind: 'cancel', nowMs: steadyNow() }))?.changed === true;
	}

	async redrive(id: string): Promise<boolean> {
		return (await this.#store.change(id, { kind: 'redrive', nowMs: steadyNow() }))?.changed === true;
	}

	async counts(queue: string): Promise<Record<JobState, number>> {
		return (await this.#store.queue(queueName(queue))).counts;
	}

	async close(): Promise<void> {
		clearInterval(this.#sweeping);
		await Promise.all([...this.#workers].map((worker) => worker.close()));
		await this.#sender?.close();
		await this.#store.close();
	}
}

function viewOf(job: Job): JobView {
	const { id, queue, state, progress, attempts } = job;
	const result = job.result === null ? undefined : readValue(job.result.head);
	return {
		id,
		queue,
		state,
		payload: readValue(job.request),
		result,
		error: job.error?.message ?? null,
		progress,
		attempts,
	};
}
