/**
 * What is known of an answer, as it lies in memory: numbers first, at places of their own, so that they are read
 * without a copy; then texts: its variant (so that two can be compared as they lie), ETag and tags. The head lies apart,
 * as it is sent.
 */
import type { StoredAnswer } from '../stored-answer.ts';
import type { AnswerMemory } from './answer-memory.ts';

/** 64-bit floats from the start. */
const At = {
	requestMs: 0,
	responseMs: 1,
	initialAgeMs: 2,
	freshMs: 3,
	staleWhileRevalidateMs: 4,
	staleIfErrorMs: 5,
	/** NaN: none. */
	lastModifiedMs: 6,
	length: 7,
	status: 8,
	flags: 9,
} as const;
/** Bytes of the numbers. */
const NUMBERS = 80;
/** Below this many bytes a plain loop is quicker than the call into the runtime. */
const SHORT = 128;
/** A text's length where there is none. */
const NULL = 0xffff;

/** Bytes of a coded answer at most; larger ones are not stored. */
export const ABOUT_MOST: number = 64 * 1024;

export class AnswerCoder {
	/** The result of the last `encode`: bytes[0, length), of which the variant ends at `varyEnd`. */
	readonly bytes: Buffer = Buffer.from(new ArrayBuffer(ABOUT_MOST));
	length = 0;
	varyEnd = 0;
	readonly #floats = new Float64Array(this.bytes.buffer, 0, NUMBERS / 8);
	#at = 0;

	/** False: it is too large. */
	encode(answer: StoredAnswer): boolean {
		let most = NUMBERS + 4 + 2 + (answer.etag?.length ?? 0) * 3;
		for (const { name, value } of answer.vary) most += 4 + (name.length + value.length) * 3;
		for (const tag of answer.tags) most += 2 + tag.length * 3;
		if (most > ABOUT_MOST) return false;
		this.#numbers(answer);
		this.#at = this.bytes.writeUInt16LE(answer.vary.length, NUMBERS);
		for (const { name, value } of answer.vary) {
			this.#text(name);
			this.#text(value);
		}
		this.varyEnd = this.#at;
		this.#text(answer.etag);
		this.#at = this.bytes.writeUInt16LE(answer.tags.length, this.#at);
		for (const tag of answer.tags) this.#text(tag);
		this.length = this.#at;
		return true;
	}

	/** The result, to a byte that eight divide. */
	copy({ bytes, floats }: Pick<AnswerMemory, 'bytes' | 'floats'>, to: number): void {
		const own = this.bytes;
		if (this.length > SHORT) own.copy(bytes, to, 0, this.length);
		else {
			for (let i = 0; i < NUMBERS / 8; i++) floats[to / 8 + i] = this.#floats[i] as number;
			for (let i = NUMBERS; i < this.length; i++) bytes[to + i] = own[i] as number;
		}
	}

	#numbers(answer: StoredAnswer): void {
		const floats = this.#floats;
		floats[At.requestMs] = answer.requestMs;
		floats[At.responseMs] = answer.responseMs;
		floats[At.initialAgeMs] = answer.initialAgeMs;
		floats[At.freshMs] = answer.freshMs;
		floats[At.staleWhileRevalidateMs] = answer.staleWhileRevalidateMs;
		floats[At.staleIfErrorMs] = answer.staleIfErrorMs;
		floats[At.lastModifiedMs] = answer.lastModifiedMs ?? Number.NaN;
		floats[At.length] = answer.length;
		floats[At.status] = answer.status;
		floats[At.flags] = answer.flags;
	}

	#text(text: string | null): void {
		if (text === null) {
			this.#at = this.bytes.writeUInt16LE(NULL, this.#at);
			return;
		}
		const length = this.bytes.write(text, this.#at + 2);
		this.bytes.writeUInt16LE(length, this.#at);
		this.#at += 2 + length;
	}
}

/** Where a coded answer and its head lie, bytes of the memory. */
export interface AnswerPlace {
	readonly from: number;
	readonly varyEnd: number;
	/** The head begins where the coded answer ends. */
	readonly head: number;
	readonly headEnd: number;
}

/** An answer as it lies in memory: texts and head are read when somebody asks for them, and only while it is held. */
export class PlacedAnswer implements StoredAnswer {
	readonly status: number;
	readonly flags: number;
	readonly requestMs: number;
	readonly responseMs: number;
	readonly initialAgeMs: number;
	readonly freshMs: number;
	readonly staleWhileRevalidateMs: number;
	readonly staleIfErrorMs: number;
	readonly lastModifiedMs: number | null;
	readonly length: number;
	readonly #bytes: Buffer;
	readonly #place: AnswerPlace;
	#head: Buffer | null = null;
	#vary: StoredAnswer['vary'] | null = null;
	#etag: string | null | undefined;
	#tags: readonly string[] | null = null;

	constructor({ bytes, floats }: Pick<AnswerMemory, 'bytes' | 'floats'>, place: AnswerPlace) {
		this.#bytes = bytes;
		this.#place = place;
		const at = place.from / 8;
		this.status = floats[at + At.status] as number;
		this.flags = floats[at + At.flags] as number;
		this.requestMs = floats[at + At.requestMs] as number;
		this.responseMs = floats[at + At.responseMs] as number;
		this.initialAgeMs = floats[at + At.initialAgeMs] as number;
		this.freshMs = floats[at + At.freshMs] as number;
		this.staleWhileRevalidateMs = floats[at + At.staleWhileRevalidateMs] as number;
		this.staleIfErrorMs = floats[at + At.staleIfErrorMs] as number;
		const modified = floats[at + At.lastModifiedMs] as number;
		this.lastModifiedMs = Number.isNaN(modified) ? null : modified;
		this.length = floats[at + At.length] as number;
	}

	get head(): Buffer {
		return (this.#head ??= this.#bytes.subarray(this.#place.head, this.#place.headEnd));
	}

	get vary(): StoredAnswer['vary'] {
		return (this.#vary ??= this.#readVary());
	}

	get etag(): string | null {
		if (this.#etag === undefined) this.#etag = new Texts(this.#bytes, this.#place.from + this.#place.varyEnd).next();
		return this.#etag;
	}

	get tags(): readonly string[] {
		return (this.#tags ??= this.#readTags());
	}

	#readVary(): StoredAnswer['vary'] {
		const at = this.#place.from + NUMBERS;
		const count = readLength(this.#bytes, at);
		if (count === 0) return NONE;
		const texts = new Texts(this.#bytes, at + 2);
		return Array.from({ length: count }, () => ({ name: texts.next() ?? '', value: texts.next() ?? '' }));
	}

	#readTags(): readonly string[] {
		const texts = new Texts(this.#bytes, this.#place.from + this.#place.varyEnd);
		texts.skip();
		return Array.from({ length: texts.count() }, () => texts.next() ?? '');
	}
}

const NONE: readonly never[] = [];

/** Whether one of its tags is this one. */
export function hasTag(
	bytes: Buffer,
	{ from, varyEnd }: { from: number; varyEnd: number },
	tags: ReadonlySet<string>,
): boolean {
	const texts = new Texts(bytes, from + varyEnd);
	texts.skip();
	for (let left = texts.count(); left > 0; left--) {
		const tag = texts.next();
		if (tag !== null && tags.has(tag)) return true;
	}
	return false;
}

/** The variants of two answers, each given as where it is coded, are the same. */
export function isSameVariant(bytes: Buffer, one: number, other: number, varyEnd: number): boolean {
	return bytes.compare(bytes, one + NUMBERS, one + varyEnd, other + NUMBERS, other + varyEnd) === 0;
}

/** Reads texts one after another. */
class Texts {
	at: number;
	readonly #bytes: Buffer;

	constructor(bytes: Buffer, at: number) {
		this.#bytes = bytes;
		this.at = at;
	}

	next(): string | null {
		const start = this.at + 2;
		return this.skip() ? this.#bytes.toString('utf8', start, this.at) : null;
	}

	/** False: there is none. */
	skip(): boolean {
		const length = readLength(this.#bytes, this.at);
		this.at += 2 + (length === NULL ? 0 : length);
		return length !== NULL;
	}

	count(): number {
		const count = readLength(this.#bytes, this.at);
		this.at += 2;
		return count;
	}
}

function readLength(bytes: Buffer, at: number): number {
	return (bytes[at] as number) | ((bytes[at + 1] as number) << 8);
}
