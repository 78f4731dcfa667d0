import { closeSync, openSync, readSync } from 'node:fs';

const buffer = Buffer.allocUnsafe(16_384);

/** The begin, at most 16 KiB, of a file that is made as it is read, such as those of `/proc`; undefined: it cannot be read. */
export function readSmall(path: string): string | undefined {
	let fd: number | undefined;
	try {
		fd = openSync(path, 'r');
		return buffer.toString('latin1', 0, readSync(fd, buffer, 0, buffer.length, 0));
	} catch {
		return undefined;
	} finally {
		if (fd !== undefined) closeSync(fd);
	}
}
