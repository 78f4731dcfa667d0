import type { FieldEdits } from '../../gateway/field-edits.ts';
import { Field } from '../../wire/field-names.ts';
import { lineEnd, STRIDE, text } from '../../wire/head.ts';
import type { ResponseHead } from '../../wire/response-head.ts';

/** Of an answer that is kept: status line and fields as they go to the client, without framing and the end of the head. */
export function storedAnswer(
	head: ResponseHead,
	bytes: Uint8Array,
	how: { edits: FieldEdits | null; date: Buffer },
): Buffer {
	const { edits, date } = how;
	const reason = text(bytes, head.statusAt, head.reasonEnd);
	let written = `HTTP/1.1 ${reason.length > 3 ? reason : `${reason} `}\r\n`;
	const { table, count } = head.fields;
	let dated = false;
	// What stands side by side is copied at once.
	let from = 0;
	let to = 0;
	for (let row = 0; row < count * STRIDE; row += STRIDE) {
		const field = table[row + 4] as number;
		const start = table[row] as number;
		if (!isKept(field) || (edits !== null && isRemoved(edits, bytes, { start, end: table[row + 1] as number })))
			continue;
		dated ||= field === Field.date;
		if (start !== to) {
			if (to > from) written += text(bytes, from, to);
			from = start;
		}
		to = lineEnd(bytes, table[row + 3] as number);
	}
	if (to > from) written += text(bytes, from, to);
	if (edits !== null) written += edits.added.toString('latin1');
	if (!dated) written += date.toString('latin1');
	return Buffer.from(written, 'latin1');
}

const isRemoved = (
	{ removed }: FieldEdits,
	bytes: Uint8Array,
	{ start, end }: { start: number; end: number },
): boolean => removed.size > 0 && removed.has(text(bytes, start, end).toLowerCase());

const isKept = (field: number): boolean =>
	field === Field.other ||
	field === Field.underscore ||
	(field > Field.lastHop && field !== Field.named && field !== Field.trailer);

/** The same memory; what came from another thread is no Buffer any more. */
export const bufferOf = (bytes: Uint8Array): Buffer =>
	Buffer.isBuffer(bytes) ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);

/** The status of what `storedAnswer` wrote. */
export const statusOf = (head: Buffer): number => Number(head.toString('latin1', 9, 12));

const FOR_CACHES = /^(?:cache-control|expires|age|cdn-cache-control|surrogate-control):/i;

/** The same for its owner alone: what the API said of an answer to a POST would have caches between give it to others. */
export function forOwner(head: Buffer): Buffer {
	const lines = head.toString('latin1').split('\r\n');
	const kept = lines.filter((line) => !FOR_CACHES.test(line));
	const nowhere = lines.some((line) => /^cache-control:.*\bno-store\b/i.test(line));
	kept.splice(-1, 0, `Cache-Control: ${nowhere ? 'no-store' : 'private'}`);
	return Buffer.from(kept.join('\r\n'), 'latin1');
}
