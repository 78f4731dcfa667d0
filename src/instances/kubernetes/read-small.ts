/** Files with keys, tokens and certificates: small, and never quoted in an error. */
import { readFile, stat } from 'node:fs/promises';
import { PlatformError } from '../platform/platform-error.ts';

const MOST_BYTES = 1024 * 1024;

/** @throws PlatformError `credentials` naming the file and nothing that stands in it */
export async function readSmall(file: string): Promise<string> {
	let why: string;
	try {
		// A pipe would never end.
		const { size, ...found } = await stat(file).then((one) => ({ size: one.size, isFile: one.isFile() }));
		if (found.isFile && size <= MOST_BYTES) return await readFile(file, 'utf8');
		why = found.isFile ? `it is larger than ${MOST_BYTES} bytes` : 'it is no file';
	} catch (error) {
		const { code = 'error' } = error as NodeJS.ErrnoException;
		why = code === 'ENOENT' ? 'there is no such file' : code === 'EACCES' ? 'permission denied' : code;
	}
	throw new PlatformError('credentials', `${file} cannot be read: ${why}`);
}
