import { randomBytes } from 'node:crypto';
import { BallastError } from '../../core/errors.ts';
import type { Job, JobBody, JobError, JobResult, NewJob } from '../job.ts';
import type { AddOutcome, Claim, ClaimedJob, JobChange, JobPage, JobQuery, QueueView, Report } from '../job-store.ts';
import type { Notice, NoticeClaim, NoticeSettled } from '../notice-store.ts';
import type { GoneReceiver } from '../receiver-store.ts';
import type { OwnerStore, TellingStore } from '../telling-store.ts';
import { bodyOf, isSealed, isSealedNow, missingKey, resultOf, seal, unseal } from './seal.ts';
import type { StoreKey } from './store-keys.ts';

const SECRET_BYTES = 32;
/** Others may change it at the same time, each once a start. */
const SECRET_TRIES = 10;
/** What no key opens is looked at again, ms. */
const LOCKED_MS = 600_000;
const NOTHING = new Uint8Array();

/**
 * Jobs whose request, notify, result and bodies that lie with them are sealed where they are stored, once there is a
 * key; bodies in files `BodyFolder` seals. What was stored before stays as it is, and can be read. A job that no key opens is
 * parked when its turn comes.
 */
export class SealedJobs implements TellingStore {
	/** Told of a job that is parked since no key opens it. */
	parked: (job: ClaimedJob, error: JobError) => void = () => {};
	#keys: readonly StoreKey[] = [];
	#resealed = false;
	readonly #store: TellingStore & OwnerStore;

	constructor(store: TellingStore & OwnerStore) {
		this.#store = store;
	}

	/** The first seals, each opens. */
	set keys(keys: readonly StoreKey[]) {
		this.#keys = keys;
		this.#resealed = false;
	}

	/** The store's own secret is sealed by the first key from now on: the one of before may go. */
	async reseal(): Promise<void> {
		if (this.#resealed) return;
		const keys = this.#keys;
		await this.secret();
		this.#resealed = keys === this.#keys;
	}

	async add(jobs: readonly NewJob[]): Promise<AddOutcome[]> {
		const [key] = this.#keys;
		const outcomes = await this.#store.add(key === undefined ? jobs : jobs.map((job) => sealedJob(key, job)));
		return outcomes.map((outcome, at) => {
			// What was just handed in is known.
			if (outcome.kind === 'added') return key === undefined ? outcome : asHandedIn(outcome, jobs[at] as NewJob);
			if (outcome.kind !== 'same' || outcome.job === null) return outcome;
			return { ...outcome, job: this.#shown(outcome.job) };
		});
	}

	async claim(claim: Claim): Promise<ClaimedJob[]> {
		const opened: ClaimedJob[] = [];
		const locked: ClaimedJob[] = [];
		for (const job of await this.#store.claim(claim)) {
			const found = this.#opened(job);
			if (found !== null) opened.push(found);
			else locked.push(job);
		}
		// Where that cannot be stored now the others go on all the same; it is claimed again once its lease is over.
		if (locked.length > 0) await this.#park(locked, claim.nowMs).catch(() => {});
		return opened;
	}

	async #park(jobs: readonly ClaimedJob[], nowMs: number): Promise<void> {
		const errors = jobs.map((job) => this.#locked(job));
		const reports = jobs.map(({ id, token }, at): Report => {
			return { id, token, nowMs, kind: 'parked', error: errors[at] as JobError };
		});
		const taken = await this.#store.report(reports);
		for (const [at, job] of jobs.entries()) if (taken[at] === true) this.parked(job, errors[at] as JobError);
	}

	report(reports: readonly Report[]): Promise<boolean[]> {
		const [key] = this.#keys;
		if (key === undefined) return this.#store.report(reports);
		const sealed = (id: string, { head, body }: JobResult): JobResult => ({
			head: seal(key, head, headOf(id)),
			body: sealedBody(key, body, resultOf(id)),
		});
		return this.#store.report(
			reports.map((one) =>
				'result' in one && one.result !== null ? ({ ...one, result: sealed(one.id, one.result) } as Report) : one,
			),
		);
	}

	async get(id: string): Promise<Job | null> {
		const job = await this.#store.get(id);
		const opened = job === null ? null : this.#opened(job);
		if (job !== null && opened === null)
			throw new BallastError('key_missing', `job ${id}: ${this.#locked(job).message}`);
		return opened;
	}

	/** How it gets on; what it keeps is left out where no key opens it. */
	async look(id: string): Promise<Job | null> {
		const job = await this.#store.get(id);
		return job === null ? null : this.#shown(job);
	}

	/** As `look`, for people: the error of one that no key opens says which it needs. */
	async show(id: string): Promise<Job | null> {
		const job = await this.#store.get(id);
		if (job === null) return null;
		return { ...this.#shown(job), error: job.error ?? (this.#opened(job) === null ? this.#locked(job) : null) };
	}

	/** Whoever adds the key may drive it again. */
	#locked({ request, notify, result }: Job): JobError {
		const parts = [request, notify, result?.head ?? null].filter((part) => part !== null);
		const missing = parts.map((part) => missingKey(this.#keys, part)).find((id) => id !== null);
		const message =
			missing === undefined
				? 'what it keeps does not open by the key that encrypted it: it was changed where it is stored'
				: `what it keeps is ${this.#without(missing)}`;
		return { code: 'key_missing', message, status: null };
	}

	#without(id: string): string {
		const known = this.#keys.map((key) => key.id.toString('hex')).join(', ');
		return `encrypted by the key ${id}, and \`jobs.encryption\` names ${known === '' ? 'no key' : `only ${known}`}: name that one, too, behind the newest`;
	}

	async list(query: JobQuery): Promise<JobPage> {
		const page = await this.#store.list(query);
		return { ...page, jobs: page.jobs.map((job) => this.#shown(job)) };
	}

	async change(id: string, change: JobChange): Promise<{ job: Job; changed: boolean } | null> {
		const changed = await this.#store.change(id, change);
		return changed === null ? null : { ...changed, job: this.#shown(changed.job) };
	}

	async dueNotices(claim: NoticeClaim): Promise<Notice[]> {
		const open: Notice[] = [];
		const later: NoticeSettled[] = [];
		for (const notice of await this.#store.dueNotices(claim)) {
			const job = this.#opened(notice.job);
			if (job !== null) open.push({ ...notice, job });
			// Who is told of it is not known before its key is back.
			else {
				const next = { atMs: claim.nowMs + LOCKED_MS, attempts: notice.attempts };
				later.push({ id: notice.job.id, version: notice.version, holder: claim.holder, next });
			}
		}
		if (later.length > 0) await this.#store.settleNotices(later);
		return open;
	}

	ownerOf(id: string): Promise<string | null> {
		return this.#store.ownerOf(id);
	}

	/** A secret of the store's own, the same for all who share it; made the first time, and sealed like the jobs. */
	async secret(): Promise<Uint8Array> {
		for (let tries = 0; tries < SECRET_TRIES; tries++) {
			const stored = await this.#store.secret();
			const plain = stored === null ? new Uint8Array(randomBytes(SECRET_BYTES)) : unseal(this.#keys, stored, 'secret');
			if (plain === null) {
				const id = missingKey(this.#keys, stored as Uint8Array);
				const why = id === null ? 'was changed where it is stored' : `is ${this.#without(id)}`;
				throw new BallastError('jobs_unavailable', `the secret of the store ${why}`);
			}
			if (stored !== null && isSealedNow(this.#keys, stored)) return plain;
			const [key] = this.#keys;
			const next = key === undefined ? plain : seal(key, plain, 'secret');
			if (await this.#store.setSecret(next, stored)) return plain;
		}
		throw new BallastError('jobs_unavailable', 'the secret of the store cannot be made');
	}

	queue(name: string, change?: { paused: boolean }): Promise<QueueView> {
		return this.#store.queue(name, change);
	}

	sweep(nowMs: number, present?: readonly string[]): Promise<{ files: string[] }> {
		return this.#store.sweep(nowMs, present);
	}

	settleNotices(settled: readonly NoticeSettled[]): Promise<void> {
		return this.#store.settleNotices(settled);
	}

	noticesWaiting(): Promise<number> {
		return this.#store.noticesWaiting();
	}

	areGone(keys: readonly string[]): Promise<ReadonlySet<string>> {
		return this.#store.areGone(keys);
	}

	addGone(receiver: GoneReceiver): Promise<void> {
		return this.#store.addGone(receiver);
	}

	gone(most: number): Promise<GoneReceiver[]> {
		return this.#store.gone(most);
	}

	removeGone(keys: readonly string[]): Promise<number> {
		return this.#store.removeGone(keys);
	}

	close(): Promise<void> {
		return this.#store.close();
	}

	/** null: no key opens it. */
	#opened<J extends Job>(job: J): J | null {
		if (!hasSeal(job)) return job;
		const { id, result } = job;
		const request = unseal(this.#keys, job.request, requestOf(id));
		const notify = job.notify === null ? null : unseal(this.#keys, job.notify, notifyOf(id));
		const body = openedBody(this.#keys, job.body, { about: bodyOf(id), beside: job.request });
		const head = result === null ? NOTHING : unseal(this.#keys, result.head, headOf(id));
		const answer =
			result === null ? null : openedBody(this.#keys, result.body, { about: resultOf(id), beside: result.head });
		if (request === null || head === null || body === undefined || answer === undefined) return null;
		if (notify === null && job.notify !== null) return null;
		return { ...job, request, body, notify, result: result === null ? null : { head, body: answer } };
	}

	/** As a body of this name (`bodyOf`, `resultOf`) lies in the store. */
	sealed(bytes: Uint8Array, about: string): Uint8Array {
		const [key] = this.#keys;
		return key === undefined ? bytes : seal(key, bytes, about);
	}

	/** For who only wants to know how it gets on: what no key opens is left out. */
	#shown<J extends Job>(job: J): J {
		const { result } = job;
		const without = {
			request: NOTHING,
			body: null,
			notify: null,
			result: result === null ? null : { head: NOTHING, body: null },
		};
		return this.#opened(job) ?? { ...job, ...without };
	}
}

function sealedJob(key: StoreKey, job: NewJob): NewJob {
	const notify = job.notify === null ? null : seal(key, job.notify, notifyOf(job.id));
	const body = sealedBody(key, job.body, bodyOf(job.id));
	return { ...job, request: seal(key, job.request, requestOf(job.id)), body, notify };
}

const asHandedIn = (added: AddOutcome & { kind: 'added' }, { request, body, notify }: NewJob): AddOutcome => ({
	...added,
	job: { ...added.job, request, body, notify },
});

/** Whether any of what it keeps is sealed. */
function hasSeal({ request, body, notify, result }: Job): boolean {
	if (isSealed(request) || isSealedBody(body) || (notify !== null && isSealed(notify))) return true;
	return result !== null && (isSealed(result.head) || isSealedBody(result.body));
}

const isSealedBody = (body: JobBody | null): boolean => body !== null && 'inline' in body && isSealed(body.inline);

const sealedBody = (key: StoreKey, body: JobBody | null, about: string): JobBody | null =>
	body !== null && 'inline' in body ? { inline: seal(key, body.inline, about) } : body;

/**
 * undefined: no key opens it. `beside`: what was stored together with it. Where that lies in the clear so does the body,
 * and one that looks sealed and does not open is what a client or an upstream sent.
 */
function openedBody(
	keys: readonly StoreKey[],
	body: JobBody | null,
	{ about, beside }: { about: string; beside: Uint8Array },
): JobBody | null | undefined {
	if (body === null || !('inline' in body)) return body;
	const inline = unseal(keys, body.inline, about);
	if (inline === null) return isSealed(beside) ? undefined : body;
	return { inline };
}

const requestOf = (id: string): string => `request ${id}`;
const notifyOf = (id: string): string => `notify ${id}`;
const headOf = (id: string): string => `result ${id}`;
