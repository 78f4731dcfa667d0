import { formatDuration } from '../../core/units.ts';
import type { AnswerReading, AttemptOutcome } from '../attempt.ts';
import type { Job, JobError, JobProgress, JobResult } from '../job.ts';
import type { ClaimedJob, ReportKind } from '../job-store.ts';
import type { SpendPolicy } from '../spend/spend-policy.ts';
import { cancelUpstream } from './cancel-calls.ts';
import { splitIds } from './external-ids.ts';
import type { CancelPolicy, CodePolicy, ExternalPolicy } from './external-policy.ts';
import { FreshResults } from './fresh-results.ts';
import { HeldJob } from './held-job.ts';
import { PollGroup } from './poll-group.ts';
import { parseJson, readCode, type SeenStatus, submittedId } from './read-status.ts';
import { reconcile } from './reconcile.ts';
import { fetchResult, resultUrls } from './result-call.ts';
import type { SubmittedJobs } from './submitted-jobs.ts';
import { TakenAnswers } from './taken-answers.ts';
import { type HeardWebhook, WebhookMemory } from './webhook-memory.ts';

/** Questions in a row in which an upstream does not know a job before a person is asked. */
const UNKNOWN_MOST = 5;
/** Webhooks came lately: within this, ms. */
const HEARD_MS = 600_000;
/** An upstream that gives no result is asked again after this, and after twice that …, ms. */
const PAUSE_MS = 1000;
const LONGEST_PAUSE_MS = 60_000;

export interface JobUpstream {
	external: ExternalPolicy | null;
	codes: CodePolicy | null;
	/** null: nothing is counted. */
	spend: Pick<SpendPolicy, 'failures'> | null;
}

export interface ExternalParts {
	/** By the job's route as it is now. */
	upstreamOf(job: Job): JobUpstream;
	/** A call of this path at the job's upstream, in its place there; GET unless it is said. */
	ask(job: Job, target: string, method?: CancelPolicy['method']): Promise<AttemptOutcome>;
	/** The body of an answer, which is gone then; null: there is none, or too much of it. */
	text(outcome: AttemptOutcome): Promise<string | null>;
	/** What becomes of a job; its attempt's token still counts. */
	conclude(token: string, next: 'again' | ReportKind): void;
	/** Its result is there, and will be stored. */
	finished?(job: Job): void;
	/** It has ended here, and its upstream goes on with it: why, for people. */
	uncancelled?(job: Job, why: string): void;
	/** The job has failed though its upstream still has it, and holds its slot. */
	fail(job: ClaimedJob, error: JobError): Promise<unknown>;
	progressed(token: string, progress: JobProgress): void;
	nowMs(): number;
}

/** What happened since the start. */
export interface ExternalCounts {
	/** Questions about states, and for results. */
	polls: number;
	results: number;
	/** Ends that a webhook told, and that asking did. */
	heard: number;
	found: number;
}

/** Waits for the ends of jobs that upstreams have: by webhooks, and by asking for all of a place at once. */
export class ExternalJobs implements SubmittedJobs {
	readonly counts: ExternalCounts = { polls: 0, results: 0, heard: 0, found: 0 };
	readonly #parts: ExternalParts;
	readonly #held = new Map<string, HeldJob>();
	/** By what the upstream calls it, and by our own id. */
	readonly #names = new Map<string, HeldJob>();
	readonly #groups = new Map<string, PollGroup>();
	readonly #memory = new WebhookMemory();
	readonly #fresh = new FreshResults();
	readonly #taken = new TakenAnswers();
	/** When the last webhook came that was right, by its path. */
	readonly #heardMs = new Map<string, number>();
	readonly #timers = new Set<NodeJS.Timeout>();
	#closed = false;

	constructor(parts: ExternalParts) {
		this.#parts = parts;
	}

	keeps(job: ClaimedJob): boolean {
		return this.#parts.upstreamOf(job).external !== null;
	}

	read(job: ClaimedJob, outcome: AttemptOutcome): AnswerReading | null {
		const { external, codes } = this.#parts.upstreamOf(job);
		if (outcome.kind !== 'answered' || (external === null && codes === null)) return null;
		const { body, status } = outcome;
		const answer = body !== null && 'inline' in body ? parseJson(body.inline) : undefined;
		const nothing = { externalId: null, nameless: false, code: null, message: null, retried: null };
		if (status >= 400) return codes === null ? nothing : { ...nothing, ...readCode(answer, codes) };
		if (external === null) return nothing;
		const externalId = submittedId(answer, external);
		if (externalId !== null) {
			this.#taken.keep(job.id, outcome);
			return { ...nothing, externalId };
		}
		const message = `the answer has no id at ${external.id}, so that nothing can be asked about it`;
		return { ...nothing, nameless: true, code: 'external_id_missing', message };
	}

	took(job: ClaimedJob): void {
		const { external } = this.#parts.upstreamOf(job);
		if (external === null) {
			// Its route makes no such jobs any more: nobody knows how to ask for this one.
			this.#park(job, 'external_unknown', 'the configuration does not say any more how its upstream is asked');
			return;
		}
		this.left(job.token);
		const held = new HeldJob(job, external, this.#parts.nowMs());
		this.#held.set(job.token, held);
		for (const name of [job.id, ...held.ids]) this.#names.set(name, held);
		this.#groupOf(held).add(held);
		for (const name of [job.id, ...held.ids]) this.#early(held, name);
	}

	#early(held: HeldJob, name: string): void {
		const webhook = this.#memory.take(name);
		if (webhook !== null) this.#tell(held, webhook);
	}

	left(token: string): void {
		const held = this.#held.get(token);
		if (held === undefined) return;
		this.#held.delete(token);
		for (const name of [held.job.id, ...held.ids]) if (this.#names.get(name) === held) this.#names.delete(name);
		this.#groupOf(held).remove(token);
		const key = groupKey(held);
		if (this.#groups.get(key)?.size === 0) this.#groups.delete(key);
	}

	#groupOf(held: HeldJob): PollGroup {
		const key = groupKey(held);
		let group = this.#groups.get(key);
		if (group !== undefined) return group;
		group = new PollGroup(held.policy, {
			ask: ({ job }, target) => {
				this.counts.polls++;
				return this.#parts.ask(job, target);
			},
			text: (outcome) => this.#parts.text(outcome),
			seen: (one, status) => this.#seen(one, status),
			heard: () => this.#hears(held.policy),
			nowMs: () => this.#parts.nowMs(),
		});
		this.#groups.set(key, group);
		return group;
	}

	#hears({ webhook }: ExternalPolicy): boolean {
		const heardMs = webhook === null ? undefined : this.#heardMs.get(webhook.path);
		return heardMs !== undefined && this.#parts.nowMs() - heardMs < HEARD_MS;
	}

	#seen(held: HeldJob, status: SeenStatus | undefined): void {
		if (held.finishing) return;
		if (status === undefined || status.state === 'unknown') {
			if (++held.unknown < UNKNOWN_MOST) return;
			this.#park(held.job, 'external_unknown', 'the upstream does not know it any more');
			return;
		}
		held.unknown = 0;
		if (status.state === 'going') {
			this.#progress(held, status);
			this.#judgeAge(held);
		} else {
			this.counts.found++;
			this.#end(held, status);
		}
	}

	/** One that is stuck would go on for ever. */
	#judgeAge(held: HeldJob): void {
		const { limitMs } = held.policy;
		if (limitMs === 0 || held.overdue || this.#parts.nowMs() - held.sinceMs <= limitMs) return;
		held.overdue = true;
		const message = `the upstream has not ended it within ${formatDuration(limitMs)}`;
		// Where that cannot be stored now, the next answer says it again.
		this.#parts.fail(held.job, { code: 'external_timeout', message, status: null }).catch(() => {
			held.overdue = false;
		});
	}

	unwanted(token: string): void {
		const held = this.#held.get(token);
		const cancel = held?.policy.cancel ?? null;
		if (held === undefined || cancel === null || held.unwanted) return;
		held.unwanted = true;
		const gone = (): void => this.#parts.conclude(token, { kind: 'cancelled' });
		if (held.finishing) {
			gone();
			return;
		}
		const pause = (ms: number): Promise<void> => new Promise((resolve) => this.#later(ms, resolve));
		const { ask, text } = this.#parts;
		void cancelUpstream(held.job, cancel, { ask, text, pause }).then((verdict) => {
			if (this.#closed || !this.#held.has(token)) return;
			if (verdict === 'gone') gone();
			else this.#parts.uncancelled?.(held.job, verdict);
		});
	}

	#progress(held: HeldJob, { percent, word }: SeenStatus): void {
		if (percent === null || percent === held.percent) return;
		held.percent = percent;
		this.#parts.progressed(held.job.token, { percent, text: word });
	}

	#end(held: HeldJob, status: SeenStatus): void {
		held.finishing = true;
		if (status.state === 'failed')
			this.#parts.conclude(held.job.token, { ...failedBy(status), free: this.#isFree(held.job) });
		else if (held.policy.result === null) {
			const inline = Buffer.from(JSON.stringify(status.item));
			this.#parts.conclude(held.job.token, { kind: 'succeeded', result: { head: JSON_HEAD, body: { inline } } });
		} else void this.#finish(held, 0);
	}

	#isFree(job: Job): boolean {
		return this.#parts.upstreamOf(job).spend?.failures === 'free';
	}

	/** Until the upstream gives the result; its slot is free there, and here once this is over. `sinceMs`: when its end was known. */
	async #finish(held: HeldJob, tries: number, sinceMs: number = this.#parts.nowMs()): Promise<void> {
		const { job, policy } = held;
		const result = await this.#result(job, policy, tries);
		if (this.#closed || !this.#held.has(job.token)) return;
		if (typeof result === 'object') {
			this.#parts.finished?.(job);
			this.#parts.conclude(job.token, { kind: 'succeeded', result });
		} else if (policy.limitMs > 0 && this.#parts.nowMs() - sinceMs > policy.limitMs) {
			const message = `the upstream has not given its result within ${formatDuration(policy.limitMs)}`;
			const error = { code: 'external_timeout', message, status: null };
			this.#parts.conclude(job.token, { kind: 'failed', error, result: null });
		} else this.#later(result, () => void this.#finish(held, tries + 1, sinceMs));
	}

	async #result(job: Job, policy: ExternalPolicy, tries: number): Promise<JobResult | number> {
		this.counts.results++;
		const found = await fetchResult(job, policy, { ask: this.#parts.ask, text: this.#parts.text, tries });
		if (found.kind === 'there') return found.result;
		const pauseMs = Math.min(LONGEST_PAUSE_MS, PAUSE_MS * 2 ** Math.min(tries, 10));
		return found.kind === 'unready' ? (policy.result?.waitMs ?? pauseMs) : pauseMs;
	}

	#later(ms: number, work: () => void): void {
		const timer = setTimeout(() => {
			this.#timers.delete(timer);
			if (!this.#closed) work();
		}, ms);
		this.#timers.add(timer);
	}

	/** The result as it is now; null: the one that is stored is as good, or there is no other. */
	async fresh(job: Job): Promise<JobResult | null> {
		const { external } = this.#parts.upstreamOf(job);
		const { freshMs = 0 } = external?.result ?? {};
		if (external === null || freshMs === 0 || job.externalId === null || job.state !== 'succeeded') return null;
		const nowMs = this.#parts.nowMs();
		if (nowMs - (job.endedMs ?? 0) < freshMs) return null;
		return this.#fresh.of(job.id, () => this.#now(job, external), { nowMs, forMs: freshMs });
	}

	/** URLs of its files as its upstream gives them now; null: it gives none. */
	async urls(job: Job): Promise<string[] | null> {
		const { external } = this.#parts.upstreamOf(job);
		const result = external === null ? null : await this.#now(job, external);
		return external === null || result === null ? null : resultUrls(result, external, splitIds(job.externalId).length);
	}

	async #now(job: Job, external: ExternalPolicy): Promise<JobResult | null> {
		this.counts.results++;
		const found = await fetchResult(job, external, { ask: this.#parts.ask, text: this.#parts.text, tries: 0 });
		return found.kind === 'there' ? found.result : null;
	}

	/** What its upstream said when it took the job; null: it has not. */
	taken(job: Job): JobResult | null {
		const { external } = this.#parts.upstreamOf(job);
		return external === null ? null : this.#taken.of(job, external.id);
	}

	/** What a webhook says that is from who it says; `signed` false: it may be from anyone, and only tells that it is time to ask. */
	heard(path: string, webhook: HeardWebhook): void {
		if (webhook.eventId !== null && !this.#memory.isNew(`${path} ${webhook.eventId}`)) return;
		if (webhook.signed) this.#heardMs.set(path, this.#parts.nowMs());
		const names = [webhook.id, webhook.jobId].filter((name) => name !== null);
		const held = names.map((name) => this.#names.get(name)).find((one) => one !== undefined);
		if (held !== undefined) this.#tell(held, webhook);
		else if (webhook.signed) for (const name of names) this.#memory.keep(name, webhook);
	}

	#tell(held: HeldJob, { signed, done }: HeardWebhook): void {
		if (held.finishing) return;
		// Of several ids one has ended, of a failure more is asked than it tells.
		if (signed && done && held.ids.length === 1 && held.policy.result !== null) {
			this.counts.heard++;
			held.finishing = true;
			void this.#finish(held, 0);
			return;
		}
		held.wantedMs ??= this.#parts.nowMs();
		this.#groupOf(held).look();
	}

	reconcile(job: ClaimedJob): void {
		const { external } = this.#parts.upstreamOf(job);
		const asked = reconcile(job, external?.reconcile ?? null, { ask: this.#parts.ask, text: this.#parts.text });
		void asked.then((found) => {
			if (this.#closed) return;
			if (found.kind === 'asked_in_vain') this.#later(LONGEST_PAUSE_MS / 4, () => this.reconcile(job));
			else if (found.kind === 'there') {
				job.externalId = found.externalId;
				this.#parts.conclude(job.token, { kind: 'submitted', leaseMs: 15_000, externalId: found.externalId });
			} else if (found.kind === 'never') this.#parts.conclude(job.token, 'again');
			else
				this.#park(
					job,
					'attempt_lost',
					'whether the upstream has it cannot be told, and a repeat might be carried out twice',
				);
		});
	}

	#park({ token }: ClaimedJob, code: string, message: string): void {
		this.#parts.conclude(token, { kind: 'parked', error: { code, message, status: null } });
	}

	/** Jobs that upstreams have. */
	get size(): number {
		return this.#held.size;
	}

	close(): void {
		this.#closed = true;
		for (const group of this.#groups.values()) group.close();
		for (const timer of this.#timers) clearTimeout(timer);
	}
}

const JSON_HEAD = Buffer.from('HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n', 'latin1');

const groupKey = ({ job, policy }: HeldJob): string =>
	JSON.stringify([job.queue, job.lane, policy.status, policy.poll, policy.webhook?.path]);

const failedBy = (status: SeenStatus): ReportKind & { kind: 'failed' } => ({
	...{ kind: 'failed', result: null },
	error: errorOf(status),
});

const errorOf = ({ code, message, word }: SeenStatus): JobError => ({
	code: code ?? 'external_failed',
	message: message ?? `the upstream says ${JSON.stringify(word.slice(0, 50))}`,
	status: null,
});
