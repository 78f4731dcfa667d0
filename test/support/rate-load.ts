/** Requests at a rate, whatever comes back (an open loop), and what became of each. */
import { Agent, request } from 'node:http';

export interface RateLoadOptions {
	port: number;
	/** Requests a second; `rate` changes it. */
	rate: number;
	/** What is asked for; default `/`. */
	path?: string;
	/** Longest time for a request, ms; default 20 s. */
	withinMs?: number;
}

/** What ended in a second of the load. */
export interface LoadSecond {
	sent: number;
	answered: number;
	failed: number;
	/** Of the answered; NaN: there were none. */
	p95Ms: number;
}

const TICK_MS = 10;

/** A running load. Stop it and read what it counted. */
export class RateLoad {
	rate: number;
	sent = 0;
	answered = 0;
	inFlight = 0;
	/** Longest time that a request took, ms. */
	slowestMs = 0;
	/** One line for each request without a 200. */
	readonly failures: string[] = [];
	/** When each request was sent, epoch ms. */
	readonly sentAt: number[] = [];
	readonly #options: RateLoadOptions;
	readonly #agent = new Agent({ keepAlive: true });
	readonly #timer: NodeJS.Timeout;
	#lastMs = performance.now();
	#due = 0;
	#second = { sent: 0, failed: 0, tookMs: [] as number[] };
	#idle: (() => void) | null = null;

	constructor(options: RateLoadOptions) {
		this.#options = options;
		this.rate = options.rate;
		this.#timer = setInterval(() => this.#tick(), TICK_MS);
	}

	#tick(): void {
		const nowMs = performance.now();
		// After a stall of the machine it goes on at the rate, and does not catch up in one burst.
		this.#due += (Math.min(nowMs - this.#lastMs, 250) / 1000) * this.rate;
		this.#lastMs = nowMs;
		for (; this.#due >= 1; this.#due--) this.#send();
	}

	#send(): void {
		const { port, path = '/', withinMs = 20_000 } = this.#options;
		const beganMs = performance.now();
		this.sent++;
		this.#second.sent++;
		this.sentAt.push(Date.now());
		this.inFlight++;
		const asked = request({ port, path, host: '127.0.0.1', agent: this.#agent, timeout: withinMs });
		let done = false;
		const end = (failure: string | null): void => {
			if (done) return;
			done = true;
			const tookMs = performance.now() - beganMs;
			this.inFlight--;
			this.slowestMs = Math.max(this.slowestMs, tookMs);
			if (failure === null) {
				this.answered++;
				this.#second.tookMs.push(tookMs);
			} else {
				this.#second.failed++;
				this.failures.push(failure);
			}
			if (this.inFlight === 0) this.#idle?.();
		};
		asked.on('timeout', () => asked.destroy(new Error(`no answer in ${withinMs} ms`)));
		asked.on('error', (error: NodeJS.ErrnoException) => end(error.code ?? error.message));
		asked.on('response', (answer) => {
			const parts: string[] = [];
			answer.setEncoding('utf8').on('data', (text: string) => parts.push(text));
			answer.on('error', (error) => end(error.message));
			answer.on('end', () =>
				end(answer.statusCode === 200 ? null : `${answer.statusCode} ${parts.join('').slice(0, 200)}`),
			);
		});
		asked.end();
	}

	/** What ended since the last call. */
	takeSecond(): LoadSecond {
		const { sent, failed, tookMs } = this.#second;
		this.#second = { sent: 0, failed: 0, tookMs: [] };
		const sorted = tookMs.toSorted((a, b) => a - b);
		return { sent, failed, answered: sorted.length, p95Ms: sorted[Math.floor(sorted.length * 0.95)] ?? Number.NaN };
	}

	/** Ends it, with the requests that are under way answered. */
	async stop(): Promise<void> {
		clearInterval(this.#timer);
		if (this.inFlight > 0) await new Promise<void>((resolve) => (this.#idle = resolve));
		this.#agent.destroy();
	}

	[Symbol.asyncDispose](): Promise<void> {
		return this.stop();
	}
}
