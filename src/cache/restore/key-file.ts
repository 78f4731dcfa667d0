import { randomBytes } from 'node:crypto';
import { closeSync, fchmodSync, mkdirSync, openSync, readFileSync, writeSync } from 'node:fs';
import { join } from 'node:path';

const BYTES = 32;

/**
 * The key that secrets in stored answers are hashed with, the same over restarts: made when there is none, for the user
 * alone. @throws Error when the folder cannot be used
 */
export function keptKey(folder: string): Buffer {
	mkdirSync(folder, { recursive: true, mode: 0o700 });
	const path = join(folder, 'key');
	try {
		return made(path);
	} catch (error) {
		if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
	}
	const key = readFileSync(path);
	if (key.length !== BYTES)
		throw new Error(`${path} is not a key of ${BYTES} bytes; remove it, and the cache begins anew`);
	return key;
}

function made(path: string): Buffer {
	const key = randomBytes(BYTES);
	const fd = openSync(path, 'wx', 0o600);
	try {
		fchmodSync(fd, 0o600);
		writeSync(fd, key);
	} finally {
		closeSync(fd);
	}
	return key;
}
