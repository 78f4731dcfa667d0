import { Worker } from 'node:worker_threads';
import { BallastError, ERRORS, type ErrorCode } from '../core/errors.ts';
import type { FromStore, StoreCalls, ToStore } from './store-messages.ts';

/** Most calls that wait for an answer; a store that is that far behind is not asked more. */
const CALLS_MOST = 1000;
/** A thread that dies is started again after so long, ms. */
const RESTART_MS = 1000;
const HEAP_MB = 512;

interface Call {
	resolve(value: unknown): void;
	reject(error: unknown): void;
}

type Name = keyof StoreCalls;

export interface StoreLinkParts {
	/** What the thread tells by itself. */
	told(message: Exclude<FromStore, { type: 'answer' | 'failed' }>): void;
	event(level: 'warn' | 'error', text: string): void;
	/** Said again to a thread that replaces another: what it must know from its start. */
	greeting(): ToStore[];
}

/** The control plane's side of the store thread: what it says is not waited for, what it asks is answered later. */
export class StoreLink {
	readonly #parts: StoreLinkParts;
	#thread: Worker | null = null;
	readonly #calls = new Map<number, Call>();
	#lastId = 0;
	#ended = false;

	constructor(parts: StoreLinkParts) {
		this.#parts = parts;
	}

	start(): void {
		const thread = new Worker(threadFile(), { name: 'store', resourceLimits: { maxOldGenerationSizeMb: HEAP_MB } });
		this.#thread = thread;
		thread.on('message', (message: FromStore) => this.#receive(message));
		thread.on('error', (error: unknown) =>
			this.#parts.event('error', `the store thread failed: ${error instanceof Error ? error.message : String(error)}`),
		);
		thread.once('exit', () => this.#gone(thread));
		for (const message of this.#parts.greeting()) thread.postMessage(message);
	}

	say(message: ToStore): void {
		this.#thread?.postMessage(message);
	}

	/** @throws BallastError `command_failed` when there is no store, or it ended; what the call itself throws */
	ask<N extends Name>(name: N, ...args: Parameters<StoreCalls[N]>): Promise<ReturnType<StoreCalls[N]>> {
		const thread = this.#thread;
		if (thread === null || this.#calls.size >= CALLS_MOST)
			return Promise.reject(
				new BallastError('command_failed', 'the store has too much to do, or is not there; try again'),
			);
		const id = ++this.#lastId;
		return new Promise((resolve, reject) => {
			this.#calls.set(id, { resolve: resolve as Call['resolve'], reject });
			thread.postMessage({ type: 'call', id, name, args } satisfies ToStore);
		});
	}

	#receive(message: FromStore): void {
		if (message.type !== 'answer' && message.type !== 'failed') {
			this.#parts.told(message);
			return;
		}
		const call = this.#calls.get(message.id);
		this.#calls.delete(message.id);
		if (message.type === 'answer') call?.resolve(message.value);
		else call?.reject(new BallastError(codeOf(message.code), message.message));
	}

	#gone(thread: Worker): void {
		if (this.#thread !== thread) return;
		this.#thread = null;
		for (const call of this.#calls.values()) call.reject(new BallastError('command_failed', 'the store ended'));
		this.#calls.clear();
		if (this.#ended) return;
		this.#parts.event('error', 'the store thread ended and is replaced; what it had not yet written is lost');
		setTimeout(() => {
			if (!this.#ended) this.start();
		}, RESTART_MS).unref();
	}

	/** Has it write what it has, and ends it; at most so long. */
	async end(ms: number): Promise<void> {
		this.#ended = true;
		const thread = this.#thread;
		if (thread === null) return;
		const gone = new Promise<void>((resolve) => thread.once('exit', () => resolve()));
		thread.postMessage({ type: 'close' } satisfies ToStore);
		const late = setTimeout(() => void thread.terminate(), ms);
		await gone;
		clearTimeout(late);
	}
}

const codeOf = (code: string): ErrorCode => (code in ERRORS ? (code as ErrorCode) : 'command_failed');

/** Compiled or not, it lies beside this file. */
function threadFile(): URL {
	return new URL(import.meta.url.endsWith('.ts') ? './store-thread.ts' : './store-thread.js', import.meta.url);
}
