/** The lines of a stream, bounded in length. */
import type { Readable } from 'node:stream';
import { PlatformError } from '../platform/platform-error.ts';

/** An object of Kubernetes is at most 1.5 MiB large. */
const MOST_CHARS = 4 * 1024 * 1024;

/** Without empty ones. @throws PlatformError when one does not end */
export async function* linesOf(stream: Readable): AsyncGenerator<string> {
	stream.setEncoding('utf8');
	let parts: string[] = [];
	let chars = 0;
	for await (const chunk of stream as AsyncIterable<string>) {
		let from = 0;
		for (let at = chunk.indexOf('\n'); at !== -1; at = chunk.indexOf('\n', from)) {
			const line = parts.join('') + chunk.slice(from, at);
			parts = [];
			chars = 0;
			from = at + 1;
			if (line.trim() !== '') yield line;
		}
		parts.push(chunk.slice(from));
		chars += chunk.length - from;
		if (chars > MOST_CHARS) throw new PlatformError('unreachable', 'a line of a watch does not end');
	}
}
