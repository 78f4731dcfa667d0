/** The one file of a `multipart/form-data` body (RFC 7578). */
import { ApiError } from './api-error.ts';

interface FilePart {
	name: string;
	bytes: Buffer;
}

/** The part named `file`. Throws where there is none. */
export function fileOf(body: Buffer, contentType: string | undefined): FilePart {
	const [, quoted, plain] =
		/^multipart\/form-data\s*;.*boundary=(?:"([^"]{1,70})"|([^;\s]{1,70}))/i.exec(contentType ?? '') ?? [];
	const boundary = quoted ?? plain;
	if (boundary === undefined) throw wrong('The body is not multipart/form-data.');
	const mark = Buffer.from(`--${boundary}`);
	let at = body.indexOf(mark);
	while (at >= 0) {
		const next = body.indexOf(mark, at + mark.length);
		if (next < 0) break;
		const part = readPart(body.subarray(at + mark.length, next));
		if (part !== undefined) return part;
		at = next;
	}
	throw wrong("'file' is required.");
}

/** undefined: another part than the file. */
function readPart(part: Buffer): FilePart | undefined {
	const end = part.indexOf('\r\n\r\n');
	if (end < 0) return undefined;
	const head = part.subarray(0, Math.min(end, 4096)).toString();
	const disposition = /^content-disposition\s*:\s*form-data\s*;(.*)$/im.exec(head)?.[1] ?? '';
	if (!/(?:^|[;\s])name="file"/.test(disposition)) return undefined;
	const name = /filename="([^"]{0,255})"/.exec(disposition)?.[1] ?? 'file';
	// The line end before the next boundary is not the file's.
	return { name, bytes: part.subarray(end + 4, Math.max(end + 4, part.length - 2)) };
}

function wrong(message: string): ApiError {
	return new ApiError('invalid_parameter', message, { param: 'file' });
}
