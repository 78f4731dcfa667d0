import type { Malformed } from '../core/malformed.ts';
import { CR, HEX, LF, misplaced, SPACE, TAB } from './bytes.ts';
import { Extension, extensionAfter, extensionMayEnd } from './chunk-extension.ts';
import { Field } from './field-names.ts';
import { Fields, HeadFault, parseFields, STRIDE } from './head.ts';

/** How a body is framed (RFC 9112 §6). */
export const BodyKind = { none: 0, length: 1, chunked: 2, untilClose: 3 } as const;

const Step = {
	size: 0,
	blank: 1,
	extension: 2,
	sizeLf: 3,
	data: 4,
	dataCr: 5,
	dataLf: 6,
	trailers: 7,
	done: 8,
} as const;

const SEMICOLON = 59;
/** Most bytes of one chunk's extensions; they carry nothing that anybody uses, only attacks. */
const EXTENSION_MOST = 256;
/** All extensions of a body together may be longer than its payload by this. */
const EXTENSIONS_MORE = 16_384;
/** Room for payload ranges that is kept for the next message. */
const RANGES_KEPT = 1024;
/** Most bytes and fields of a trailer section. */
const TRAILER_MOST = 8192;

/** What a scan may end with besides the number of bytes it took. */
export const BODY_BAD = -1;

/**
 * Follows the framing of one body over the reads that bring it. Payload is never copied here:
 * `scan` says which ranges of the read are payload. Used again for the next message.
 */
export class BodyScan {
	kind: number = BodyKind.none;
	done = true;
	/** Payload bytes still to come, of the body (length) or of the chunk (chunked). */
	remaining = 0;
	/** Payload bytes seen so far. */
	received = 0;
	/** Payload ranges of the last scan: start, end, start, end … */
	ranges = new Int32Array(16);
	rangeCount = 0;
	/** The trailer section as received (its final empty line included); null where there is none. */
	trailers: Buffer | null = null;
	/** What was wrong, where `scan` returned `BODY_BAD`; of no meaning otherwise. */
	fault: Malformed = 'bad_chunk_size';
	#step: number = Step.size;
	#digits = 0;
	#extension = 0;
	#extensions = 0;
	#extensionState: number = Extension.begin;
	#tail: Buffer | null = null;

	start(kind: number, length: number): void {
		this.kind = kind;
		this.remaining = length;
		this.received = 0;
		this.rangeCount = 0;
		this.done = kind === BodyKind.none || (kind === BodyKind.length && length === 0);
		if (kind === BodyKind.chunked) {
			this.remaining = 0;
			this.trailers = null;
			this.#step = Step.size;
			this.#digits = 0;
			this.#extension = 0;
			this.#extensions = 0;
			this.#tail = null;
		}
		if (this.ranges.length > RANGES_KEPT) this.ranges = new Int32Array(16);
	}

	/** Reads buffer[start, end). Returns where this body's bytes end (what follows is the next message's), or `BODY_BAD`. */
	scan(buffer: Uint8Array, start: number, end: number): number {
		this.rangeCount = 0;
		if (this.done) return start;
		if (this.kind === BodyKind.chunked) return this.#scanChunks(buffer, start, end);
		let until = end;
		if (this.kind === BodyKind.length) {
			until = Math.min(end, start + this.remaining);
			this.remaining -= until - start;
			this.done = this.remaining === 0;
		}
		this.#addRange(start, until);
		return until;
	}

	#addRange(start: number, end: number): void {
		if (end <= start) return;
		if (this.rangeCount * 2 >= this.ranges.length) {
			const larger = new Int32Array(this.ranges.length * 2);
			larger.set(this.ranges);
			this.ranges = larger;
		}
		this.ranges[this.rangeCount * 2] = start;
		this.ranges[this.rangeCount * 2 + 1] = end;
		this.rangeCount++;
		this.received += end - start;
	}

	#scanChunks(buffer: Uint8Array, start: number, end: number): number {
		let at = start;
		while (at < end) {
			if (this.#step === Step.data) {
				const until = Math.min(end, at + this.remaining);
				this.#addRange(at, until);
				this.remaining -= until - at;
				at = until;
				if (this.remaining === 0) this.#step = Step.dataCr;
			} else if (this.#step === Step.trailers) {
				return this.#scanTrailers(buffer, at, end);
			} else if (!this.#framingByte(buffer[at++] as number)) {
				this.fault = this.#faultAt(buffer[at - 1] as number);
				return BODY_BAD;
			}
		}
		return at;
	}

	/** One byte between payloads: size, extension or line end (RFC 9112 §7.1). */
	#framingByte(byte: number): boolean {
		switch (this.#step) {
			case Step.size:
				return this.#sizeByte(byte);
			case Step.blank:
				// White space may stand before an extension (RFC 9112 §7.1.1), and nowhere else.
				if (byte !== SEMICOLON) return (byte === SPACE || byte === TAB) && this.#extensionFits();
				return this.#beginExtension();
			case Step.extension:
				if (byte === CR) {
					if (!extensionMayEnd(this.#extensionState)) return false;
					this.#step = Step.sizeLf;
					return true;
				}
				this.#extensionState = extensionAfter(this.#extensionState, byte);
				return this.#extensionState !== Extension.bad && this.#extensionFits();
			case Step.sizeLf:
				if (byte !== LF) return false;
				this.#digits = 0;
				this.#extension = 0;
				this.#step = this.remaining === 0 ? Step.trailers : Step.data;
				return true;
			case Step.dataCr:
				if (byte !== CR) return false;
				this.#step = Step.dataLf;
				return true;
			default:
				if (byte !== LF) return false;
				this.#step = Step.size;
				return true;
		}
	}

	/** What is wrong with a byte that `#framingByte` has just refused. */
	#faultAt(byte: number): Malformed {
		if (this.#extension > EXTENSION_MOST || this.#extensions > EXTENSIONS_MORE + this.received)
			return 'chunk_extensions_too_long';
		switch (this.#step) {
			case Step.size:
			case Step.blank:
				return misplaced(byte, 'bad_chunk_size');
			case Step.extension:
				return misplaced(byte, 'bad_chunk_extension');
			case Step.dataCr:
				return byte === LF ? 'bare_lf' : 'bad_chunk_end';
			default:
				return 'bare_cr';
		}
	}

	#sizeByte(byte: number): boolean {
		const digit = HEX[byte] as number;
		if (digit !== 255) {
			// 12 digits are 256 TiB: beyond it the number would lose its precision.
			if (++this.#digits > 12) return false;
			this.remaining = this.remaining * 16 + digit;
			return true;
		}
		if (this.#digits === 0) return false;
		if (byte === CR) this.#step = Step.sizeLf;
		else if (byte === SEMICOLON) this.#beginExtension();
		else if (byte === SPACE || byte === TAB) this.#step = Step.blank;
		else return false;
		return true;
	}

	#beginExtension(): true {
		this.#step = Step.extension;
		this.#extensionState = Extension.begin;
		return true;
	}

	#extensionFits(): boolean {
		return ++this.#extension <= EXTENSION_MOST && ++this.#extensions <= EXTENSIONS_MORE + this.received;
	}

	/** Trailers are few and rare: they are gathered, then read like the fields of a head. */
	#scanTrailers(buffer: Uint8Array, start: number, end: number): number {
		if (this.#tail === null && end - start >= 2 && buffer[start] === CR && buffer[start + 1] === LF) {
			this.done = true;
			this.#step = Step.done;
			return start + 2;
		}
		const before = this.#tail?.length ?? 0;
		const piece = Buffer.from(buffer.subarray(start, Math.min(end, start + TRAILER_MOST + 4 - before)));
		const tail = this.#tail === null ? piece : Buffer.concat([this.#tail, piece]);
		const fields = new Fields(64);
		const parsed = parseFields(tail, 0, tail.length, fields);
		if (parsed < 0 || (parsed === 0 && tail.length > TRAILER_MOST)) {
			this.fault = parsed === HeadFault.bad ? fields.fault : 'trailers_too_large';
			return BODY_BAD;
		}
		if (parsed === 0) {
			this.#tail = tail;
			return end;
		}
		this.#tail = null;
		if (parsed > 2) this.trailers = passableTrailers(tail, fields);
		this.done = true;
		this.#step = Step.done;
		return start + parsed - before;
	}
}

/** Framing, routing and hop-by-hop fields mean nothing at the end of a message, except to an attacker (RFC 9110 §6.5.1). */
function passableTrailers(tail: Buffer, fields: Fields): Buffer {
	const lines: Buffer[] = [];
	for (let i = 0; i < fields.count; i++) {
		const row = i * STRIDE;
		const field = fields.table[row + 4] as number;
		if (field !== Field.other && field < Field.firstCache) continue;
		const name = tail.subarray(fields.table[row] as number, fields.table[row + 1] as number);
		const value = tail.subarray(fields.table[row + 2] as number, fields.table[row + 3] as number);
		lines.push(name, COLON_SPACE, value, CRLF);
	}
	return Buffer.concat([...lines, CRLF]);
}

const COLON_SPACE = Buffer.from(': ');
const CRLF = Buffer.from('\r\n');
