import type { RedisConfig } from './config.ts';
import { type RedisArgument, type RedisClient, redisClient, retryMs } from './redis-client.ts';
import { RedisFault, redisFault } from './redis-fault.ts';

/** How it is with a Redis. Said when it changes: once for an outage, whatever fails in it. */
export interface RedisState {
	readonly up: boolean;
	/** Why it is not, in a few words without a secret; ''. */
	readonly why: string;
}

export interface RedisLinkOptions {
	readonly config: RedisConfig;
	/** Default: nobody hears of it. */
	readonly onState?: (state: RedisState) => void;
	/** Most that waits for answers, bytes of commands; default 16 MiB. */
	readonly bytesMost?: number;
}

export interface RunOptions {
	/** The command has failed by then, ms; default 500. */
	readonly timeoutMs?: number;
	/** Texts of the answer are Buffers. */
	readonly buffers?: boolean;
}

const TIMEOUT_MS = 500;
const BYTES_MOST = 16 * 1024 * 1024;
const PENDING_MOST = 4096;
/** A first connection is there by then, or another one is begun. */
const BEGIN_MS = 5000;
/** Nothing went well for so long: it is out of order, and told. */
const DOWN_MS = 1000;
/** Or for so long: the connection is given up for a new one. */
const DEAD_MS = 5000;

/**
 * Commands to a Redis that may be slow, dead or elsewhere by now: each has an answer within its time or fails, nothing
 * waits in a queue for it to come back, and what is under way is bounded. It connects, and connects again, by itself.
 */
export class RedisLink {
	readonly #options: RedisLinkOptions;
	#client: RedisClient | null = null;
	/** Counts the clients: what a former one does is not heard. */
	#serial = 0;
	#closed = false;
	/** A connection is being made, for the first time or by a new client. */
	#connecting = false;
	#up: boolean | null = null;
	#failingSince = Number.NaN;
	#lastWord = '';
	#begun = 0;
	#timer: NodeJS.Timeout | undefined;
	#pending = 0;
	#bytes = 0;

	constructor(options: RedisLinkOptions) {
		this.#options = options;
		void this.#begin();
	}

	/** A command would be sent now. */
	get ready(): boolean {
		return this.#client?.ready === true;
	}

	/**
	 * Sends a command. `key`: its (first) key, by which a cluster knows where to.
	 * @throws RedisFault
	 */
	run(key: string, command: readonly RedisArgument[], options: RunOptions = {}): Promise<unknown> {
		const client = this.#client;
		if (client?.ready !== true) {
			const fault = new RedisFault('not connected', false);
			// Until it is known whether there can be a connection nothing is wrong.
			return Promise.reject(this.#connecting ? fault : this.#failed(fault));
		}
		let bytes = 0;
		for (const argument of command) bytes += argument.length;
		if (this.#pending >= PENDING_MOST || this.#bytes + bytes > (this.#options.bytesMost ?? BYTES_MOST))
			return Promise.reject(new RedisFault('too much is under way', true));
		this.#pending++;
		this.#bytes += bytes;
		const answer = client.send(key, command, options.buffers ?? false).finally(() => {
			this.#pending--;
			this.#bytes -= bytes;
		});
		return this.#bounded(answer, options.timeoutMs ?? TIMEOUT_MS);
	}

	#bounded(answer: Promise<unknown>, timeoutMs: number): Promise<unknown> {
		return new Promise((resolve, reject) => {
			let over = false;
			const late = (): void => {
				if (over) return;
				over = true;
				reject(this.#failed(new RedisFault('it does not answer', false)));
			};
			// What came while this thread was busy is read before it counts as late.
			const timer = setTimeout(() => setImmediate(late), timeoutMs);
			answer.then(
				(value) => {
					this.#succeeded();
					if (over) return;
					over = true;
					clearTimeout(timer);
					resolve(value);
				},
				(error: unknown) => {
					const fault = redisFault(error);
					if (fault.answered) this.#succeeded();
					if (over) return;
					over = true;
					clearTimeout(timer);
					reject(fault.answered ? fault : this.#failed(fault));
				},
			);
		});
	}

	async #begin(): Promise<void> {
		const serial = ++this.#serial;
		const since = performance.now();
		this.#connecting = true;
		try {
			const client = await redisClient(this.#options.config, (error) => {
				if (serial !== this.#serial) return;
				const fault = redisFault(error);
				this.#lastWord = fault.message;
				if (!this.ready) this.#failed(fault);
			});
			if (this.#closed || serial !== this.#serial) return;
			this.#client = client;
			await within(client.connect(), BEGIN_MS);
			if (serial !== this.#serial) return;
			this.#connecting = false;
			this.#begun = 0;
			this.#succeeded();
		} catch (error) {
			if (this.#closed || serial !== this.#serial) return;
			const fault = redisFault(error);
			this.#tell(false, fault.message === 'it does not answer' ? this.#lastWord || fault.message : fault.message);
			this.#again(Math.max(0, 1000 - (performance.now() - since)));
		}
	}

	/** With another client, after a while. */
	#again(leastMs: number): void {
		this.#serial++;
		this.#connecting = false;
		this.#client?.destroy();
		this.#client = null;
		this.#failingSince = Number.NaN;
		clearTimeout(this.#timer);
		this.#timer = setTimeout(() => void this.#begin(), Math.max(leastMs, retryMs(this.#begun++)));
		this.#timer.unref();
	}

	#succeeded(): void {
		this.#failingSince = Number.NaN;
		this.#tell(true, '');
	}

	#failed(fault: RedisFault): RedisFault {
		const now = performance.now();
		if (Number.isNaN(this.#failingSince)) this.#failingSince = now;
		const forMs = now - this.#failingSince;
		if (forMs >= DOWN_MS) this.#tell(false, this.#lastWord || fault.message);
		if (forMs >= DEAD_MS && this.#client !== null && !this.#closed) this.#again(0);
		return fault;
	}

	#tell(up: boolean, why: string): void {
		if (up) this.#lastWord = '';
		if (this.#up === up || this.#closed) return;
		this.#up = up;
		this.#options.onState?.({ up, why });
	}

	close(): void {
		this.#closed = true;
		this.#serial++;
		clearTimeout(this.#timer);
		this.#client?.destroy();
		this.#client = null;
	}
}

function within(work: Promise<void>, ms: number): Promise<void> {
	return new Promise((resolve, reject) => {
		const timer = setTimeout(() => reject(new RedisFault('it does not answer', false)), ms);
		timer.unref();
		work.then(resolve, reject).finally(() => clearTimeout(timer));
	});
}
