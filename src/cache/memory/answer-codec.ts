/**
 * What is known of an answer, as bytes: its variant first, so that two can be compared as they lie. The head lies
 * apart, as it is sent.
 */
import type { StoredAnswer } from '../stored-answer.ts';

const NULL = 0xffff;
/** Bytes of the numbers behind the variant. */
const NUMBERS = 2 + 4 + 8 * 8;

/** Bytes of a coded answer at most; larger ones are not stored. */
export const ABOUT_MOST: number = 64 * 1024;

export class AnswerCoder {
	/** The result of the last `encode`: bytes[0, length), of which the variant is [0, varyLength). */
	readonly bytes: Buffer = Buffer.allocUnsafeSlow(ABOUT_MOST);
	length = 0;
	varyLength = 0;
	#at = 0;

	/** False: it is too large. */
	encode(answer: StoredAnswer): boolean {
		let most = 2 + NUMBERS + 2 + 2 + (answer.etag?.length ?? 0) * 3;
		for (const { name, value } of answer.vary) most += 4 + (name.length + value.length) * 3;
		for (const tag of answer.tags) most += 2 + tag.length * 3;
		if (most > ABOUT_MOST) return false;
		this.#at = this.bytes.writeUInt16LE(answer.vary.length, 0);
		for (const { name, value } of answer.vary) {
			this.#text(name);
			this.#text(value);
		}
		this.varyLength = this.#at;
		this.#numbers(answer);
		this.#text(answer.etag);
		this.#at = this.bytes.writeUInt16LE(answer.tags.length, this.#at);
		for (const tag of answer.tags) this.#text(tag);
		this.length = this.#at;
		return true;
	}

	#numbers(answer: StoredAnswer): void {
		const { bytes } = this;
		let at = bytes.writeUInt16LE(answer.status, this.#at);
		at = bytes.writeInt32LE(answer.flags, at);
		at = bytes.writeDoubleLE(answer.requestMs, at);
		at = bytes.writeDoubleLE(answer.responseMs, at);
		at = bytes.writeDoubleLE(answer.initialAgeMs, at);
		at = bytes.writeDoubleLE(answer.freshMs, at);
		at = bytes.writeDoubleLE(answer.staleWhileRevalidateMs, at);
		at = bytes.writeDoubleLE(answer.staleIfErrorMs, at);
		at = bytes.writeDoubleLE(answer.lastModifiedMs ?? Number.NaN, at);
		this.#at = bytes.writeDoubleLE(answer.length, at);
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

/** `about`: what `encode` made. */
export function decodeAnswer(about: Buffer, varyLength: number, head: Buffer): StoredAnswer {
	const texts = new Texts(about, 2);
	const vary = Array.from({ length: about.readUInt16LE(0) }, () => ({
		name: texts.next() ?? '',
		value: texts.next() ?? '',
	}));
	const at = varyLength + 6;
	const lastModifiedMs = about.readDoubleLE(at + 48);
	texts.at = varyLength + NUMBERS;
	const etag = texts.next();
	const count = about.readUInt16LE(texts.at);
	texts.at += 2;
	return {
		status: about.readUInt16LE(varyLength),
		flags: about.readInt32LE(varyLength + 2),
		head,
		requestMs: about.readDoubleLE(at),
		responseMs: about.readDoubleLE(at + 8),
		initialAgeMs: about.readDoubleLE(at + 16),
		freshMs: about.readDoubleLE(at + 24),
		staleWhileRevalidateMs: about.readDoubleLE(at + 32),
		staleIfErrorMs: about.readDoubleLE(at + 40),
		vary,
		etag,
		lastModifiedMs: Number.isNaN(lastModifiedMs) ? null : lastModifiedMs,
		tags: Array.from({ length: count }, () => texts.next() ?? ''),
		length: about.readDoubleLE(at + 56),
	};
}

/** Whether one of the tags is this one. */
export function hasTag(about: Buffer, varyLength: number, tag: Buffer): boolean {
	let at = varyLength + NUMBERS;
	const etag = about.readUInt16LE(at);
	at += 2 + (etag === NULL ? 0 : etag);
	let left = about.readUInt16LE(at);
	for (at += 2; left > 0; left--) {
		const length = about.readUInt16LE(at);
		if (length === tag.length && about.compare(tag, 0, length, at + 2, at + 2 + length) === 0) return true;
		at += 2 + length;
	}
	return false;
}

class Texts {
	at: number;
	readonly #bytes: Buffer;

	constructor(bytes: Buffer, at: number) {
		this.#bytes = bytes;
		this.at = at;
	}

	next(): string | null {
		const length = this.#bytes.readUInt16LE(this.at);
		this.at += 2;
		if (length === NULL) return null;
		this.at += length;
		return this.#bytes.toString('utf8', this.at - length, this.at);
	}
}
