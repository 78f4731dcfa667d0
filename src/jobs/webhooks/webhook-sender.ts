import type { Job } from '../job.ts';
import type { Notice, NoticeSettled, NoticeStore } from '../notice-store.ts';
import type { ReceiverStore } from '../receiver-store.ts';
import { callWebhook, type WebhookAnswer } from './call-webhook.ts';
import { decideNextTry } from './decide-next-try.ts';
import { secretsOfHost, signingKeys } from './receiver-secrets.ts';
import { signWebhook } from './sign-webhook.ts';
import { turnOfHost } from './turn-of-host.ts';
import { readNotify, receiverKey, type Told, webhookId, webhookMessage } from './webhook-message.ts';
import { hostOf, WebhookJudge } from './webhook-rules.ts';
import type { WebhooksConfig } from './webhooks-config.ts';

/** How often is looked for what has become due, ms. */
const LOOK_MS = 500;
/** Looks in a row that find some. */
const ROUNDS_MOST = 20;
/** Beyond the time limit of a call, ms. */
const LEASE_SPARE_MS = 30_000;
/** Until one whose host has all the calls that it may comes again, ms. */
const CROWDED_MS = 1000;

export interface WebhookSenderParts {
	store: NoticeStore & ReceiverStore;
	holder: string;
	/** Holders before this one, known to be gone. */
	gone: readonly string[];
	/** Of the API's answer; null: there is none. */
	statusOf(job: Job): number | null;
	/** What the receiver at this URL knows, where it is the one that the job's route names now, `whsec_…`; empty: what its host does. */
	secretsOf(job: Job, url: string): readonly string[];
	/** Nobody will be told of this end. */
	gaveUp(job: Job, why: string): void;
	/** Its receiver is called no more, until somebody takes that back. */
	receiverGone(job: Job, host: string): void;
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
	judge: WebhookJudge;
	/** Where jobs are asked about; null: nowhere. */
	path: string | null;
}

/** One that is due, and who is to be told. */
interface Due {
	notice: Notice;
	told: Told;
	/** '': it is no URL. */
	host: string;
	/** Among which hosts it is counted. */
	turn: string;
	/** Of its receiver. */
	key: string;
}

/** Tells of ends, as long as it takes. What it has in hand when it is killed, another tells. */
export class WebhookSender {
	readonly counts: WebhookCounts = { sent: 0, failed: 0, givenUp: 0 };
	readonly #parts: WebhookSenderParts;
	readonly #call: typeof callWebhook;
	readonly #timer: NodeJS.Timeout;
	readonly #turns = new Map<string, number>();
	#calls = 0;
	#gone: readonly string[];
	#how: How | null = null;
	#claiming: Promise<void> | null = null;
	#again = false;
	#closed = false;
	#idle: (() => void) | null = null;

	constructor(parts: WebhookSenderParts) {
		this.#parts = parts;
		this.#gone = parts.gone;
		this.#call = parts.call ?? callWebhook;
		this.#timer = setInterval(() => this.wake(), LOOK_MS);
	}

	/** `config` null: nothing is sent; what waits goes on waiting. `path`: where jobs are asked about; null: nowhere. */
	configure(config: WebhooksConfig | null, path: string | null): void {
		this.#how = config === null ? null : { config, judge: new WebhookJudge(config.rules), path };
		this.wake();
	}

	/** Something may be due. */
	wake(): void {
		this.#again = true;
		if (this.#claiming !== null || this.#closed) return;
		this.#claiming = this.#claim().finally(() => (this.#claiming = null));
	}

	async #claim(): Promise<void> {
		try {
			// The store is to have some rest, however many there are.
			for (let round = 0; round < ROUNDS_MOST && this.#again && !this.#closed; round++) {
				const how = this.#how;
				const most = (how?.config.concurrency ?? 0) - this.#calls;
				if (how === null || most <= 0) return;
				this.#again = false;
				if ((await this.#claimSome(how, most)) === most) this.#again = true;
			}
		} catch (error) {
			this.#parts.unusable((error as Error).message);
		}
	}

	async #claimSome(how: How, most: number): Promise<number> {
		const { store, holder, nowMs } = this.#parts;
		const { timeLimitMs, perHost } = how.config;
		const lanes = { laneMost: perHost, busy: new Map(this.#turns) };
		const claim = { holder, leaseMs: timeLimitMs + LEASE_SPARE_MS, most, nowMs: nowMs(), gone: this.#gone, ...lanes };
		const due = (await store.dueNotices(claim)).map(dueOf);
		this.#gone = [];
		if (due.length === 0) return 0;
		const gone = await store.areGone([...new Set(due.map(({ key }) => key))]);
		const settled: NoticeSettled[] = [];
		for (const one of due) {
			if (gone.has(one.key)) settled.push(this.#passedOver(one));
			else if (!this.#begin(one, how)) settled.push(this.#later(one.notice));
		}
		if (settled.length > 0) await store.settleNotices(settled);
		return due.length;
	}

	/** Who said 410 before is not asked again. */
	#passedOver({ notice }: Due): NoticeSettled {
		this.counts.givenUp++;
		return { id: notice.job.id, version: notice.version, holder: this.#parts.holder, next: null };
	}

	/** False: its host has all the calls that it may. */
	#begin(due: Due, how: How): boolean {
		const { turn } = due;
		const calls = this.#turns.get(turn) ?? 0;
		if (calls >= how.config.perHost || this.#closed) return false;
		this.#turns.set(turn, calls + 1);
		this.#calls++;
		void this.#send(due, how).finally(() => {
			const left = (this.#turns.get(turn) ?? 1) - 1;
			if (left === 0) this.#turns.delete(turn);
			else this.#turns.set(turn, left);
			this.#calls--;
			if (this.#calls === 0) this.#idle?.();
			this.wake();
		});
		return true;
	}

	#later({ job, version, attempts }: Notice): NoticeSettled {
		const atMs = this.#parts.nowMs() + CROWDED_MS * (1 + Math.random());
		return { id: job.id, version, holder: this.#parts.holder, next: { atMs: Math.ceil(atMs), attempts } };
	}

	async #send(due: Due, how: How): Promise<void> {
		const { notice, host, key } = due;
		const { job, attempts } = notice;
		const answer = await this.#try(due, how).catch((): WebhookAnswer => ({ kind: 'failed', why: 'cannot be called' }));
		const tries = attempts + 1;
		const moment = { nowMs: Date.now(), random: Math.random() };
		const next = decideNextTry(answer, { tries, pausesMs: how.config.pausesMs }, moment);
		if (next.kind === 'told') this.counts.sent++;
		else this.counts.failed++;
		const atMs = next.kind === 'again' ? Math.ceil(this.#parts.nowMs() + next.afterMs) : null;
		// First of all: were it lost, the receiver would be called again.
		const turnedOff = next.kind === 'given_up' && next.gone && (await this.#turnOff(key, host));
		await this.#settle(notice, atMs === null ? null : { atMs, attempts: tries });
		if (next.kind !== 'given_up') return;
		this.counts.givenUp++;
		this.#parts.gaveUp(job, `${next.why}, try ${tries}`);
		if (turnedOff) this.#parts.receiverGone(job, host);
	}

	async #turnOff(key: string, host: string): Promise<boolean> {
		try {
			await this.#parts.store.addGone({ key, host, sinceMs: this.#parts.nowMs() });
			return true;
		} catch (error) {
			this.#parts.unusable((error as Error).message);
			return false;
		}
	}

	async #try({ notice, told, host }: Due, { config, judge, path }: How): Promise<WebhookAnswer> {
		const { job } = notice;
		// Whom a client names does not get what is signed for another.
		const own = told.asked ? [] : this.#parts.secretsOf(job, told.url);
		const keys = signingKeys(own.length > 0 ? own : secretsOfHost(config, host));
		if (keys.length === 0) return { kind: 'refused', reason: 'no_secret' };
		const body = JSON.stringify(webhookMessage(job, path, this.#parts.statusOf(job)));
		const headers = signWebhook(keys, webhookId(notice), { body, nowMs: Date.now() });
		return this.#call({ url: told.url, headers, body, waitMs: config.timeLimitMs }, judge);
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

	/** Begins no call any more; resolves when those under way are over. */
	async close(): Promise<void> {
		this.#closed = true;
		clearInterval(this.#timer);
		await this.#claiming;
		if (this.#calls > 0) await new Promise<void>((resolve) => (this.#idle = resolve));
	}
}

function dueOf(notice: Notice): Due {
	const told = readNotify(notice.job.notify) ?? { url: '', asked: true };
	const parsed = URL.parse(told.url);
	const host = parsed === null ? '' : hostOf(parsed);
	return { notice, told, host, turn: turnOfHost(host), key: receiverKey(notice.job.owner, told) };
}
