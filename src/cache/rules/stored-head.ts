import { Field } from '../../wire/field-names.ts';
import { Fields, lineEnd, parseFields, STRIDE } from '../../wire/head.ts';
import { formatHttpDate } from '../../wire/http-date.ts';
import type { ResponseHead } from '../../wire/response-head.ts';

const STATUS_DIGITS = 3;
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
export function storedHead(answer: OriginAnswer, without: ReadonlySet<string>): Buffer {
	const { head, bytes } = answer;
	const { table, count } = head.fields;
	let dated = false;
	let ranges = 0;
	let size = 0;
	for (let row = 0; row < count * STRIDE; row += STRIDE) {
		const field = table[row + 4] as number;
		if (!isStored(field) || (without.size > 0 && without.has(nameAt(head.fields, bytes, row)))) continue;
		if (field === Field.date) dated = true;
		const start = table[row] as number;
		const end = lineEnd(bytes, table[row + 3] as number);
		size += end - start;
		// Kept lines that stand side by side are copied as one.
		if (ranges > 0 && RANGES[ranges - 1] === start) RANGES[ranges - 1] = end;
		else {
			RANGES[ranges++] = start;
			RANGES[ranges++] = end;
		}
	}
	const first = statusLine(answer);
	const date = dated ? NOTHING : Buffer.from(`Date: ${formatHttpDate(answer.responseMs)}\r\n`);
	const stored = Buffer.allocUnsafe(first.length + size + date.length);
	let at = first.copy(stored);
	for (let i = 0; i < ranges; i += 2) at += bytes.copy(stored, at, RANGES[i], RANGES[i + 1]);
	date.copy(stored, at);
	return stored;
}

/** The lines of these fields (lower case) as far as they may be passed on; null: there is none. */
export function linesNamed({ head, bytes }: OriginAnswer, names: readonly string[]): Buffer | null {
	if (names.length === 0) return null;
	const { table, count } = head.fields;
	const lines: Buffer[] = [];
	for (let row = 0; row < count * STRIDE; row += STRIDE) {
		if (!isStored(table[row + 4] as number) || !names.includes(nameAt(head.fields, bytes, row))) continue;
		lines.push(bytes.subarray(table[row] as number, lineEnd(bytes, table[row + 3] as number)));
	}
	return lines.length === 0 ? null : Buffer.concat(lines);
}

/** Starts and ends of what is copied, of one head at a time. */
const RANGES: number[] = [];
const NOTHING = Buffer.alloc(0);
const OK = Buffer.from('HTTP/1.1 200 OK\r\n');

function statusLine({ head, bytes }: OriginAnswer): Buffer {
	if (head.status === 200 && head.reasonEnd - head.statusAt === 6 && bytes[head.statusAt + 4] === 79) {
		if (bytes[head.statusAt + 5] === 75) return OK;
	}
	const space = head.reasonEnd === head.statusAt + STATUS_DIGITS ? ' ' : '';
	return Buffer.from(`HTTP/1.1 ${bytes.toString('latin1', head.statusAt, head.reasonEnd)}${space}\r\n`, 'latin1');
}

export function nameAt(fields: Fields, bytes: Buffer, row: number): string {
	return bytes.toString('latin1', fields.table[row] as number, fields.table[row + 1] as number).toLowerCase();
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
