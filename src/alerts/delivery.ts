import { setTimeout as sleep } from 'node:timers/promises';
import { BallastError } from '../core/errors.ts';
import { inert } from '../core/inert.ts';
import { type Channel, MOST_ALERTS, type Notification, SEND_MS } from './notification.ts';

/** Something that alerts did or failed to do; app makes a log entry of it. With `alert`: a change of that rule's alert. */
export interface AlertEvent {
	severity: 'info' | 'warn' | 'error';
	/** One sentence. */
	text: string;
	alert?: string;
	state?: 'firing' | 'resolved';
	service?: string;
}

export type Say = (event: AlertEvent) => void;

export interface DeliveryOptions {
	name: string;
	channel: Channel;
	/** Most notifications a minute; 0: no limit. */
	perMinute: number;
	say: Say;
	/** 0…1; default: chance. */
	random?: () => number;
	/** Default: real time. Rejects when the signal aborts. */
	wait?: (ms: number, signal: AbortSignal) => Promise<unknown>;
	now?: () => number;
}

export interface ChannelView {
	name: string;
	/** Notifications that wait. */
	waiting: number;
	sent: number;
	/** Attempts that failed; each is tried again unless the other side refused it for good. */
	failed: number;
	/** Notifications that were given up. */
	lost: number;
	/** '': the last attempt was good. */
	lastError: string;
	/** 0: never. */
	lastSentMs: number;
}

const MOST_WAITING = 100;
const FIRST_RETRY_MS = 1000;
const LAST_RETRY_MS = 60_000;
/** A notification that could not be sent for so long is given up, ms. */
const GIVE_UP_MS = 3_600_000;

/**
 * Sends the notifications of one channel, one at a time and in order; tries again with a growing and
 * jittered pause. What waits for the same group is one notification: the latest state counts. Nothing is
 * lost without an event and a count.
 */
export class Delivery {
	readonly #options: Required<DeliveryOptions>;
	readonly #queue: { notification: Notification; sinceMs: number }[] = [];
	readonly #stop = new AbortController();
	#sending: Notification | null = null;
	#running = false;
	/** When the last ones were sent, for the rate. */
	#sentAt: number[] = [];
	readonly #view: ChannelView;

	constructor(options: DeliveryOptions) {
		this.#options = {
			random: Math.random,
			wait: (ms, signal) => sleep(ms, undefined, { signal, ref: false }),
			now: Date.now,
			...options,
		};
		this.#view = { name: options.name, waiting: 0, sent: 0, failed: 0, lost: 0, lastError: '', lastSentMs: 0 };
	}

	get resendMs(): number | undefined {
		return this.#options.channel.resendMs;
	}

	view(): ChannelView {
		return { ...this.#view, waiting: this.#queue.length + (this.#sending === null ? 0 : 1) };
	}

	/** Whether something of a group was not yet taken. */
	holds(group: string): boolean {
		return this.#sending?.group === group || this.#queue.some(({ notification }) => notification.group === group);
	}

	push(notification: Notification): void {
		const at = this.#queue.findIndex((one) => one.notification.group === notification.group);
		const waiting = this.#queue[at];
		if (waiting !== undefined) waiting.notification = merged(waiting.notification, notification);
		else {
			if (this.#queue.length >= MOST_WAITING) this.#lose(this.#queue.shift()?.notification, 'too many wait');
			this.#queue.push({ notification, sinceMs: this.#options.now() });
		}
		void this.#run();
	}

	/** Sends at once, beside the queue. @throws BallastError `notify_failed` */
	async test(notification: Notification): Promise<void> {
		await this.#send(notification);
		this.#taken();
	}

	/** What waits is left: it is told again after the next start. */
	close(): void {
		this.#stop.abort();
		this.#queue.length = 0;
	}

	async #run(): Promise<void> {
		if (this.#running) return;
		this.#running = true;
		try {
			for (let next = this.#queue.shift(); next !== undefined; next = this.#queue.shift()) {
				this.#sending = next.notification;
				await this.#deliver(next);
				this.#sending = null;
			}
		} catch (error) {
			if (!this.#stop.signal.aborted) throw error;
		} finally {
			this.#running = false;
			this.#sending = null;
		}
	}

	async #deliver(entry: { notification: Notification; sinceMs: number }): Promise<void> {
		for (let attempt = 0; ; attempt++) {
			await this.#rate();
			const error = await this.#attempt(entry.notification);
			if (error === null) return;
			const { permanent, retryAfterMs } = error.details as { permanent?: boolean; retryAfterMs?: number };
			if (permanent === true) return this.#lose(entry.notification, error.message);
			if (this.#options.now() - entry.sinceMs > GIVE_UP_MS)
				return this.#lose(entry.notification, `not taken for an hour: ${error.message}`);
			// A newer state of the group came meanwhile: that one is tried.
			const newer = this.#queue.findIndex((one) => one.notification.group === entry.notification.group);
			if (newer >= 0)
				entry.notification = merged(entry.notification, (this.#queue.splice(newer, 1)[0] as typeof entry).notification);
			this.#sending = entry.notification;
			const backOff = Math.min(LAST_RETRY_MS, FIRST_RETRY_MS * 2 ** attempt) * (0.5 + this.#options.random());
			await this.#options.wait(Math.max(backOff, Math.min(retryAfterMs ?? 0, GIVE_UP_MS)), this.#stop.signal);
		}
	}

	async #attempt(notification: Notification): Promise<BallastError | null> {
		try {
			await this.#send(notification);
			this.#taken();
			return null;
		} catch (error) {
			const known = error instanceof BallastError ? error : new BallastError('notify_failed', (error as Error).message);
			// Told once, until it works again.
			if (this.#view.lastError === '')
				this.#say('warn', `channel ${this.#view.name} failed and is tried again: ${known.message}`);
			this.#view.failed++;
			this.#view.lastError = inert(known.message).slice(0, 300);
			return known;
		}
	}

	/** A channel that breaks its promise to end in time must not hold up the others' news. */
	async #send(notification: Notification): Promise<void> {
		const late = new AbortController();
		const limit = sleep(SEND_MS + 2000, undefined, { signal: late.signal, ref: false }).then(() => {
			throw new BallastError('notify_failed', 'it took too long');
		});
		try {
			await Promise.race([this.#options.channel.send(notification), limit]);
		} finally {
			late.abort();
			limit.catch(() => {});
		}
	}

	#taken(): void {
		if (this.#view.lastError !== '') this.#say('info', `channel ${this.#view.name} works again`);
		this.#view.lastError = '';
		this.#view.sent++;
		this.#view.lastSentMs = this.#options.now();
	}

	async #rate(): Promise<void> {
		const { perMinute, now, wait } = this.#options;
		if (perMinute === 0) return;
		this.#sentAt = this.#sentAt.filter((at) => now() - at < 60_000);
		if (this.#sentAt.length >= perMinute) await wait(60_000 - (now() - (this.#sentAt[0] as number)), this.#stop.signal);
		this.#sentAt.push(now());
	}

	#lose(notification: Notification | undefined, why: string): void {
		if (notification === undefined) return;
		this.#view.lost++;
		const what = notification.alerts
			.map(({ name }) => name)
			.slice(0, 3)
			.join(', ');
		this.#say(
			'error',
			`channel ${this.#view.name}: a notification of ${what} (${notification.status}) is lost: ${why}`,
		);
	}

	#say(severity: 'info' | 'warn' | 'error', text: string): void {
		this.#options.say({ severity, text: inert(text).slice(0, 500) });
	}
}

/** The newer state, and what the older one said has ended. */
function merged(older: Notification, newer: Notification): Notification {
	const named = new Set(newer.alerts.map(({ fingerprint }) => fingerprint));
	const ended = older.alerts.filter(({ status, fingerprint }) => status === 'resolved' && !named.has(fingerprint));
	const alerts = [...newer.alerts, ...ended];
	return {
		...newer,
		alerts: alerts.slice(0, MOST_ALERTS),
		omitted: newer.omitted + Math.max(0, alerts.length - MOST_ALERTS),
	};
}
