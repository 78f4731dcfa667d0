import { createHash } from 'node:crypto';
import { createReadStream, createWriteStream, mkdirSync, readdirSync, rmSync, statSync } from 'node:fs';
import { rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';

const unfinished = '.part';
const unfinishedMaxAgeMs = 3600_000;

/** Thrown when an upload is larger than allowed. */
export class TooLarge extends Error {}

export interface AssetFiles {
	/** Streams a file to disk. It appears under its id only when complete; what failed leaves nothing behind. */
	save(id: string, source: Readable, maxBytes: number): Promise<{ bytes: number; sha256: string }>;
	/** Reads the bytes from `start` to `end`, both included. */
	read(id: string, start: number, end: number): Readable;
}

/** The files in that folder; those that a dead process left half-written an hour ago or more are removed. */
export function assetFiles(folder: string): AssetFiles {
	mkdirSync(folder, { recursive: true });
	removeUnfinished(folder);
	return {
		save: async (id, source, maxBytes) => {
			const part = join(folder, id + unfinished);
			try {
				const saved = await write(part, source, maxBytes);
				await rename(part, join(folder, id));
				return saved;
			} catch (error) {
				// The rest is read and dropped, so that the sender comes to hear the answer.
				source.resume();
				await rm(part, { force: true });
				throw error;
			}
		},
		read: (id, start, end) => createReadStream(join(folder, id), { start, end }),
	};
}

async function write(path: string, source: Readable, maxBytes: number): Promise<{ bytes: number; sha256: string }> {
	const hash = createHash('sha256');
	let bytes = 0;
	async function* counted() {
		for await (const chunk of source.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>) {
			bytes += chunk.length;
			if (bytes > maxBytes) throw new TooLarge(`larger than ${maxBytes} bytes`);
			hash.update(chunk);
			yield chunk;
		}
	}
	await pipeline(counted, createWriteStream(path, { flags: 'wx' }));
	return { bytes, sha256: hash.digest('hex') };
}

function removeUnfinished(folder: string): void {
	for (const name of readdirSync(folder)) {
		if (!name.endsWith(unfinished)) continue;
		const path = join(folder, name);
		const modified = statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? Date.now();
		if (Date.now() - modified > unfinishedMaxAgeMs) rmSync(path, { force: true });
	}
}
