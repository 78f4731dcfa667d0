/** What members use, read again and again; the last good reading is kept until it is too old to say anything. */

import type { InstanceEvent } from '../provider.ts';
import type { KnowsUsage, PlatformUsage } from './platform.ts';
import { asPlatformError, callPlatform, wordsOf } from './platform-call.ts';
import type { PlatformError } from './platform-error.ts';

/** A reading older than so many intervals is dropped. */
const KEPT_INTERVALS = 8;
/** To the first reading, ms. */
const SOON_MS = 1000;

export interface UsagePollOptions {
	readonly platform: KnowsUsage & { readonly target: string };
	readonly everyMs: number;
	readonly limitMs: number;
	/** The platform's ids of those to ask about. */
	ids(): readonly string[];
	event(event: InstanceEvent): void;
}

export class UsagePoll {
	readonly #options: UsagePollOptions;
	readonly #closed = new AbortController();
	#timer: NodeJS.Timeout | undefined;
	#usage: ReadonlyMap<string, PlatformUsage> = new Map();
	#failed = false;

	constructor(options: UsagePollOptions) {
		this.#options = options;
		this.#timer = setTimeout(() => void this.#read(), Math.min(SOON_MS, options.everyMs));
	}

	/** By the platform's id. */
	get usage(): ReadonlyMap<string, PlatformUsage> {
		const { everyMs, platform } = this.#options;
		const oldest = Date.now() - everyMs * KEPT_INTERVALS - (platform.usageLagMs ?? 0);
		return new Map([...this.#usage].filter(([, { atMs }]) => atMs >= oldest));
	}

	close(): void {
		clearTimeout(this.#timer);
		this.#closed.abort();
	}

	async #read(): Promise<void> {
		const { platform, everyMs, limitMs } = this.#options;
		const ids = this.#options.ids();
		if (ids.length > 0) {
			try {
				this.#usage = await callPlatform(limitMs, this.#closed.signal, (signal) => platform.usage(ids, signal));
				if (this.#failed)
					this.#say('usage_recovered', `what the members of ${platform.target} use is known again`, 'info');
				this.#failed = false;
			} catch (error) {
				this.#complain(asPlatformError(error));
			}
		}
		if (this.#closed.signal.aborted) return;
		// Nobody is there yet.
		const nextMs = ids.length === 0 ? Math.min(SOON_MS, everyMs) : everyMs;
		this.#timer = setTimeout(() => void this.#read(), nextMs * (0.9 + Math.random() / 5));
	}

	#complain(error: PlatformError): void {
		if (this.#failed || this.#closed.signal.aborted) return;
		this.#failed = true;
		this.#say(
			'usage_failed',
			`what the members of ${this.#options.platform.target} use is not known: ${wordsOf(error)}`,
			'warn',
		);
	}

	#say(kind: string, text: string, level: InstanceEvent['level']): void {
		this.#options.event({ instance: null, kind, text, level });
	}
}
