/**
 * All whole answers as a stream of bytes, for a start that is warm: written by one worker or the control plane beside
 * the load, read into an empty memory. Its format is this program's own: what does not begin as it should, is cut short
 * or was damaged is read up to there.
 */
import { setImmediate as nextTurn } from 'node:timers/promises';
import { crc32 } from 'node:zlib';
import { type AnswerEntry, type CacheKey, FillState } from '../answer-store.ts';
import { AnswerFlag } from '../stored-answer.ts';
import { ABOUT_MOST, PlacedAnswer } from './answer-codec.ts';
import { UNIT } from './answer-memory.ts';
import { Cell, RECORD_BYTES } from './entry-record.ts';
import { KEY_MOST, type MemoryStore } from './memory-store.ts';

const MAGIC: Buffer = Buffer.from('ballast-answers 1\n');
/** Lengths of key, coded answer, its variant, head, trailers and body, how often given; when stale; check sum of all but the body. */
const HEADER = 7 * 4 + 8 + 4;
const SUM = HEADER - 4;
const HEAD_MOST = 1024 * 1024;
/** Buckets between two turns of the event loop. */
const BUCKETS = 256;
/** Records likewise. */
const RECORDS = 64;

/** Chunks are copies, and no larger than a megabyte or so. */
export async function* snapshotAnswers(store: MemoryStore): AsyncGenerator<Buffer> {
	const { memory, table } = store;
	const isWhole = (unit: number): boolean =>
		memory.cells[memory.cell(unit) + Cell.state] === FillState.whole && table.isOfNow(memory.cell(unit));
	yield MAGIC;
	for (let bucket = 0; bucket <= memory.bucketMask; bucket++) {
		if (bucket % BUCKETS === 0) await nextTurn();
		const units = table.collectBucket(bucket, isWhole);
		let at = 0;
		try {
			for (; at < units.length; at++) {
				const entry = store.entryAt(units[at] as number).hold();
				try {
					// Nothing would find it there.
					if (((entry.answer?.flags ?? 0) & AnswerFlag.derived) === 0) yield* chunksOf(store, entry);
				} finally {
					entry.release();
				}
			}
		} finally {
			// Whoever reads may have had enough.
			for (at++; at < units.length; at++) table.release(units[at] as number);
		}
	}
}

function* chunksOf(store: MemoryStore, entry: AnswerEntry & { unit: number }): Generator<Buffer> {
	const { cells, bytes } = store.memory;
	const at = store.memory.cell(entry.unit);
	const key = store.memory.byte(entry.unit) + RECORD_BYTES;
	const about = store.memory.byte(cells[at + Cell.content] as number);
	const lengths = [Cell.keyLength, Cell.aboutLength, Cell.varyEnd, Cell.headLength].map((cell) => cells[at + cell]);
	const [keyLength, aboutLength, , headLength] = lengths as [number, number, number, number];
	const trailers = entry.trailers ?? Buffer.alloc(0);
	const header = Buffer.alloc(HEADER);
	const numbers = [...lengths, trailers.length, entry.received, cells[at + Cell.frequency]] as number[];
	for (const [index, number] of numbers.entries()) header.writeUInt32LE(number, index * 4);
	header.writeDoubleLE(entry.staleFromMs, 28);
	const parts = [
		bytes.subarray(key, key + keyLength),
		bytes.subarray(about, about + aboutLength + headLength),
		trailers,
	];
	header.writeUInt32LE(sumOf([header.subarray(0, SUM), ...parts]), SUM);
	yield Buffer.concat([header, ...parts]);
	let sum = 0;
	for (let from = 0; from < entry.received; ) {
		const part = entry.read(from);
		sum = crc32(part, sum);
		from += part.length;
		yield Buffer.from(part);
	}
	const end = Buffer.alloc(4);
	end.writeUInt32LE(sum);
	yield end;
}

/** Puts in what a snapshot holds, and says how many; `keyOf` hashes a key's bytes as this start does. */
export async function restoreAnswers(
	store: MemoryStore,
	source: AsyncIterable<Buffer>,
	keyOf: (bytes: Buffer) => CacheKey,
): Promise<number> {
	const input = new Input(source);
	let count = 0;
	if (!(await input.take(MAGIC.length))?.equals(MAGIC)) return 0;
	for (let records = 1; ; records++) {
		if (records % RECORDS === 0) await nextTurn();
		const done = await restoreOne(store, input, keyOf);
		if (done === null) break;
		if (done) count++;
	}
	await input.close();
	return count;
}

/** null: the end, or what cannot be believed; false: there was no room for it. */
async function restoreOne(
	store: MemoryStore,
	input: Input,
	keyOf: (bytes: Buffer) => CacheKey,
): Promise<boolean | null> {
	const header = await input.take(HEADER);
	if (header === null) return null;
	const [key, about, varyEnd, head, trailers, body, frequency] = Array.from({ length: 7 }, (_, index) =>
		header.readUInt32LE(index * 4),
	) as [number, number, number, number, number, number, number];
	const believed = key <= KEY_MOST && about <= ABOUT_MOST && varyEnd <= about && head + trailers <= 2 * HEAD_MOST;
	const rest = believed ? await input.take(key + about + head + trailers) : null;
	if (rest === null || sumOf([header.subarray(0, SUM), rest]) !== header.readUInt32LE(SUM)) return null;
	// Numbers are read in place, so they must lie as they do in memory.
	const bytes = Buffer.from(new ArrayBuffer(Math.ceil((about + head) / UNIT) * UNIT));
	rest.copy(bytes, 0, key, key + about + head);
	const answer = new PlacedAnswer(
		{ bytes, floats: new Float64Array(bytes.buffer) },
		{ from: 0, varyEnd, head: about, headEnd: about + head },
	);
	const entry = store.begin(keyOf(rest.subarray(0, key)));
	let done = entry?.setAnswer(answer) ?? false;
	let sum = 0;
	for (let left = body; left > 0; ) {
		const part = await input.takeUpTo(left);
		if (part !== null) sum = crc32(part, sum);
		left -= part?.length ?? left;
		if (part === null || entry?.append(part, 0, part.length) !== true) done = false;
	}
	const end = await input.take(4);
	const intact = end !== null && end.readUInt32LE() === sum;
	if (entry !== null) {
		if (done && intact) {
			entry.complete(trailers === 0 ? null : rest.subarray(rest.length - trailers));
			store.carryOver(entry.unit, { frequency, staleFromMs: header.readDoubleLE(28) });
		} else entry.fail(FillState.broken);
		entry.release();
	}
	return intact ? done : null;
}

function sumOf(parts: readonly Buffer[]): number {
	return parts.reduce((sum, part) => crc32(part, sum), 0);
}

/** Bytes of a stream, as many as are asked for. */
class Input {
	readonly #chunks: AsyncIterator<Buffer>;
	#chunk: Buffer = Buffer.alloc(0);

	constructor(source: AsyncIterable<Buffer>) {
		this.#chunks = source[Symbol.asyncIterator]();
	}

	/** null: there are not so many. */
	async take(length: number): Promise<Buffer | null> {
		if (this.#chunk.length < length) {
			const parts = [this.#chunk];
			let all = this.#chunk.length;
			while (all < length) {
				const { value, done } = await this.#chunks.next();
				if (done === true) return null;
				parts.push(value);
				all += value.length;
			}
			this.#chunk = Buffer.concat(parts);
		}
		const taken = this.#chunk.subarray(0, length);
		this.#chunk = this.#chunk.subarray(length);
		return taken;
	}

	/** At least one, and no more than so many. */
	async takeUpTo(most: number): Promise<Buffer | null> {
		return this.#chunk.length > 0 ? this.take(Math.min(most, this.#chunk.length)) : this.#next(most);
	}

	async close(): Promise<void> {
		await this.#chunks.return?.();
	}

	async #next(most: number): Promise<Buffer | null> {
		const first = await this.take(1);
		if (first === null) return null;
		const rest = await this.take(Math.min(most - 1, this.#chunk.length));
		return rest === null ? first : Buffer.concat([first, rest]);
	}
}
