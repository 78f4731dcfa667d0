/** The lines of a file, compressed or not, in bounded memory. */
import { createReadStream } from 'node:fs';
import { open } from 'node:fs/promises';
import { createGunzip } from 'node:zlib';

/** What is longer is given as an empty line with this mark, and its text is lost. */
export const TOO_LONG = '\u0000';
const MOST_CHARACTERS = 1_048_576;

/** Lines without their ends, many at a time. Throws what the file system and gzip say. */
export async function* linesOf(path: string): AsyncGenerator<string[]> {
	const packed = await isGzip(path);
	const raw = createReadStream(path, { highWaterMark: 262_144 });
	const stream = packed ? raw.pipe(createGunzip()) : raw;
	if (stream !== raw) raw.on('error', (error) => stream.destroy(error));
	let rest = '';
	let tooLong = false;
	try {
		for await (const chunk of stream) {
			// Nothing that is read of a line goes beyond ASCII.
			const lines = (rest + (chunk as Buffer).toString('latin1')).split('\n');
			rest = lines.pop() as string;
			if (tooLong && lines.length > 0) {
				lines[0] = TOO_LONG;
				tooLong = false;
			}
			if (rest.length > MOST_CHARACTERS) {
				rest = '';
				tooLong = true;
			}
			yield lines;
		}
		if (tooLong) yield [TOO_LONG];
		else if (rest !== '') yield [rest];
	} finally {
		raw.destroy();
	}
}

async function isGzip(path: string): Promise<boolean> {
	const file = await open(path);
	try {
		const { buffer, bytesRead } = await file.read({ buffer: Buffer.alloc(2) });
		return bytesRead === 2 && buffer[0] === 0x1f && buffer[1] === 0x8b;
	} finally {
		await file.close();
	}
}
