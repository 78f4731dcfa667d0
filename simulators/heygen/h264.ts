/** A video stream of one colour that every player takes: H.264 baseline, one key frame, then frames that repeat it. */

interface Picture {
	width: number;
	height: number;
	/** Luma and the two chroma values, 16 to 235. */
	colour: readonly [y: number, cb: number, cr: number];
}

/** What a decoder must know first, and the two frames; each without a start code or a length. */
export interface Stream {
	sequence: Buffer;
	picture: Buffer;
	keyFrame: Buffer;
	/** The frame that repeats the one before; its number counts from 1 after the key frame. */
	repeat(number: number): Buffer;
}

/** Bits, most significant first (ITU-T H.264 §7.2). */
class Bits {
	readonly #bytes: number[] = [];
	#filled = 0;

	put(value: number, bits: number): this {
		for (let at = bits - 1; at >= 0; at--) {
			if (this.#filled === 0) this.#bytes.push(0);
			if ((value >>> at) & 1) this.#bytes[this.#bytes.length - 1] = this.#lastByte() | (0x80 >>> this.#filled);
			this.#filled = (this.#filled + 1) & 7;
		}
		return this;
	}

	/** Exponential Golomb, `ue(v)` of §9.1. */
	golomb(...values: number[]): this {
		for (const value of values) {
			const bits = 32 - Math.clz32(value + 1);
			this.put(0, bits - 1).put(value + 1, bits);
		}
		return this;
	}

	/** Zeros up to the next byte. */
	align(): this {
		this.#filled = 0;
		return this;
	}

	/** The unit, with its header, its stop bit and bytes that keep start codes out of it (§7.3.1). */
	unit(header: number): Buffer {
		this.put(1, 1);
		const escaped = [header];
		let zeros = 0;
		for (const byte of this.#bytes) {
			if (zeros >= 2 && byte <= 3) {
				escaped.push(3);
				zeros = 0;
			}
			escaped.push(byte);
			zeros = byte === 0 ? zeros + 1 : 0;
		}
		return Buffer.from(escaped);
	}

	#lastByte(): number {
		return this.#bytes[this.#bytes.length - 1] as number;
	}
}

const FRAME_NUMBER_BITS = 4;
const LEVEL = 40;

export function streamOf({ width, height, colour }: Picture): Stream {
	const columns = Math.ceil(width / 16);
	const rows = Math.ceil(height / 16);
	return {
		sequence: sequenceOf({ width, height, columns, rows }),
		// Entropy coding by Exp-Golomb, one slice group, filter control present.
		picture: new Bits().golomb(0, 0).put(0, 2).golomb(0, 0, 0).put(0, 3).golomb(0, 0, 0).put(0b100, 3).unit(0x68),
		keyFrame: keyFrameOf(columns, rows, colour),
		repeat: (number) => repeatOf(number, columns * rows),
	};
}

function sequenceOf(size: { width: number; height: number; columns: number; rows: number }): Buffer {
	const { width, height, columns, rows } = size;
	const bits = new Bits().put(66, 8).put(0b11000000, 8).put(LEVEL, 8);
	// Frame numbers of four bits, output in the order of decoding, one reference frame.
	bits
		.golomb(0, FRAME_NUMBER_BITS - 4, 2, 1)
		.put(0, 1)
		.golomb(columns - 1, rows - 1)
		.put(0b11, 2);
	const [right, bottom] = [(columns * 16 - width) / 2, (rows * 16 - height) / 2];
	if (right + bottom > 0) bits.put(1, 1).golomb(0, right, 0, bottom);
	else bits.put(0, 1);
	return bits.put(0, 1).unit(0x67);
}

/** The first macroblock says the colour in full, all others take it from their neighbours. */
function keyFrameOf(columns: number, rows: number, [y, cb, cr]: Picture['colour']): Buffer {
	const bits = new Bits().golomb(0, 7, 0).put(0, FRAME_NUMBER_BITS).golomb(0).put(0, 2).golomb(0, 1);
	bits.golomb(25).align();
	for (let at = 0; at < 384; at++) bits.put(at < 256 ? y : at < 320 ? cb : cr, 8);
	for (let block = 1; block < columns * rows; block++) {
		// Intra 16×16, mean of the neighbours, nothing left over (§7.4.5, table 7-11).
		bits.golomb(3, 0, 0);
		// An empty list of coefficients; beside the full block its code is another one (§9.2.1).
		if (block === 1 || block === columns) bits.put(0b000011, 6);
		else bits.put(1, 1);
	}
	return bits.unit(0x65);
}

function repeatOf(number: number, blocks: number): Buffer {
	const frameNumber = number % (1 << FRAME_NUMBER_BITS);
	const bits = new Bits().golomb(0, 5, 0).put(frameNumber, FRAME_NUMBER_BITS).put(0, 3).golomb(0, 1);
	return bits.golomb(blocks).unit(0x41);
}
