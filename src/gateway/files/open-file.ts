import { close, constants, fstat, open, readlink, realpath, type Stats, stat } from 'node:fs';
import { sep } from 'node:path';
import { promisify } from 'node:util';

/** A file that was opened and lies in the folder, or why there is none. */
export type Opened =
	| { kind: 'file'; fd: number; stats: Stats }
	| { kind: 'folder' }
	| { kind: 'missing' }
	/** `code`: the system's. */
	| { kind: 'failed'; code: string };

export const fs = {
	open: promisify(open),
	close: promisify(close),
	fstat: promisify(fstat) as (fd: number) => Promise<Stats>,
	stat: promisify(stat) as (path: string) => Promise<Stats>,
	readlink: promisify(readlink) as (path: string) => Promise<string>,
	realpath: promisify(realpath.native) as (path: string) => Promise<string>,
};

/** A named pipe must not make us wait for its writer, nor a terminal become ours. */
const FLAGS = constants.O_RDONLY | constants.O_NONBLOCK | constants.O_NOCTTY;

/** What stands for nothing being there: nothing of this name can be given out. */
const MISSING = new Set(['ENOENT', 'ENOTDIR', 'ENAMETOOLONG', 'ELOOP', 'ENXIO', 'ENODEV', 'EINVAL']);

/**
 * Opens a file of a folder. It is judged by what was opened, so that nothing can be put in its place in between: where
 * the descriptor truly leads must be within the folder (links may lead about in it, never out of it), and it must be a
 * plain file.
 */
export async function openFile(folder: string, path: string): Promise<Opened> {
	let fd: number;
	try {
		fd = await fs.open(folder + path, FLAGS);
	} catch (error) {
		return failure(error);
	}
	try {
		const stats = await fs.fstat(fd);
		const plain = stats.isFile();
		if ((plain || stats.isDirectory()) && (await isWithin(folder, path, { fd, stats })))
			return plain ? { kind: 'file', fd, stats } : await folderOf(fd);
		await fs.close(fd);
		return { kind: 'missing' };
	} catch (error) {
		await fs.close(fd);
		return failure(error);
	}
}

async function folderOf(fd: number): Promise<Opened> {
	await fs.close(fd);
	return { kind: 'folder' };
}

function failure(error: unknown): Opened {
	const code = (error as NodeJS.ErrnoException).code ?? 'UNKNOWN';
	return MISSING.has(code) ? { kind: 'missing' } : { kind: 'failed', code };
}

/** The folder itself may be a link, and be led elsewhere for a new version. */
async function isWithin(folder: string, path: string, { fd, stats }: { fd: number; stats: Stats }): Promise<boolean> {
	const [root, real] = await Promise.all([fs.realpath(folder), realPathOf(folder + path, fd, stats)]);
	return real !== null && (real === root || real.startsWith(root === sep ? sep : root + sep));
}

/** Where a descriptor leads: Linux knows; elsewhere the path must lead to the same file once all its links are followed. */
async function realPathOf(path: string, fd: number, { dev, ino }: Stats): Promise<string | null> {
	if (process.platform === 'linux') return fs.readlink(`/proc/self/fd/${fd}`);
	const real = await fs.realpath(path);
	const now = await fs.stat(real);
	return now.dev === dev && now.ino === ino ? real : null;
}
