/** A list that a watch keeps up to date; made anew when the watch has expired (410), fails or is not heard of. */
import { setTimeout as sleep } from 'node:timers/promises';
import { numberAt, textAt, valueAt } from '../platform/json-reading.ts';
import type { ApiCall, ApiClient } from './api-client.ts';

/** How long the server keeps one watch open, s; spread, so that not all end at once. */
const OPEN_S = 240;
/** A list is not believed any more when the watch was not heard of for so long, ms. */
const QUIET_MS = 75_000;
const BACK_OFF_MS = [100, 30_000] as const;
/** A watch that ends sooner counts as one that failed, ms. */
const SHORT_MS = 1000;
const MOST_ITEMS = 5000;

export interface ListWatchParts {
	readonly client: ApiClient;
	/** Of the list. */
	readonly call: ApiCall;
	/** Something is, or may be, another. */
	readonly changed: () => void;
}

export class ListWatch {
	readonly #parts: ListWatchParts;
	#items = new Map<string, unknown>();
	/** Empty: list first. */
	#version = '';
	#heardAt = Number.NEGATIVE_INFINITY;
	#synced = false;
	#failures = 0;
	/** Why it failed last; null: it did not since it was last heard of. */
	problem: unknown = null;

	constructor(parts: ListWatchParts) {
		this.#parts = parts;
	}

	/** null: what is there is not known for sure now. */
	get items(): readonly unknown[] | null {
		const believed = this.#synced && performance.now() - this.#heardAt < QUIET_MS;
		return believed ? [...this.#items.values()] : null;
	}

	/** Until the signal aborts. Never rejects: who needs the list meanwhile asks by itself, and says what is wrong. */
	async run(signal: AbortSignal): Promise<void> {
		while (!signal.aborted) {
			const since = performance.now();
			try {
				if (this.#version === '') await this.#list(signal);
				await this.#watch(signal);
				if (performance.now() - since > SHORT_MS) this.#failures = 0;
				else this.#failures++;
			} catch (error) {
				this.problem = error;
				this.#forget();
				this.#failures++;
			}
			await this.#pause(signal);
		}
		this.#synced = false;
	}

	/** The first failure is none yet: a watch may expire. */
	async #pause(signal: AbortSignal): Promise<void> {
		if (this.#failures === 0) return;
		const [first, most] = BACK_OFF_MS;
		const waitMs = Math.min(most, first * 2 ** Math.min(this.#failures - 1, 16)) * (0.5 + Math.random() / 2);
		await sleep(waitMs, undefined, { signal }).catch(() => {});
	}

	#forget(): void {
		this.#version = '';
		this.#synced = false;
	}

	async #list(signal: AbortSignal): Promise<void> {
		const { client, call, changed } = this.#parts;
		const { items, version } = await client.list(call, signal);
		this.#items = new Map(items.map((item) => [textAt(item, 'metadata', 'name'), lean(item)]));
		this.#version = version;
		this.#synced = true;
		this.#heardAt = performance.now();
		changed();
	}

	async #watch(signal: AbortSignal): Promise<void> {
		const { client, call } = this.#parts;
		const timeoutSeconds = String(OPEN_S + Math.floor(Math.random() * 60));
		const query = {
			...call.query,
			watch: '1',
			allowWatchBookmarks: 'true',
			resourceVersion: this.#version,
			timeoutSeconds,
		};
		for await (const event of client.watch({ ...call, verb: 'watch', query }, signal)) this.#take(event);
	}

	/** @throws when the list is to be made anew */
	#take(event: unknown): void {
		const type = textAt(event, 'type');
		const object = valueAt(event, 'object');
		if (type === 'ERROR') throw new Error(`the watch ended: ${numberAt(object, 'code')}`);
		this.problem = null;
		if (type === 'OPEN') return;
		const name = textAt(object, 'metadata', 'name');
		this.#version = textAt(object, 'metadata', 'resourceVersion') || this.#version;
		this.#heardAt = performance.now();
		this.#synced = true;
		this.#failures = 0;
		if (type === 'BOOKMARK' || name === '') return;
		if (type === 'DELETED') this.#items.delete(name);
		else this.#items.set(name, lean(object));
		if (this.#items.size > MOST_ITEMS) throw new Error('too many');
		this.#parts.changed();
	}
}

/** Who wrote which member is half of many an object, and read by nobody here. */
function lean(object: unknown): unknown {
	const metadata = valueAt(object, 'metadata');
	return typeof metadata === 'object' && metadata !== null
		? { ...(object as object), metadata: { ...metadata, managedFields: undefined } }
		: object;
}
