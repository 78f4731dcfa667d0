/** A snapshot as a file: written beside and put in its place whole, read once and removed before that. */
import { type FileHandle, open, rename, unlink } from 'node:fs/promises';

/** What is written at once, bytes. */
const PIECE = 1024 * 1024;

/** Writes it; stops where the time is over, and what was written till then is good. How many bytes. @throws Error when it cannot be written */
export async function writeSnapshot(path: string, chunks: AsyncIterable<Buffer>, untilMs: number): Promise<number> {
	const part = `${path}.part`;
	await unlink(part).catch(() => {});
	const file = await open(part, 'wx', 0o600);
	try {
		const bytes = await writeAll(file, chunks, untilMs);
		await rename(part, path);
		return bytes;
	} catch (error) {
		await unlink(part).catch(() => {});
		throw error;
	} finally {
		await file.close();
	}
}

async function writeAll(file: FileHandle, chunks: AsyncIterable<Buffer>, untilMs: number): Promise<number> {
	let held: Buffer[] = [];
	let heldBytes = 0;
	let bytes = 0;
	const flush = async (): Promise<void> => {
		const all = Buffer.concat(held, heldBytes);
		for (let at = 0; at < all.length; ) at += (await file.write(all, at)).bytesWritten;
		bytes += heldBytes;
		held = [];
		heldBytes = 0;
	};
	for await (const chunk of chunks) {
		held.push(chunk);
		heldBytes += chunk.length;
		if (heldBytes >= PIECE) await flush();
		if (Date.now() > untilMs) break;
	}
	await flush();
	return bytes;
}

/** The chunks of a snapshot that is not there any more from now on: whatever happens then, it is not read a second time. null: there is none. */
export async function takeSnapshot(path: string): Promise<AsyncIterable<Buffer> | null> {
	let file: FileHandle;
	try {
		file = await open(path, 'r');
	} catch (error) {
		if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
		throw error;
	}
	await unlink(path);
	return file.createReadStream({ highWaterMark: 256 * 1024 });
}
