/**
 * All whole answers as a stream of bytes, for a start that is warm: written by one worker or the control plane beside
 * the load, read into an empty memory. Its format is this program's own: what does not begin as it should, is cut short
 * or was damaged is read up to there.
 */
import { setImmediate as nextTurn } from 'node:timers/promises';
import { crc32 } from 'node:zlib';
import { FillState } from '../answer-store.ts';
import { adoptFile, beginFound, endFound, type Found, VARIANTS_MOST } from '../restore/adopt.ts';
import { answerOf, unconfirmed } from '../restore/disk-scan.ts';
import type { RestoreGuard } from '../restore/restore-guard.ts';
import { AnswerFlag } from '../stored-answer.ts';
import { ABOUT_MOST } from './answer-codec.ts';
import { Cell, RECORD_BYTES } from './entry-record.ts';
import type { MemoryEntry } from './memory-entry.ts';
import { KEY_MOST, type MemoryStore } from './memory-store.ts';

const MAGIC: Buffer = Buffer.from('ballast-answers 2\n');
/**
 * Lengths of key, coded answer, its variant, head, trailers and body, how often given; number and pages of its file, 0
 * where its body follows; when stale; check sum of all but the body.
 */
const HEADER = 9 * 4 + 8 + 4;
const STALE = 9 * 4;
const SUM = HEADER - 4;
const HEAD_MOST = 1024 * 1024;
/** Buckets between two turns of the event loop. */
const BUCKETS = 256;
/** Records likewise. */
const RECORDS = 64;

/** Stands at the end, in the place of a header. */
const END: Buffer = Buffer.alloc(HEADER, 'ballast-answers end\n');

export interface SnapshotOptions {
	/** See `RestoreGuard.node`. */
	node: Buffer;
	/** Which answers it is of; default all. */
	wanted?: (entry: MemoryEntry, key: Buffer) => boolean;
}

/** Chunks are copies, and no larger than a megabyte or so. Of a body that lies on disk only where it lies is told. */
export async function* snapshotAnswers(
	store: MemoryStore,
	{ node, wanted = () => true }: SnapshotOptions,
): AsyncGenerator<Buffer> {
	const { memory, table } = store;
	const isWhole = (unit: number): boolean =>
		memory.cells[memory.cell(unit) + Cell.state] === FillState.whole && table.isOfNow(memory.cell(unit));
	yield Buffer.concat([MAGIC, node]);
	for (let bucket = 0; bucket <= memory.bucketMask; bucket++) {
		if (bucket % BUCKETS === 0) await nextTurn();
		const units = table.collectBucket(bucket, isWhole);
		let at = 0;
		try {
			for (; at < units.length; at++) {
				const entry = store.entryAt(units[at] as number).hold();
				try {
					// Nothing would find what was made of another one's body.
					const derived = ((entry.answer?.flags ?? 0) & AnswerFlag.derived) !== 0;
					if (!derived && wanted(entry, keyOf(store, entry))) yield* chunksOf(store, entry);
				} finally {
					entry.release();
				}
			}
		} finally {
			// Whoever reads may have had enough.
			for (at++; at < units.length; at++) table.release(units[at] as number);
		}
	}
	yield END;
}

function keyOf({ memory }: MemoryStore, { unit }: MemoryEntry): Buffer {
	const key = memory.byte(unit) + RECORD_BYTES;
	return memory.bytes.subarray(key, key + (memory.cells[memory.cell(unit) + Cell.keyLength] as number));
}

function* chunksOf(store: MemoryStore, entry: MemoryEntry): Generator<Buffer> {
	const { cells, bytes } = store.memory;
	const at = store.memory.cell(entry.unit);
	const about = store.memory.content(at);
	const lengths = [Cell.keyLength, Cell.aboutLength, Cell.varyEnd, Cell.headLength].map((cell) => cells[at + cell]);
	const [, aboutLength, , headLength] = lengths as [number, number, number, number];
	const trailers = entry.trailers ?? Buffer.alloc(0);
	const header = Buffer.alloc(HEADER);
	const { file, pages } = entry.placed;
	const numbers = [...lengths, trailers.length, entry.received, cells[at + Cell.frequency], file, pages] as number[];
	for (const [index, number] of numbers.entries()) header.writeUInt32LE(number, index * 4);
	header.writeDoubleLE(entry.staleFromMs, STALE);
	const parts = [keyOf(store, entry), bytes.subarray(about, about + aboutLength + headLength), trailers];
	header.writeUInt32LE(sumOf([header.subarray(0, SUM), ...parts]), SUM);
	yield Buffer.concat([header, ...parts]);
	if (file !== 0) return;
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

/** What came of a snapshot. */
export interface Restored {
	/** Answers that are there again. */
	count: number;
	/** Files that they are in. */
	files: Set<number>;
	/** It was read to its end. */
	intact: boolean;
}

/** Puts in what a snapshot holds, as far as `guard` lets it. */
export async function restoreAnswers(
	store: MemoryStore,
	source: AsyncIterable<Buffer>,
	guard: RestoreGuard,
): Promise<Restored> {
	const input = new Input(source);
	const restored: Restored = { count: 0, files: new Set(), intact: false };
	const begin = Buffer.concat([MAGIC, guard.node]);
	const isOurs = (await input.take(begin.length))?.equals(begin) === true;
	for (let records = 1; isOurs; records++) {
		if (records % RECORDS === 0) await nextTurn();
		const header = await input.take(HEADER);
		restored.intact = header?.equals(END) === true;
		if (header === null || restored.intact) break;
		const done = await restoreOne(store, input, { header, guard, files: restored.files });
		if (done === null) break;
		if (done) restored.count++;
	}
	await input.close();
	return restored;
}

/** null: the end, or what cannot be believed; false: there was no room for it. */
async function restoreOne(
	store: MemoryStore,
	input: Input,
	{ header, guard, files }: { header: Buffer; guard: RestoreGuard; files: Set<number> },
): Promise<boolean | null> {
	const [key, about, varyEnd, head, trailers, body, frequency, number, pages] = Array.from({ length: 9 }, (_, index) =>
		header.readUInt32LE(index * 4),
	) as [number, number, number, number, number, number, number, number, number];
	const believed = key <= KEY_MOST && about <= ABOUT_MOST && varyEnd <= about && head + trailers <= 2 * HEAD_MOST;
	const rest = believed ? await input.take(key + about + head + trailers) : null;
	if (rest === null || sumOf([header.subarray(0, SUM), rest]) !== header.readUInt32LE(SUM)) return null;
	const told = answerOf(rest.subarray(key, key + about), varyEnd, rest.subarray(key + about, key + about + head));
	const answer = guard.doubts ? unconfirmed(told, told.length) : told;
	const staleFromMs = header.readDoubleLE(STALE);
	const found = { key: Buffer.from(rest.subarray(0, key)), answer, frequency, staleFromMs };
	const after = trailers === 0 ? null : rest.subarray(rest.length - trailers);
	if (number === 0) return restoreBody(store, input, { found, guard, length: body, trailers: after });
	const done = adoptFile(store, { ...found, number, pages, length: body, trailers: after }, guard);
	if (done) files.add(number);
	return done;
}

interface Body {
	found: Found;
	guard: RestoreGuard;
	length: number;
	trailers: Buffer | null;
}

/** The same of an answer whose body follows. */
async function restoreBody(
	store: MemoryStore,
	input: Input,
	{ found, guard, length, trailers }: Body,
): Promise<boolean | null> {
	const begun = beginFound(store, found, guard);
	const entry = begun?.entry ?? null;
	let done = entry?.setAnswer(found.answer) ?? false;
	let sum = 0;
	for (let left = length; left > 0; ) {
		const part = await input.takeUpTo(left);
		if (part !== null) sum = crc32(part, sum);
		left -= part?.length ?? left;
		if (part === null || entry?.append(part, 0, part.length) !== true) done = false;
	}
	const end = await input.take(4);
	const intact = end !== null && end.readUInt32LE() === sum;
	if (begun !== null && entry !== null) {
		if (done && intact) {
			entry.complete(trailers, VARIANTS_MOST);
			done = endFound(store, entry, { ...found, staleFromMs: begun.staleFromMs }, guard);
		} else {
			entry.fail(FillState.broken);
			entry.release();
		}
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
