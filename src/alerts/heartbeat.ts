import { postOnce } from './channels/post.ts';
import type { Say } from './delivery.ts';

export interface HeartbeatConfig {
	/** Called by GET; never printed. `secret`: it was given by reference. */
	url: string;
	secret: boolean;
	/** ms. */
	everyMs: number;
}

export interface HeartbeatView {
	sent: number;
	failed: number;
	/** '': the last one was good. */
	lastError: string;
}

const WAIT_MS = 10_000;

/**
 * Calls a URL of somebody outside who notices when the calls end, so that the death of Ballast, or of its
 * alerts, is noticed too (a dead man's switch: healthchecks.io, Uptime Kuma, Dead Man's Snitch).
 */
export class Heartbeat {
	readonly #config: HeartbeatConfig;
	/** Whether the alerts are looked at: while they are not, nothing is sent. */
	readonly #healthy: () => boolean;
	readonly #say: Say;
	readonly view: HeartbeatView = { sent: 0, failed: 0, lastError: '' };
	#timer: NodeJS.Timeout | undefined;
	#beating = false;

	constructor(config: HeartbeatConfig, healthy: () => boolean, say: Say) {
		this.#config = config;
		this.#healthy = healthy;
		this.#say = say;
	}

	start(): void {
		this.#timer = setInterval(() => void this.beat(), this.#config.everyMs);
		this.#timer.unref();
	}

	stop(): void {
		clearInterval(this.#timer);
	}

	/** One call; never rejects. */
	async beat(): Promise<void> {
		if (this.#beating || !this.#healthy()) return;
		this.#beating = true;
		try {
			await postOnce(this.#config.url, { method: 'GET', waitMs: WAIT_MS });
			this.view.sent++;
			if (this.view.lastError !== '') this.#say({ severity: 'info', text: 'the heartbeat is taken again' });
			this.view.lastError = '';
		} catch (error) {
			this.view.failed++;
			const { message } = error as Error;
			if (this.view.lastError === '') this.#say({ severity: 'warn', text: `the heartbeat is not taken: ${message}` });
			this.view.lastError = message;
		} finally {
			this.#beating = false;
		}
	}
}
