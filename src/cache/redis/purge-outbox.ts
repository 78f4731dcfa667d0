import { setTimeout as sleep } from 'node:timers/promises';
import type { SharedPurge } from '../purges/purge-times.ts';
import { formatRecord, parseRecord, piecesOf, type UntoldPurge } from './purge-record.ts';
import type { LevelLink } from './redis-level.ts';

/** Records that the stream keeps, about: who reads later than that has missed some. Fewer where they are long. */
const STREAM_RECORDS = 50_000;
const STREAM_RECORDS_LEAST = 1000;
/** Characters that it is to hold at most, about. */
const STREAM_LENGTH = 32 * 1024 * 1024;
/** Records that wait; more are told as a purge of everything. */
const WAITING_MOST = 2000;
const AGAIN_MS = 500;
const LOOK_MS = 20;
/** What was told so short a time ago is told again after a break, ms: a primary that fails may not have passed it on. */
const RECENT_MS = 15_000;

interface Waiting {
	readonly text: string;
	/** It was told, by `performance.now()`; 0: not yet. */
	toldMs: number;
	done(): void;
}

/** What one node has to tell the others: each record is tried until Redis has it. */
export class PurgeOutbox {
	readonly #link: LevelLink;
	readonly #key: string;
	readonly #node: string;
	#waiting: Waiting[] = [];
	#told: Waiting[] = [];
	#serial = 0;
	#sending = false;
	/** Characters of a record, in the mean of the last ones. */
	#length = 100;
	#closed = false;
	#timer: NodeJS.Timeout | undefined;

	constructor(link: LevelLink, key: string, node: string) {
		this.#link = link;
		this.#key = key;
		this.#node = node;
	}

	get waiting(): number {
		return this.#waiting.length;
	}

	/** Resolves once Redis has it. */
	async add(purge: SharedPurge, soft: boolean): Promise<void> {
		await Promise.all(piecesOf(purge).map((piece) => this.#push(piece, soft)));
	}

	#push(purge: SharedPurge, soft: boolean): Promise<void> {
		if (this.#waiting.length >= WAITING_MOST) {
			// Nobody can tell any more what all of it was.
			const all = this.#waiting;
			this.#waiting = [];
			const done = this.#push({ everything: true }, false);
			void done.then(() => {
				for (const one of all) one.done();
			});
			return done;
		}
		return new Promise((resolve) => {
			const text = formatRecord({ node: this.#node, serial: ++this.#serial, soft, purge });
			this.#waiting.push({ text, toldMs: 0, done: resolve });
			void this.#send();
		});
	}

	/** What waits, for `add` elsewhere. */
	left(): UntoldPurge[] {
		return this.#waiting.flatMap(({ text }) => {
			const record = parseRecord(text);
			return record === null ? [] : [{ purge: record.purge, soft: record.soft }];
		});
	}

	/** Another one tells what waits here. */
	hand(): void {
		this.#waiting = [];
	}

	/** Waits until all is told, for so long at most, ms. */
	async drain(withinMs: number): Promise<void> {
		const until = performance.now() + withinMs;
		while (this.#waiting.length > 0 && performance.now() < until) await sleep(LOOK_MS);
	}

	/** Tells again what was told a moment ago. */
	again(): void {
		const sinceMs = performance.now() - RECENT_MS;
		const recent = this.#told.filter(({ toldMs }) => toldMs >= sinceMs);
		this.#told = [];
		this.#waiting = [...recent, ...this.#waiting];
		void this.#send();
	}

	/** A first record, so that there is one to begin at. */
	async hello(): Promise<void> {
		await this.#link.run(this.#key, ['XADD', this.#key, '*', 'r', '']);
	}

	close(): void {
		this.#closed = true;
		clearTimeout(this.#timer);
	}

	async #send(): Promise<void> {
		if (this.#sending) return;
		this.#sending = true;
		try {
			for (let next = this.#waiting[0]; next !== undefined && !this.#closed; next = this.#waiting[0]) {
				const command = ['XADD', this.#key, 'MAXLEN', '~', `${this.#records(next.text)}`, '*', 'r', next.text];
				await this.#link.run(this.#key, command);
				// A purge of everything may have taken its place meanwhile.
				if (this.#waiting[0] === next) this.#waiting.shift();
				this.#toldNow(next);
			}
		} catch {
			clearTimeout(this.#timer);
			this.#timer = setTimeout(() => void this.#send(), AGAIN_MS * (0.5 + Math.random()));
			this.#timer.unref();
		}
		this.#sending = false;
	}

	/** How many the stream is to keep. */
	#records({ length }: string): number {
		this.#length += (length - this.#length) / 50;
		return Math.max(STREAM_RECORDS_LEAST, Math.min(STREAM_RECORDS, Math.floor(STREAM_LENGTH / this.#length)));
	}

	#toldNow(one: Waiting): void {
		const nowMs = performance.now();
		one.toldMs = nowMs;
		one.done();
		this.#told.push(one);
		if (this.#told.length > WAITING_MOST) this.#told.shift();
		while (this.#told[0] !== undefined && this.#told[0].toldMs < nowMs - RECENT_MS) this.#told.shift();
	}
}
