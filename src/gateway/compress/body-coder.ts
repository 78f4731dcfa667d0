import {
	brotliCompressSync,
	constants,
	createBrotliCompress,
	createGzip,
	createZstdCompress,
	type Deflate,
	gzipSync,
	zstdCompressSync,
} from 'node:zlib';
import type { Coding } from './coding.ts';
import { CompressCounts } from './compress-counts.ts';

const {
	BROTLI_OPERATION_FINISH,
	BROTLI_OPERATION_FLUSH,
	BROTLI_OPERATION_PROCESS,
	BROTLI_PARAM_LGWIN,
	BROTLI_PARAM_QUALITY,
	BROTLI_PARAM_SIZE_HINT,
	Z_FINISH,
	Z_NO_FLUSH,
	Z_SYNC_FLUSH,
	ZSTD_c_compressionLevel,
	ZSTD_c_windowLog,
	ZSTD_e_continue,
	ZSTD_e_end,
	ZSTD_e_flush,
} = constants;

/** Bits of the window of what is compressed on its way: its memory is one client's. */
const STREAM_WINDOW = 18;
/** What comes of one piece is fetched at once: nothing else bounds it. */
const PIECE_MOST = 0x7fff_ffff;
/** To begin one costs more than to compress a small body: so many of a kind are kept for the next. */
const SPARE_MOST = 16;
const END: Readonly<Record<Coding, number>> = { gzip: Z_FINISH, br: BROTLI_OPERATION_FINISH, zstd: ZSTD_e_end };

export interface CodingOptions {
	readonly level: number;
	/** Bytes of all of it; -1: they come one after another, and each piece is to be readable when it is out. */
	readonly size: number;
}

/** Is given what came of a piece; null: it cannot be compressed. */
export type Coded = (bytes: Buffer | null) => void;

const spare = new Map<string, BodyCoder[]>();

/** Compresses one body, piece by piece, on the threads of the runtime's pool. */
export class BodyCoder {
	readonly #stream: Deflate;
	readonly #coding: Coding;
	/** Of the piece that is compressed now. */
	#inBytes = 0;
	/** Those that may take its place; null: it is used once. */
	readonly #spare: BodyCoder[] | null;
	#then: Coded | null = null;
	/** It holds nothing of a body. */
	#clean = true;
	#closed = false;

	/** `close` gives it back. */
	static take(coding: Coding, { level, size }: CodingOptions): BodyCoder {
		// One that is small gains nothing by a larger window.
		if (size > 2 ** STREAM_WINDOW) return new BodyCoder(coding, wholeStream(coding, { level, size }), null);
		// Begun anew it forgets its quality.
		if (coding === 'br') return new BodyCoder(coding, pieceStream(coding, level), null);
		const kind = `${coding} ${level}`;
		let kept = spare.get(kind);
		if (kept === undefined) spare.set(kind, (kept = []));
		const coder = kept.pop() ?? new BodyCoder(coding, pieceStream(coding, level), kept);
		coder.#closed = false;
		return coder;
	}

	private constructor(coding: Coding, stream: Deflate, kept: BodyCoder[] | null) {
		this.#stream = stream;
		this.#coding = coding;
		this.#spare = kept;
		stream.on('error', () => this.#done(null));
	}

	/** One piece at a time: `then` comes in a later turn, and until then the bytes must stay as they are. `last`: all was given. */
	code(bytes: Buffer, last: boolean, then: Coded): void {
		this.#then = then;
		this.#clean = false;
		this.#inBytes = bytes.length;
		if (bytes.length > 0 || !last) this.#stream.write(bytes, last ? undefined : () => this.#fetch(false));
		if (last) this.#stream.flush(END[this.#coding], () => this.#fetch(true));
	}

	/** Nobody wants the rest. Not to be used any more. */
	close(): void {
		if (this.#closed) return;
		this.#closed = true;
		this.#then = null;
		if (this.#spare === null || !this.#clean || this.#spare.length >= SPARE_MOST) {
			this.#stream.destroy();
			return;
		}
		this.#stream.reset();
		this.#spare.push(this);
	}

	#fetch(isEnd: boolean): void {
		if (this.#then === null) return;
		const pieces: Buffer[] = [];
		for (let piece = this.#read(); piece !== null; piece = this.#read()) pieces.push(piece);
		this.#clean = isEnd;
		this.#done(pieces.length === 1 ? (pieces[0] as Buffer) : Buffer.concat(pieces));
	}

	#read(): Buffer | null {
		return this.#stream.read();
	}

	#done(bytes: Buffer | null): void {
		const then = this.#then;
		this.#then = null;
		if (bytes !== null) CompressCounts.own.add(this.#coding, this.#inBytes, bytes.length);
		then?.(bytes);
	}
}

/** For pieces that can be read as soon as they are out, and for what is small. */
function pieceStream(coding: Coding, level: number): Deflate {
	const room = { readableHighWaterMark: PIECE_MOST };
	if (coding === 'gzip') return createGzip({ ...room, level, flush: Z_SYNC_FLUSH }) as Deflate;
	if (coding === 'br') {
		const params = { [BROTLI_PARAM_QUALITY]: level, [BROTLI_PARAM_LGWIN]: STREAM_WINDOW };
		return createBrotliCompress({ ...room, flush: BROTLI_OPERATION_FLUSH, params }) as unknown as Deflate;
	}
	const params = { [ZSTD_c_compressionLevel]: level, [ZSTD_c_windowLog]: STREAM_WINDOW };
	return createZstdCompress({ ...room, flush: ZSTD_e_flush, params }) as unknown as Deflate;
}

/** For a large body that nobody reads before it is whole. */
function wholeStream(coding: Coding, { level, size }: CodingOptions): Deflate {
	const room = { readableHighWaterMark: PIECE_MOST };
	if (coding === 'gzip') return createGzip({ ...room, level, flush: Z_NO_FLUSH }) as Deflate;
	if (coding === 'br') {
		const params = { [BROTLI_PARAM_QUALITY]: level, [BROTLI_PARAM_SIZE_HINT]: size };
		return createBrotliCompress({ ...room, flush: BROTLI_OPERATION_PROCESS, params }) as unknown as Deflate;
	}
	const params = { [ZSTD_c_compressionLevel]: level };
	return createZstdCompress({ ...room, flush: ZSTD_e_continue, params }) as unknown as Deflate;
}

/** A small body, at once: what other threads cost would be more. */
export function compressNow(bytes: Buffer, coding: Coding, level: number): Buffer {
	const coded = codedNow(bytes, coding, level);
	CompressCounts.own.add(coding, bytes.length, coded.length);
	return coded;
}

function codedNow(bytes: Buffer, coding: Coding, level: number): Buffer {
	if (coding === 'gzip') return gzipSync(bytes, { level });
	if (coding === 'br')
		return brotliCompressSync(bytes, {
			params: { [BROTLI_PARAM_QUALITY]: level, [BROTLI_PARAM_SIZE_HINT]: bytes.length },
		});
	return zstdCompressSync(bytes, { params: { [ZSTD_c_compressionLevel]: level, [ZSTD_c_windowLog]: STREAM_WINDOW } });
}

/** A whole body; null: it cannot be compressed. */
export async function compressWhole(bytes: Buffer, coding: Coding, level: number): Promise<Buffer | null> {
	const coder = BodyCoder.take(coding, { level, size: bytes.length });
	const coded = await new Promise<Buffer | null>((then) => coder.code(bytes, true, then));
	coder.close();
	return coded;
}
