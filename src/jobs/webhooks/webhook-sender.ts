import type { Job } from '../job.ts';
import type { Notice, NoticeSettled, NoticeStore } from '../notice-store.ts';
import { callWebhook, type WebhookAnswer } from './call-webhook.ts';
import { decideNextTry } from './decide-next-try.ts';
import { parseWebhookSecret, signWebhook } from './sign-webhook.ts';
import { readNotify, webhookId, webhookMessage } from './webhook-message.ts';
import { hostOf, WebhookJudge } from './webhook-rules.ts';
import type { WebhooksConfig } from './webhooks-config.ts';

/** How often is looked for what has become due, ms. */
const LOOK_MS = 500;
/** Calls under way at once, and to one host. */
const CALLS_MOST = 32;
const HOST_CALLS_MOST = 4;
/** Looks in a row that find some. */
const ROUNDS_MOST = 20;
/** Beyond the time limit of a call, ms. */
const LEASE_SPARE_MS = 30_000;
/** Until one whose host has all the calls that it may comes again, ms. */
const CROWDED_MS = 1000;

export interface WebhookSenderParts {
	store: NoticeStore;
	holder: string;
	/** Holders before this one, known to be gone. */
	gone: readonly string[];
	/** Of the API's answer; null: there is none. */
	statusOf(job: Job): number | null;
	/** Nobody will be told of this end. */
	gaveUp(job: Job, why: string): void;
	unusable(why: string): void;
	/** Of the store. */
	nowMs(): number;
	call?: typeof callWebhook;
}

/** Counts since this sender began. */
export interface WebhookCounts {
	sent: number;
	/** Tries that failed. */
	failed: number;
	givenUp: number;
}

/** As it was configured when a call began. */
interface How {
	config: WebhooksConfig;
	secrets: readonly Buffer[];
	judge: WebhookJudge;
	/** Where jobs are asked about. */
	path: string;
}

/** Tells of ends, as long as it takes. What it has in hand when it is killed, another tells. */
export class WebhookSender {
	readonly counts: WebhookCounts = { sent: 0, failed: 0, givenUp: 0 };
	readonly #parts: WebhookSenderParts;
	readonly #call: typeof callWebhook;
	readonly #timer: NodeJS.Timeout;
	readonly #hosts = new Map<string, number>();
	#calls = 0;
	#gone: readonly string[];
	#how: How | null = null;
	#claiming = false;
	#again = false;
	#closed = false;

	constructor(parts: WebhookSenderParts) {
		this.#parts = parts;
		this.#gone = parts.gone;
		this.#call = parts.call ?? callWebhook;
		this.#timer = setInterval(() => this.wake(), LOOK_MS);
	}

	/** `config` null: nothing is sent; what waits goes on waiting. `path`: where jobs are asked about. */
	configure(config: WebhooksConfig | null, path: string): void {
		const secrets = (config?.secrets ?? []).flatMap((text) => parseWebhookSecret(text) ?? []);
		this.#how =
			config === null || secrets.length === 0 ? null : { config, secrets, judge: new WebhookJudge(config.rules), path };
		this.wake();
	}

	/** Something may be due. */
	wake(): void {
		this.#again = true;
		if (!this.#claiming && !this.#closed) void this.#claim();
	}

	async #claim(): Promise<void> {
		this.#claiming = true;
		try {
			// Where many wait for one host, those behind them have their turn, and the store some rest.
			for (let round = 0; round < ROUNDS_MOST && this.#again && !this.#closed && this.#calls < CALLS_MOST; round++) {
				const how = this.#how;
				if (how === null) return;
				this.#again = false;
				const most = CALLS_MOST - this.#calls;
				const { store, holder, nowMs } = this.#parts;
				const leaseMs = how.config.timeLimitMs + LEASE_SPARE_MS;
				const due = await store.dueNotices({ holder, leaseMs, most, nowMs: nowMs(), gone: this.#gone });
				this.#gone = [];
				const crowded = due.filter((notice) => !this.#begin(notice, how));
				if (crowded.length > 0) await store.settleNotices(crowded.map((notice) => this.#later(notice)));
				if (due.length === most) this.#again = true;
			}
		} catch (error) {
			this.#parts.unusable((error as Error).message);
		} finally {
			this.#claiming = false;
		}
	}

	/** False: its host has all the calls that it may. */
	#begin(notice: Notice, how: How): boolean {
		const url = readNotify(notice.job.notify) ?? '';
		const parsed = URL.parse(url);
		const host = parsed === null ? '' : hostOf(parsed);
		const calls = this.#hosts.get(host) ?? 0;
		if (calls >= HOST_CALLS_MOST) return false;
		this.#hosts.set(host, calls + 1);
		this.#calls++;
		void this.#send(notice, url, how).finally(() => {
			const left = (this.#hosts.get(host) ?? 1) - 1;
			if (left === 0) this.#hosts.delete(host);
			else this.#hosts.set(host, left);
			this.#calls--;
			this.wake();
		});
		return true;
	}

	#later({ job, version, attempts }: Notice): NoticeSettled {
		const atMs = this.#parts.nowMs() + CROWDED_MS * (1 + Math.random());
		return { id: job.id, version, holder: this.#parts.holder, next: { atMs: Math.ceil(atMs), attempts } };
	}

	async #send(notice: Notice, url: string, how: How): Promise<void> {
		const { job, attempts } = notice;
		const answer = await this.#try(notice, url, how).catch(
			(): WebhookAnswer => ({ kind: 'failed', why: 'cannot be called' }),
		);
		const tries = attempts + 1;
		const moment = { nowMs: Date.now(), random: Math.random() };
		const next = decideNextTry(answer, { tries, pausesMs: how.config.pausesMs }, moment);
		if (next.kind === 'told') this.counts.sent++;
		else this.counts.failed++;
		const atMs = next.kind === 'again' ? Math.ceil(this.#parts.nowMs() + next.afterMs) : null;
		await this.#settle(notice, atMs === null ? null : { atMs, attempts: tries });
		if (next.kind !== 'given_up') return;
		this.counts.givenUp++;
		this.#parts.gaveUp(job, `${next.why}, try ${tries}`);
	}

	#try(notice: Notice, url: string, { config, secrets, judge, path }: How): Promise<WebhookAnswer> {
		const { job } = notice;
		const body = JSON.stringify(webhookMessage(job, path, this.#parts.statusOf(job)));
		const headers = signWebhook(secrets, webhookId(notice), { body, nowMs: Date.now() });
		return this.#call({ url, headers, body, waitMs: config.timeLimitMs }, judge);
	}

	/** Where that cannot be stored, it is told once more when its lease is over: the receiver knows it by its id. */
	async #settle({ job, version }: Notice, next: NoticeSettled['next']): Promise<void> {
		const { store, holder } = this.#parts;
		try {
			await store.settleNotices([{ id: job.id, version, holder, next }]);
		} catch (error) {
			this.#parts.unusable((error as Error).message);
		}
	}

	close(): void {
		this.#closed = true;
		clearInterval(this.#timer);
	}
}
