/**
 * Versions of tables that all instances share: a hash in Redis, told by a channel at once, and asked for each second
 * in case a message was lost. An instance that has not heard from Redis for three seconds does not use its cache.
 */
import type { OnRaised, TableVersions } from '../table-versions.ts';
import type { RedisLink } from './redis-link.ts';

export interface RedisVersionsOptions {
	redis: Pick<RedisLink, 'run' | 'subscriptions'>;
	/** Of the hash, and of the channel. */
	key: string;
	pollMs?: number;
	deafMs?: number;
}

/** Tables of which a version is kept. */
const MOST_NAMES = 20_000;
/** Versions are times of Redis in µs: they go on rising when the hash was lost with its Redis. */
const CLOCK = `local t = redis.call('TIME') local now = t[1] * 1000000 + t[2]`;
const READ = `${CLOCK} local out = {}
for i, name in ipairs(ARGV) do
	local v = redis.call('HGET', KEYS[1], name)
	if not v then v = string.format('%.0f', now) redis.call('HSET', KEYS[1], name, v) end
	out[i] = v
end return out`;
const RAISE = `${CLOCK} local out = {}
for i, name in ipairs(ARGV) do
	local v = string.format('%.0f', math.max(now, tonumber(redis.call('HGET', KEYS[1], name) or '0') + 1))
	redis.call('HSET', KEYS[1], name, v)
	out[i] = { name, v }
end
redis.call('PUBLISH', KEYS[1], cjson.encode(out)) return out`;

export class RedisVersions implements TableVersions {
	readonly #options: RedisVersionsOptions;
	readonly #known = new Map<string, number>();
	/** Raised here, and not yet told; and how many are being told. */
	readonly #unsaid = new Set<string>();
	readonly #telling = new Map<string, number>();
	readonly #listeners: OnRaised[] = [];
	readonly #timer: NodeJS.Timeout;
	readonly #first: Promise<void>;
	#heardAt = Number.NEGATIVE_INFINITY;

	constructor(options: RedisVersionsOptions) {
		this.#options = options;
		const { redis, key, pollMs = 1000 } = options;
		redis.subscriptions.listen(
			key,
			(message) => {
				for (const [name, version] of pairsOf(message)) this.#apply(name, version);
			},
			() => void this.#poll(),
		);
		this.#timer = setInterval(() => void this.#poll(), pollMs).unref();
		this.#first = this.#poll();
	}

	hear(onRaised: OnRaised): void {
		this.#listeners.push(onRaised);
	}

	now(tables: readonly string[]): Promise<string | undefined> | string | undefined {
		if (tables.every((table) => this.#known.has(table))) return this.#textOf(tables);
		return this.#readNew(tables);
	}

	/** Never rejects: what Redis was not told is told later, and until then these tables are not answered from here. */
	async raise(names: readonly string[]): Promise<void> {
		for (const name of names) this.#telling.set(name, (this.#telling.get(name) ?? 0) + 1);
		try {
			for (const name of names) this.#unsaid.delete(name);
			const answer = (await this.#options.redis.run(RAISE, this.#options.key, names)) as [string, string][];
			for (const [name, version] of answer) this.#apply(name, version);
		} catch {
			for (const name of names) this.#unsaid.add(name);
		}
		for (const name of names) {
			const left = (this.#telling.get(name) ?? 1) - 1;
			if (left === 0) this.#telling.delete(name);
			else this.#telling.set(name, left);
		}
	}

	close(): void {
		clearInterval(this.#timer);
	}

	async #readNew(tables: readonly string[]): Promise<string | undefined> {
		await this.#first;
		if (this.#isDeaf()) return undefined;
		try {
			await this.#read(tables.filter((table) => !this.#known.has(table)));
		} catch {
			return undefined;
		}
		return this.#textOf(tables);
	}

	#textOf(tables: readonly string[]): string | undefined {
		if (this.#isDeaf()) return undefined;
		if (tables.some((table) => this.#unsaid.has(table) || this.#telling.has(table))) return undefined;
		const versions = tables.map((table) => this.#known.get(table));
		return versions.includes(undefined) ? undefined : versions.join(' ');
	}

	#isDeaf(): boolean {
		return performance.now() - this.#heardAt > (this.#options.deafMs ?? 3000);
	}

	async #poll(): Promise<void> {
		const began = performance.now();
		try {
			if (this.#unsaid.size > 0) await this.raise([...this.#unsaid]);
			await this.#read([...this.#known.keys()]);
			this.#heardAt = began;
		} catch {
			// Deaf, after a while; that is all there is to do.
		}
	}

	async #read(names: readonly string[]): Promise<void> {
		const { redis, key } = this.#options;
		const answer = (await redis.run(READ, key, names)) as unknown[];
		for (const [at, name] of names.entries()) this.#apply(name, answer[at]);
	}

	#apply(name: string, text: unknown): void {
		const version = Number(text);
		const before = this.#known.get(name);
		// What comes late by another way is older.
		if (!(version > (before ?? 0)) || (before === undefined && this.#known.size >= MOST_NAMES)) return;
		this.#known.set(name, version);
		if (before !== undefined) for (const listener of this.#listeners) listener([name]);
	}
}

function pairsOf(message: string): [string, unknown][] {
	try {
		const pairs: unknown = JSON.parse(message);
		return Array.isArray(pairs) ? pairs.filter((pair) => Array.isArray(pair) && typeof pair[0] === 'string') : [];
	} catch {
		return [];
	}
}
