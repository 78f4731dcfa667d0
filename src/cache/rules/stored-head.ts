import { Field } from '../../wire/field-names.ts';
import { Fields, parseFields, STRIDE } from '../../wire/head.ts';
import type { ResponseHead } from '../../wire/response-head.ts';
import { formatHttpDate } from './http-date.ts';

const VERSION = Buffer.from('HTTP/1.1 ');
const STATUS_DIGITS = 3;
const LF = 10;
/** More lines than any head that came through the gateway's own limits. */
const FIELDS_MOST = 1000;

/** An answer's head as it came, and when. */
export interface OriginAnswer {
	readonly head: ResponseHead;
	readonly bytes: Buffer;
	/** -1: none. */
	readonly contentLength: number;
	/** When its request was sent, and its head came, epoch ms. */
	readonly requestMs: number;
	readonly responseMs: number;
}

/** Whether a field stays in the store: hop-by-hop ones, `Age`, and what is between us and the origin do not (RFC 9111 §3.1). */
export function isStored(field: number): boolean {
	if (field === Field.other) return true;
	return (
		field > Field.lastHop && field !== Field.named && field !== Field.age && field !== Field.proxyAuthenticationInfo
	);
}

/** Status line and the fields that are kept, without those of these lower-case names; with a `Date` in any case (RFC 9110 §6.6.1). */
export function storedHead({ head, bytes, responseMs }: OriginAnswer, without: ReadonlySet<string>): Buffer {
	const pieces: Buffer[] = [VERSION, bytes.subarray(head.statusAt, head.reasonEnd)];
	if (head.reasonEnd === head.statusAt + STATUS_DIGITS) pieces.push(Buffer.from(' '));
	pieces.push(Buffer.from('\r\n'));
	const { table, count } = head.fields;
	let dated = false;
	for (let row = 0; row < count * STRIDE; row += STRIDE) {
		const field = table[row + 4] as number;
		if (!isStored(field)) continue;
		if (without.size > 0 && without.has(nameAt(head.fields, bytes, row))) continue;
		if (field === Field.date) dated = true;
		pieces.push(bytes.subarray(table[row] as number, lineEnd(bytes, table[row + 3] as number)));
	}
	if (!dated) pieces.push(Buffer.from(`Date: ${formatHttpDate(responseMs)}\r\n`));
	return Buffer.concat(pieces);
}

export function nameAt(fields: Fields, bytes: Buffer, row: number): string {
	return bytes.toString('latin1', fields.table[row] as number, fields.table[row + 1] as number).toLowerCase();
}

/** Behind the LF that ends the line of the value that ends at `valueEnd`. */
export function lineEnd(bytes: Buffer, valueEnd: number): number {
	return bytes.indexOf(LF, valueEnd) + 1;
}

/** The fields of a stored head, and the bytes that they point into; for what is not on the path of a hit. */
export function storedFields(head: Buffer): { fields: Fields; bytes: Buffer } {
	const bytes = Buffer.concat([head, Buffer.from('\r\n')]);
	const fields = new Fields(FIELDS_MOST);
	parseFields(bytes, lineEnd(bytes, 0), bytes.length, fields);
	return { fields, bytes };
}

/** All lines of a field of a stored head as one list; undefined: there is none. */
export function storedValue(head: Buffer, name: string): string | undefined {
	const { fields, bytes } = storedFields(head);
	return fields.list(bytes, name);
}
