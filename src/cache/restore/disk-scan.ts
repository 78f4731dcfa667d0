/** Finds answers again by what stands in their files, where nobody wrote down at an orderly end which there are. */
import { type FileHandle, open, readdir, unlink } from 'node:fs/promises';
import {
	bodyNumber,
	bodyPath,
	bodyStart,
	decodeFooter,
	decodeHeader,
	FOOTER_FIXED,
	footerLength,
	HEADER_FIXED,
	pagesOf,
} from '../disk/body-file.ts';
import { PlacedAnswer } from '../memory/answer-codec.ts';
import type { MemoryStore } from '../memory/memory-store.ts';
import { AnswerFlag, type StoredAnswer } from '../stored-answer.ts';
import { adoptFile, type FoundFile } from './adopt.ts';
import type { RestoreGuard } from './restore-guard.ts';

/** Numbers of the cache's files in a folder. @throws Error when it cannot be read */
export async function bodyNumbers(folder: string): Promise<number[]> {
	return (await readdir(folder)).flatMap((name) => bodyNumber(name) ?? []);
}

/** Removes those that are nobody's. */
export async function removeBodies(folder: string, numbers: Iterable<number>): Promise<void> {
	for (const number of numbers) await unlink(bodyPath(folder, number)).catch(() => {});
}

/**
 * Takes up the files of a folder, and removes what is none: it was not written to its end, or damaged. What changed since
 * they were written may not be known, so the origin is asked for each before it is given. How many there are. `goesOn`:
 * false once somebody else has the files.
 */
export async function scanBodies(
	store: MemoryStore,
	numbers: readonly number[],
	{ guard, goesOn = () => true }: { guard: RestoreGuard; goesOn?: () => boolean },
): Promise<number> {
	const { bodies } = store;
	if (bodies === null) return 0;
	let count = 0;
	for (const number of numbers) {
		if (!goesOn()) break;
		const found = await readFound(bodyPath(bodies.folder, number), number, bodies.node).catch(() => null);
		if (found !== null && goesOn() && adoptFile(store, found, guard)) count++;
		else if (goesOn()) await removeBodies(bodies.folder, [number]);
	}
	return count;
}

/** null: it is none of ours, or damaged. */
async function readFound(path: string, number: number, node: Buffer): Promise<FoundFile | null> {
	const file = await open(path, 'r');
	try {
		const { size } = await file.stat();
		const start = bodyStart(await piece(file, HEADER_FIXED, 0));
		if (start === null || size < start + FOOTER_FIXED) return null;
		const header = decodeHeader(await piece(file, start, 0), node);
		const tail = footerLength(await piece(file, FOOTER_FIXED, size - FOOTER_FIXED));
		if (header === null || tail === null || start + tail > size) return null;
		const footer = decodeFooter(await piece(file, tail, size - tail));
		if (footer === null || start + footer.length + tail !== size) return null;
		const { key, about, varyEnd, head } = header;
		const { length, trailers } = footer;
		const answer = unconfirmed(answerOf(about, varyEnd, head), length);
		// Nothing would find what was made of another one's body.
		if ((answer.flags & AnswerFlag.derived) !== 0) return null;
		const pages = pagesOf({ header: start, body: length, trailers: trailers?.length ?? 0 });
		return { key, answer, number, pages, length, trailers, frequency: 0, staleFromMs: 0 };
	} finally {
		await file.close();
	}
}

async function piece(file: FileHandle, length: number, at: number): Promise<Buffer> {
	const buffer = Buffer.alloc(length);
	const { bytesRead } = await file.read(buffer, 0, length, at);
	if (bytesRead !== length) throw new Error('it is too short');
	return buffer;
}

/** A coded answer, as it lay in memory. */
export function answerOf(about: Buffer, varyEnd: number, head: Buffer): StoredAnswer {
	// Numbers are read in place, so they must lie as they do in memory.
	const bytes = Buffer.from(new ArrayBuffer(Math.ceil((about.length + head.length) / 8) * 8));
	about.copy(bytes);
	head.copy(bytes, about.length);
	const place = { from: 0, varyEnd, head: about.length, headEnd: about.length + head.length };
	return new PlacedAnswer({ bytes, floats: new Float64Array(bytes.buffer) }, place);
}

/** `length`: of the body, which was not known yet when the answer was written. */
export function unconfirmed(answer: StoredAnswer, length: number): StoredAnswer {
	const { status, head, requestMs, responseMs, initialAgeMs, freshMs, staleWhileRevalidateMs, staleIfErrorMs } = answer;
	const { vary, etag, lastModifiedMs, tags } = answer;
	const times = { requestMs, responseMs, initialAgeMs, freshMs, staleWhileRevalidateMs, staleIfErrorMs };
	return { status, flags: answer.flags | AnswerFlag.noCache, head, ...times, vary, etag, lastModifiedMs, tags, length };
}
