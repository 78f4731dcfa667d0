/** A worker that does at random what workers do to a store, and checks every byte that it is given. */
import assert from 'node:assert/strict';
import { parentPort, workerData } from 'node:worker_threads';
import { crc32 } from 'node:zlib';
import { type AnswerEntry, type Asking, type FillingEntry, FillState } from '../../answer-store.ts';
import { type MemoryStore, openAnswerStore } from '../memory-store.ts';
import { cacheKey, storedAnswer } from './answers.ts';

export interface RandomLoad {
	buffer: SharedArrayBuffer;
	worker: number;
	/** Steps; Infinity: until it is ended. */
	steps: number;
	keys: number;
	bodyMost: number;
	purges: boolean;
}

export interface RandomLoadReport {
	hits: number;
	misses: number;
	filled: number;
	/** Entries that others were filling, read to their end. */
	followed: number;
	broken: number;
	usedMost: number;
}

const HEADER = 12;

/** A body that says whose it is and how long, and has a sum. */
export function checkedBody(key: number, length: number, seed: number): Buffer {
	const body = Buffer.alloc(HEADER + length, seed & 255);
	for (let at = HEADER; at + 4 <= body.length; at += 251) body.writeInt32LE(seed ^ at, at);
	body.writeInt32LE(key, 0);
	body.writeInt32LE(length, 4);
	body.writeUInt32LE(crc32(body.subarray(HEADER)), 8);
	return body;
}

export function checkBody(entry: AnswerEntry, key: number): void {
	const parts: Buffer[] = [];
	for (let at = 0; at < entry.received; ) {
		const part = entry.read(at);
		parts.push(part);
		at += part.length;
	}
	const body = Buffer.concat(parts);
	assert.equal(body.readInt32LE(0), key, 'a body of another key');
	assert.equal(body.length, HEADER + body.readInt32LE(4), 'a body that is not whole');
	assert.equal(crc32(body.subarray(HEADER)), body.readUInt32LE(8), 'a body that was changed');
	assert.ok(entry.answer?.tags.includes(`tag${key % 10}`), 'the head of another answer');
}

interface Fill {
	entry: FillingEntry;
	body: Buffer;
	at: number;
}

/** What it asks the origin for. */
interface Asked {
	asking: Asking;
	key: number;
}

class Load {
	readonly #load: RandomLoad;
	readonly #store: MemoryStore;
	readonly #report: RandomLoadReport = { hits: 0, misses: 0, filled: 0, followed: 0, broken: 0, usedMost: 0 };
	readonly #held: { entry: AnswerEntry; key: number }[] = [];
	readonly #fills: Fill[] = [];
	readonly #asked: Asked[] = [];
	readonly #purges: Promise<number>[] = [];
	#following = 0;
	#seed: number;

	constructor(load: RandomLoad) {
		this.#load = load;
		this.#store = openAnswerStore(load.buffer, load.worker, { decoded: 256 });
		this.#seed = load.worker * 7919 + 1;
	}

	async run(): Promise<RandomLoadReport> {
		for (let step = 0; step < this.#load.steps; step++) {
			this.#step();
			this.#report.usedMost = Math.max(this.#report.usedMost, this.#store.usage.bytes);
			if (step % 20 === 0) await new Promise((resolve) => setImmediate(resolve));
		}
		while (this.#asked.length > 0) this.#answer();
		while (this.#fills.length > 0) this.#fill();
		while (this.#held.length > 0) this.#letGo();
		while (this.#following > 0) await new Promise((resolve) => setImmediate(resolve));
		await Promise.all(this.#purges);
		// What waited for a lock is done now.
		while (!this.#store.table.lock()) await new Promise((resolve) => setImmediate(resolve));
		this.#store.table.unlock();
		return this.#report;
	}

	#random(below: number): number {
		this.#seed = (Math.imul(this.#seed, 1664525) + 1013904223) | 0;
		return Math.floor(((this.#seed >>> 0) / 2 ** 32) * below);
	}

	#step(): void {
		const chance = this.#random(1000);
		if (this.#load.purges && chance < 4) this.#purge();
		else if ((chance < 100 || this.#asked.length > 8) && this.#asked.length > 0) this.#answer();
		else if ((chance < 300 || this.#fills.length > 8) && this.#fills.length > 0) this.#fill();
		else if (this.#held.length > 20) this.#letGo();
		else this.#request();
	}

	#request(): void {
		// Small numbers are asked for more often.
		const key = Math.min(this.#random(this.#load.keys), this.#random(this.#load.keys));
		const name = cacheKey(`https://host/${key % 7}/${key}`);
		const entry = this.#store.find(name, () => true);
		if (entry === null) return this.#random(2) === 0 ? this.#begin(key) : this.#ask(key);
		if (entry.state === FillState.whole) {
			checkBody(entry, key);
			entry.touch();
			this.#report.hits++;
			if (this.#random(4) === 0) this.#held.push({ entry, key });
			else if (this.#random(8) === 0 && entry.answer !== null) this.#update(entry, key);
			else entry.release();
		} else this.#follow(entry, key);
	}

	#update(entry: AnswerEntry, key: number): void {
		const updated = this.#store.update(entry, storedAnswer({ tags: [`tag${key % 10}`], etag: '"updated"' }));
		entry.release();
		if (updated !== null) this.#held.push({ entry: updated, key });
	}

	#begin(key: number): void {
		this.#report.misses++;
		const entry = this.#store.begin(cacheKey(`https://host/${key % 7}/${key}`));
		if (entry === null) return;
		const body = this.#body(key);
		const length = this.#random(2) === 0 ? body.length : -1;
		if (entry.setAnswer(storedAnswer({ tags: [`tag${key % 10}`], length }))) this.#fills.push({ entry, body, at: 0 });
		else {
			entry.fail(FillState.refused);
			entry.release();
		}
	}

	#ask(key: number): void {
		const asking: Asking = { place: 0, entry: null, purges: this.#store.purges };
		const name = cacheKey(`https://host/${key % 7}/${key}`);
		const coming = this.#store.ask(name, ({ state }) => state < FillState.whole, asking);
		if (coming !== null) this.#follow(coming, key);
		else this.#asked.push({ asking, key });
	}

	/** An answer comes to what it asked for: all of it, its head, or nothing that is stored. */
	#answer(): void {
		const [{ asking, key }] = this.#asked.splice(this.#random(this.#asked.length), 1) as [Asked];
		const name = cacheKey(`https://host/${key % 7}/${key}`);
		this.#report.misses++;
		const body = this.#body(key);
		const answer = storedAnswer({ tags: [`tag${key % 10}`], length: body.length });
		const chance = this.#random(10);
		const whole = { answer, bytes: body, start: 0, end: body.length, variantsMost: 2 };
		if (chance < 6 && asking.entry === null && this.#store.put(name, asking, whole)) return;
		const entry = asking.entry ?? (chance === 9 ? this.#store.leave(name, asking) : this.#store.open(name, asking));
		if (entry === null) return;
		if (chance < 9 && entry.setAnswer(answer)) this.#fills.push({ entry, body, at: 0 });
		else {
			entry.fail(FillState.refused);
			entry.release();
		}
	}

	#body(key: number): Buffer {
		return checkedBody(key, Math.floor(this.#random(1000) ** 2 * (this.#load.bodyMost / 1e6)), this.#seed);
	}

	#fill(): void {
		const which = this.#random(this.#fills.length);
		const fill = this.#fills[which] as Fill;
		const end = Math.min(fill.body.length, fill.at + 1 + this.#random(20_000));
		const done = this.#random(400) > 0 && fill.entry.append(fill.body, fill.at, end);
		fill.at = end;
		if (done && end < fill.body.length) return;
		if (done) {
			fill.entry.complete(null);
			this.#report.filled++;
		} else fill.entry.fail(FillState.broken);
		fill.entry.release();
		this.#fills.splice(which, 1);
	}

	#follow(entry: AnswerEntry, key: number): void {
		this.#following++;
		const listener = {
			entryChanged: (): void => {
				if (entry.state < FillState.whole) return;
				entry.unwatch(listener);
				if (entry.state === FillState.whole) {
					checkBody(entry, key);
					this.#report.followed++;
				} else this.#report.broken++;
				entry.release();
				this.#following--;
			},
		};
		entry.watch(listener);
	}

	#letGo(): void {
		const [held] = this.#held.splice(this.#random(this.#held.length), 1);
		if (held === undefined) return;
		checkBody(held.entry, held.key);
		held.entry.release();
	}

	#purge(): void {
		const soft = this.#random(2) === 0;
		const which = this.#random(20);
		const key = this.#random(this.#load.keys);
		if (which === 0) this.#purges.push(this.#store.purge({ everything: true }, soft));
		else if (which < 4) this.#purges.push(this.#store.purge({ tags: [`tag${key % 10}`] }, soft));
		else if (which < 8) this.#purges.push(this.#store.purge({ prefixes: [`ttps://host/${key % 7}/`] }, soft));
		else this.#store.purgeKey(cacheKey(`https://host/${key % 7}/${key}`), soft);
	}
}

if (parentPort !== null) {
	// Followers wait for other workers, and what they wait by does not keep a thread alive.
	const alive = setInterval(() => undefined, 60_000);
	parentPort.postMessage(await new Load(workerData as RandomLoad).run());
	clearInterval(alive);
}
