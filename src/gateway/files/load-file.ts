import { read, type Stats } from 'node:fs';
import { promisify } from 'node:util';
import { fs, type Opened, openFile } from './open-file.ts';

/** Files up to this are kept in memory; others are read for each answer. */
export const SMALL_FILE_BYTES: number = 64 * 1024;
/** A file that changes while it is read is read again so often. */
const READS_MOST = 3;
/** How long after a change a file may change again without its time telling: file systems count in coarse ticks. */
const SETTLED_MS = 2000;

/** What a file holds now. */
export interface FileContent {
	stats: Stats;
	/** All of a small file; null: it is read from `fd`, which whoever has this must close. */
	body: Buffer | null;
	fd: number;
	/** Whether the same stats mean the same content from now on. */
	settled: boolean;
}

export type Loaded = { kind: 'file'; content: FileContent } | Exclude<Opened, { kind: 'file' }>;

const readPart = promisify(read) as unknown as (
	fd: number,
	part: { buffer: Buffer; offset: number; length: number; position: number },
) => Promise<{ bytesRead: number }>;

/** Opens a file of a folder and, if it is small, reads it. */
export async function loadFile(folder: string, path: string): Promise<Loaded> {
	const opened = await openFile(folder, path);
	if (opened.kind !== 'file') return opened;
	const { fd } = opened;
	let keep = false;
	try {
		const content = await contentOf(fd, opened.stats);
		keep = content.body === null;
		return { kind: 'file', content };
	} catch (error) {
		return { kind: 'failed', code: (error as NodeJS.ErrnoException).code ?? 'UNKNOWN' };
	} finally {
		if (!keep) await fs.close(fd);
	}
}

async function contentOf(fd: number, opened: Stats): Promise<FileContent> {
	let stats = opened;
	for (let reads = 1; ; reads++) {
		const settled = Date.now() - Math.max(stats.mtimeMs, stats.ctimeMs) > SETTLED_MS;
		if (stats.size > SMALL_FILE_BYTES) return { stats, body: null, fd, settled };
		const body = await readWhole(fd, stats.size);
		const after = await fs.fstat(fd);
		if (body.length === stats.size && isSame(stats, after)) return { stats, body, fd: -1, settled };
		// It is never still: what was read is given out, and not for longer than until the next look.
		if (reads === READS_MOST) return { stats, body, fd: -1, settled: false };
		stats = after;
	}
}

async function readWhole(fd: number, size: number): Promise<Buffer> {
	const buffer = Buffer.allocUnsafeSlow(size);
	let length = 0;
	while (length < size) {
		const { bytesRead } = await readPart(fd, { buffer, offset: length, length: size - length, position: length });
		if (bytesRead === 0) break;
		length += bytesRead;
	}
	return buffer.subarray(0, length);
}

/** Whether nothing was done to a file between two looks at it. */
export function isSame(a: Stats, b: Stats): boolean {
	return a.ino === b.ino && a.dev === b.dev && a.size === b.size && a.mtimeMs === b.mtimeMs && a.ctimeMs === b.ctimeMs;
}
