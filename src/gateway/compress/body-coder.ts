import { constants, createBrotliCompress, createGzip, createZstdCompress, type Gzip } from 'node:zlib';
import type { Coding } from './coding.ts';

const {
	BROTLI_OPERATION_FLUSH,
	BROTLI_OPERATION_PROCESS,
	BROTLI_PARAM_LGWIN,
	BROTLI_PARAM_QUALITY,
	BROTLI_PARAM_SIZE_HINT,
	Z_NO_FLUSH,
	Z_SYNC_FLUSH,
	ZSTD_c_compressionLevel,
	ZSTD_c_windowLog,
	ZSTD_e_continue,
	ZSTD_e_flush,
} = constants;

/** Bits of the window of what is compressed on its way: its memory is one client's. */
const STREAM_WINDOW = 18;
/** What comes of one piece is fetched at once: nothing else bounds it. */
const PIECE_MOST = 0x7fff_ffff;

export interface CodingOptions {
	readonly level: number;
	/** Bytes of all of it; -1: they come one after another, and each piece is to be readable when it is out. */
	readonly size: number;
}

/** Is given what came of a piece; null: it cannot be compressed. */
export type Coded = (bytes: Buffer | null) => void;

/** Compresses one body, piece by piece, on the threads of the runtime's pool. */
export class BodyCoder {
	readonly #stream: Gzip;
	#then: Coded | null = null;

	constructor(coding: Coding, options: CodingOptions) {
		this.#stream = streamOf(coding, options);
		this.#stream.on('error', () => this.#done(null));
	}

	/** One piece at a time: `then` comes in a later turn, and until then the bytes must stay as they are. `last`: all was given. */
	code(bytes: Buffer, last: boolean, then: Coded): void {
		this.#then = then;
		if (last) this.#end(bytes);
		else this.#stream.write(bytes, () => this.#fetch());
	}

	#end(bytes: Buffer): void {
		const pieces: Buffer[] = [];
		// What is left in it comes behind its `finish`.
		this.#stream.on('data', (piece: Buffer) => pieces.push(piece));
		this.#stream.on('end', () => this.#done(joined(pieces)));
		this.#stream.end(bytes);
	}

	/** Nobody wants the rest. */
	close(): void {
		this.#then = null;
		this.#stream.destroy();
	}

	#fetch(): void {
		if (this.#then === null) return;
		const pieces: Buffer[] = [];
		for (let piece = this.#read(); piece !== null; piece = this.#read()) pieces.push(piece);
		this.#done(joined(pieces));
	}

	#read(): Buffer | null {
		return this.#stream.read();
	}

	#done(bytes: Buffer | null): void {
		const then = this.#then;
		this.#then = null;
		then?.(bytes);
	}
}

const joined = (pieces: Buffer[]): Buffer => (pieces.length === 1 ? (pieces[0] as Buffer) : Buffer.concat(pieces));

function streamOf(coding: Coding, { level, size }: CodingOptions): Gzip {
	const streaming = size < 0;
	const room = { readableHighWaterMark: PIECE_MOST };
	if (coding === 'gzip') return createGzip({ ...room, level, flush: streaming ? Z_SYNC_FLUSH : Z_NO_FLUSH });
	if (coding === 'br')
		return createBrotliCompress({
			...room,
			flush: streaming ? BROTLI_OPERATION_FLUSH : BROTLI_OPERATION_PROCESS,
			params: {
				[BROTLI_PARAM_QUALITY]: level,
				...(streaming ? { [BROTLI_PARAM_LGWIN]: STREAM_WINDOW } : { [BROTLI_PARAM_SIZE_HINT]: size }),
			},
		}) as unknown as Gzip;
	return createZstdCompress({
		...room,
		flush: streaming ? ZSTD_e_flush : ZSTD_e_continue,
		params: { [ZSTD_c_compressionLevel]: level, ...(streaming ? { [ZSTD_c_windowLog]: STREAM_WINDOW } : {}) },
	}) as unknown as Gzip;
}

/** A whole body; null: it cannot be compressed. */
export async function compressWhole(bytes: Buffer, coding: Coding, level: number): Promise<Buffer | null> {
	const coder = new BodyCoder(coding, { level, size: bytes.length });
	const coded = await new Promise<Buffer | null>((then) => coder.code(bytes, true, then));
	coder.close();
	return coded;
}
