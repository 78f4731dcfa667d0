/** Old files of a log: `access.log.1` is the newest of them, `.gz` where they are compressed. */
import { createReadStream, createWriteStream, existsSync, renameSync, rmSync, statSync } from 'node:fs';
import { pipeline } from 'node:stream/promises';
import { createGzip } from 'node:zlib';

/** Moves `path` to `path.1` and each older one a place on; the one behind `keep` goes. `keep` 0: nothing is kept. */
export function shiftFiles(path: string, keep: number): void {
	for (const end of ['', '.gz']) rmSync(`${path}.${Math.max(1, keep)}${end}`, { force: true });
	for (let at = keep - 1; at >= 1; at--)
		for (const end of ['', '.gz'])
			if (existsSync(`${path}.${at}${end}`)) renameSync(`${path}.${at}${end}`, `${path}.${at + 1}${end}`);
	if (keep === 0) rmSync(path, { force: true });
	else renameSync(path, `${path}.1`);
}

/**
 * Compresses `path.1` beside the writing. It works on a name of its own, since meanwhile the file may be
 * moved on; who cannot compress leaves the file as it was.
 */
export async function compressOld(path: string): Promise<void> {
	const from = `${path}.1`;
	const part = `${path}.${process.pid}.gz.part`;
	let source: number;
	try {
		source = statSync(from).ino;
		await pipeline(createReadStream(from), createGzip({ level: 6 }), createWriteStream(part, { mode: 0o640 }));
	} catch {
		rmSync(part, { force: true });
		return;
	}
	const now = placeOf(path, source);
	if (now === null) rmSync(part, { force: true });
	else {
		renameSync(part, `${now}.gz`);
		rmSync(now, { force: true });
	}
}

/** Where a file is now; null: gone. */
function placeOf(path: string, inode: number): string | null {
	for (let at = 1; at <= 1000; at++) {
		const stat = statSync(`${path}.${at}`, { throwIfNoEntry: false });
		if (stat?.ino === inode) return `${path}.${at}`;
	}
	return null;
}
