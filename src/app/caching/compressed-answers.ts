import {
	type AnswerEntry,
	type AnswerStore,
	type CacheKey,
	type FillingEntry,
	FillState,
} from '../../cache/answer-store.ts';
import type { CacheHash } from '../../cache/rules/cache-hash.ts';
import { AnswerFlag, type StoredAnswer } from '../../cache/stored-answer.ts';
import { BodyCoder } from '../../gateway/compress/body-coder.ts';
import type { Coding } from '../../gateway/compress/coding.ts';

/** Bodies that one worker has compressed at a time, on threads that all workers share; and that wait for it. */
const AT_ONCE = 2;
const WAITING_MOST = 256;
/** A longer one would keep others waiting for too long, bytes. */
const BODY_MOST = 16 * 1024 * 1024;
/** What does not become smaller than this share of itself is not worth its memory. */
const WORTH = 0.9;

const CODES: Readonly<Record<Coding, number>> = { br: 1, zstd: 2, gzip: 3 };
/** No key of a request begins so: those begin with their scheme. */
const DERIVED = 122;
const NAME_BYTES = 16;
const KEY_BYTES = 2 + NAME_BYTES;
const NOTHING = Buffer.alloc(0);

/** What stands for a compressed body in the store. One of no length says that it is not worth while. */
const FORM: Omit<StoredAnswer, 'length'> = {
	status: 200,
	flags: AnswerFlag.derived,
	head: NOTHING,
	requestMs: 0,
	responseMs: 0,
	initialAgeMs: 0,
	freshMs: 0,
	staleWhileRevalidateMs: 0,
	staleIfErrorMs: 0,
	vary: [],
	etag: null,
	lastModifiedMs: null,
	tags: [],
};

interface Job {
	readonly entry: AnswerEntry;
	readonly form: FillingEntry;
	readonly coding: Coding;
	readonly level: number;
}

/**
 * Compressed forms of stored bodies: entries of the same store, each found by the body that it was made of and by its
 * coding, and never without that body's own entry. So what makes that one stale, new or invalid does so for all its
 * forms; those of a body that is gone are found by nobody, and make room for others like all that nobody asks for.
 */
export class CompressedAnswers {
	/** Forms that this thread has begun and not ended: others wait for them. */
	static underWay = 0;
	readonly #store: AnswerStore;
	readonly #hash: CacheHash;
	readonly #queue: Job[] = [];
	readonly #key = { bytes: Buffer.alloc(KEY_BYTES), length: KEY_BYTES, high: 0, low: 0 };
	#busy = 0;

	constructor(store: AnswerStore, hash: CacheHash) {
		this.#store = store;
		this.#hash = hash;
		this.#key.bytes[0] = DERIVED;
	}

	/** The form of a whole entry's body: there, or being made by some worker. Pinned; null: neither. */
	find(entry: AnswerEntry, coding: Coding): AnswerEntry | null {
		return this.#store.find(this.#keyOf(entry, coding), isForm);
	}

	/** Begins to make it; pinned. null: there is no room, or too much to do. */
	make(entry: AnswerEntry, coding: Coding, level: number): AnswerEntry | null {
		if (this.#queue.length >= WAITING_MOST || entry.received > BODY_MOST) return null;
		// Its body lies elsewhere.
		if (entry.read(0).length === 0) return null;
		const key = this.#keyOf(entry, coding);
		const form = this.#store.begin(key, isForm);
		// Another worker was quicker.
		if (form === null) return this.#store.find(key, isForm);
		entry.pin();
		form.pin();
		CompressedAnswers.underWay++;
		this.#queue.push({ entry, form, coding, level });
		this.#next();
		return form;
	}

	#keyOf(entry: AnswerEntry, coding: Coding): CacheKey {
		const key = this.#key;
		key.bytes[1] = CODES[coding];
		entry.nameBody(key.bytes, KEY_BYTES - NAME_BYTES);
		const { keyed } = this.#hash;
		keyed.begin();
		keyed.bytes(0, key.bytes, 0, KEY_BYTES);
		keyed.finish();
		key.high = keyed.a;
		key.low = keyed.b;
		return key;
	}

	#next(): void {
		if (this.#busy >= AT_ONCE) return;
		const job = this.#queue.shift();
		if (job === undefined) return;
		this.#busy++;
		void this.#run(job);
	}

	async #run(job: Job): Promise<void> {
		try {
			if (!(await compress(job))) job.form.fail(FillState.refused);
		} catch {
			job.form.fail(FillState.refused);
		} finally {
			job.form.release();
			job.entry.release();
			CompressedAnswers.underWay--;
			this.#busy--;
			this.#next();
		}
	}
}

const isForm = ({ state }: AnswerEntry): boolean => state <= FillState.whole;

/** False: it cannot be made, or there is no room for it. */
async function compress({ entry, form, coding, level }: Job): Promise<boolean> {
	const size = entry.received;
	const coder = BodyCoder.take(coding, { level, size });
	const pieces: Buffer[] = [];
	let length = 0;
	try {
		for (let at = 0; at < size && length <= size * WORTH; ) {
			const piece = entry.read(at);
			if (piece.length === 0) return false;
			at += piece.length;
			const coded = await new Promise<Buffer | null>((then) => coder.code(piece, at >= size, then));
			if (coded === null) return false;
			pieces.push(coded);
			length += coded.length;
		}
	} finally {
		coder.close();
	}
	const isWorth = length <= size * WORTH;
	if (!form.setAnswer({ ...FORM, length: isWorth ? length : 0 })) return false;
	if (isWorth) for (const piece of pieces) if (!form.append(piece, 0, piece.length)) return false;
	form.complete(entry.trailers);
	return true;
}
