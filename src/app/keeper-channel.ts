/** The core's end of the channel to the keeper: requests with answers, and news in order. */
import { BallastError, ERRORS, type ErrorCode } from '../core/errors.ts';
import type { FromKeeper, KeeperRequests, ToKeeper } from './keeper-protocol.ts';

export type MessageType = FromKeeper['type'];
export type MessageOf<T extends MessageType> = Extract<FromKeeper, { type: T }>;
type Handler = (message: FromKeeper) => void;

interface Waiting {
	resolve(answer: { value: unknown; handle: unknown }): void;
	reject(error: BallastError): void;
}

/** News that wait for a handler at most. */
const MOST_EARLY = 1_000;
/** For an answer of the keeper; a socket that the system could not pass on never arrives. */
const ANSWER_MS = 15_000;

export class KeeperChannel {
	readonly #handlers = new Map<MessageType, Handler>();
	/** News that came before anybody listened for them. */
	readonly #early: FromKeeper[] = [];
	readonly #waiting = new Map<number, Waiting>();
	#next = 0;

	/** Ends this process as soon as the keeper is gone. Errors: `not_running` without a keeper. */
	constructor() {
		if (!process.send || !process.connected) {
			throw new BallastError('not_running', 'The core is started by the keeper: run `ballast up` or `ballast run`');
		}
		// At once and without clean-up: the listening sockets are shared with worker threads, and the
		// keeper's guards have already killed the instances.
		process.on('disconnect', () => process.exit(1));
		process.on('message', (message: FromKeeper, handle: unknown) => this.#heard(message, handle));
	}

	send(message: ToKeeper): void {
		// A failed send means that the channel is closed, and with it this process.
		if (process.connected) process.send?.(message, undefined, {}, () => {});
	}

	/** Resolves once all that was sent so far has left this process. */
	sent(): Promise<void> {
		return new Promise((resolve) => {
			if (process.connected) process.send?.({ type: 'pong' } satisfies ToKeeper, undefined, {}, () => resolve());
			else resolve();
		});
	}

	/** Errors: what the keeper says, as a `BallastError`. */
	async request<K extends keyof KeeperRequests>(
		name: K,
		args: KeeperRequests[K]['args'],
	): Promise<{ value: KeeperRequests[K]['value']; handle: unknown }> {
		const n = ++this.#next;
		const answer = await new Promise<{ value: unknown; handle: unknown }>((resolve, reject) => {
			const timer = setTimeout(() => {
				this.#waiting.delete(n);
				reject(new BallastError('command_failed', `The keeper did not answer: ${name}`));
			}, ANSWER_MS);
			this.#waiting.set(n, {
				resolve: (value) => {
					clearTimeout(timer);
					resolve(value);
				},
				reject: (error) => {
					clearTimeout(timer);
					reject(error);
				},
			});
			this.send({ type: 'request', n, name, args });
		});
		return { value: answer.value as KeeperRequests[K]['value'], handle: answer.handle };
	}

	/** One handler for each type; what came before it is delivered now. */
	on<T extends MessageType>(type: T, handler: (message: MessageOf<T>) => void): void {
		this.#handlers.set(type, handler as Handler);
		const early = this.#early.filter((message) => message.type === type);
		for (const message of early) {
			this.#early.splice(this.#early.indexOf(message), 1);
			this.#deliver(message);
		}
	}

	#heard(message: FromKeeper, handle: unknown): void {
		if (message.type === 'ping') this.send({ type: 'pong' });
		else if (message.type === 'answer') this.#answered(message, handle);
		else if (this.#handlers.has(message.type)) this.#deliver(message);
		else if (this.#early.length < MOST_EARLY) this.#early.push(message);
	}

	#answered(message: MessageOf<'answer'>, handle: unknown): void {
		const waiting = this.#waiting.get(message.n);
		this.#waiting.delete(message.n);
		if (message.ok) waiting?.resolve({ value: message.value, handle });
		else {
			const details = message.lasting === true ? { lasting: true } : {};
			waiting?.reject(new BallastError(codeOf(message.code), message.message, details));
		}
	}

	#deliver(message: FromKeeper): void {
		try {
			this.#handlers.get(message.type)?.(message);
		} catch (error) {
			process.stderr.write(
				`ballast: handling "${message.type}" failed: ${error instanceof Error ? error.stack : String(error)}\n`,
			);
		}
	}
}

function codeOf(code: string): ErrorCode {
	return Object.hasOwn(ERRORS, code) ? (code as ErrorCode) : 'command_failed';
}
