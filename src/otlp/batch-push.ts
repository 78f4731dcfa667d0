import { BackOff } from './back-off.ts';
import { bodiesOf } from './bodies.ts';
import type { Destination, Signal } from './destination.ts';
import { sendBody } from './otlp-client.ts';
import type { PushCounts } from './push-counts.ts';

export interface BatchPushOptions<T> {
	destination: Destination;
	signal: Signal;
	encode(things: readonly T[]): Buffer;
	counts: PushCounts;
	/** Something failed that did not fail before, or works again: '' for that. */
	changed(reason: string): void;
}

/** Most things that wait, of one destination and signal. */
const MOST_WAITING = 20_000;
/** A batch goes when it is so long, or so old. */
const BATCH = 2000;
const AGE_MS = 2000;
/** Attempts at one batch; with the waits between them it is then older than ten minutes. */
const MOST_ATTEMPTS = 16;

/** Sends lines or spans as they come: in order, in batches, one request at a time. What finds no room is dropped and counted. */
export class BatchPush<T> {
	readonly #options: BatchPushOptions<T>;
	readonly #backOff = new BackOff();
	#waiting: T[] = [];
	#timer: NodeJS.Timeout | undefined;
	#running: Promise<void> | undefined;
	#stopped = false;
	#reason = '';
	#woken: (() => void) | undefined;

	constructor(options: BatchPushOptions<T>) {
		this.#options = options;
	}

	add(things: readonly T[]): void {
		const room = MOST_WAITING - this.#waiting.length;
		if (this.#stopped || room < things.length) {
			this.#options.counts.dropped += things.length - Math.max(0, this.#stopped ? 0 : room);
			if (this.#stopped || room <= 0) return;
		}
		for (const thing of room < things.length ? things.slice(0, room) : things) this.#waiting.push(thing);
		if (this.#running !== undefined) return;
		if (this.#waiting.length >= BATCH) this.#start();
		else this.#timer ??= setTimeout(() => this.#start(), AGE_MS).unref();
	}

	/** Sends what waits; from the first failure on the rest is dropped. */
	async stop(): Promise<void> {
		this.#stopped = true;
		this.#woken?.();
		if (this.#running === undefined) this.#start();
		await this.#running;
		this.#options.counts.dropped += this.#waiting.length;
		this.#waiting = [];
	}

	#start(): void {
		clearTimeout(this.#timer);
		this.#timer = undefined;
		this.#running = this.#run().finally(() => {
			this.#running = undefined;
		});
	}

	async #run(): Promise<void> {
		while (this.#waiting.length > 0) {
			const arrived = await this.#send(this.#waiting.splice(0, BATCH));
			if (this.#stopped && !arrived) return;
		}
	}

	/** Whether all of it was taken. */
	async #send(batch: readonly T[]): Promise<boolean> {
		const { destination, encode, counts } = this.#options;
		const tooBig = (): void => {
			counts.dropped++;
		};
		const bodies = bodiesOf(batch, { maxBytes: destination.maxBytes, maxThings: BATCH }, { encode, tooBig });
		let arrived = true;
		for (const { bytes, things } of bodies) {
			if (arrived || !this.#stopped) arrived = await this.#sendBody(bytes, things.length);
			else counts.dropped += things.length;
		}
		return arrived;
	}

	async #sendBody(bytes: Buffer, length: number): Promise<boolean> {
		const { destination, signal, counts } = this.#options;
		for (let attempt = 1; ; attempt++) {
			const sent = await sendBody(destination, signal, bytes);
			counts.requests++;
			if (sent.kind === 'taken') {
				counts.sent += Math.max(0, length - sent.rejected);
				counts.rejected += Math.min(length, sent.rejected);
				this.#backOff.succeeded();
				this.#say('');
				return true;
			}
			counts.failures++;
			this.#say(sent.reason);
			if (sent.kind === 'refused' || attempt >= MOST_ATTEMPTS || this.#stopped) {
				counts.dropped += length;
				return false;
			}
			await this.#sleep(this.#backOff.failed(sent.afterMs));
		}
	}

	/** Ends at once when it is stopped. */
	async #sleep(ms: number): Promise<void> {
		await new Promise<void>((resolve) => {
			const timer = setTimeout(resolve, ms).unref();
			this.#woken = () => {
				clearTimeout(timer);
				resolve();
			};
		});
		this.#woken = undefined;
	}

	#say(reason: string): void {
		if (reason === this.#reason) return;
		this.#reason = reason;
		this.#options.changed(reason);
	}
}
