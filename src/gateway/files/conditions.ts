import { equalsLower } from '../../wire/bytes.ts';
import { listsEtag } from '../../wire/etag-list.ts';
import { Field } from '../../wire/field-names.ts';
import { type Fields, STRIDE, text } from '../../wire/head.ts';
import { parseHttpDateText } from '../../wire/http-date.ts';

/** What a request says of the version that its client has, or wants a part of (RFC 9110 §13, §14.2). */
export class Conditions {
	ifMatch: string | undefined;
	ifNoneMatch: string | undefined;
	ifModifiedSince: string | undefined;
	ifUnmodifiedSince: string | undefined;
	ifRange: string | undefined;
	range: string | undefined;
	acceptEncoding: string | undefined;

	/** One pass over the fields of a request. Lines of a list are joined. */
	read(buffer: Uint8Array, { table, count }: Fields): this {
		this.ifMatch = undefined;
		this.ifNoneMatch = undefined;
		this.ifModifiedSince = undefined;
		this.ifUnmodifiedSince = undefined;
		this.ifRange = undefined;
		this.range = undefined;
		this.acceptEncoding = undefined;
		for (let row = 0; row < count * STRIDE; row += STRIDE) {
			const field = table[row + 4] as number;
			if (field === Field.other) {
				const start = table[row] as number;
				const end = table[row + 1] as number;
				if (end - start !== ACCEPT_ENCODING.length || !equalsLower(buffer, start, ACCEPT_ENCODING)) continue;
			} else if (field < Field.firstCache) continue;
			this.#note(field, text(buffer, table[row + 2] as number, table[row + 3] as number));
		}
		return this;
	}

	#note(field: number, value: string): void {
		switch (field) {
			case Field.range:
				// Twice is not valid: none is.
				this.range = this.range === undefined ? value : '';
				break;
			case Field.ifRange:
				this.ifRange = value;
				break;
			case Field.ifNoneMatch:
				this.ifNoneMatch = joined(this.ifNoneMatch, value);
				break;
			case Field.ifMatch:
				this.ifMatch = joined(this.ifMatch, value);
				break;
			case Field.ifModifiedSince:
				this.ifModifiedSince = value;
				break;
			case Field.ifUnmodifiedSince:
				this.ifUnmodifiedSince = value;
				break;
			case Field.other:
				this.acceptEncoding = joined(this.acceptEncoding, value);
				break;
			default:
		}
	}
}

const ACCEPT_ENCODING = Buffer.from('accept-encoding');

const joined = (before: string | undefined, value: string): string =>
	before === undefined ? value : `${before}, ${value}`;

/** The version that is there. */
export interface Validators {
	/** Strong, in quotes; `W/` before it: no request that needs a strong one may be answered by it. */
	readonly etag: string;
	/** Seconds since 1970. */
	readonly modifiedS: number;
}

/** What comes of a request's conditions, in the order of RFC 9110 §13.2.2: 0 stands for the answer that it asks for. */
export function conditionalStatus(of: Conditions, { etag, modifiedS }: Validators): 0 | 304 | 412 {
	if (of.ifMatch !== undefined) {
		if (!lists(of.ifMatch, etag, false)) return 412;
	} else if (of.ifUnmodifiedSince !== undefined && modifiedS > seconds(of.ifUnmodifiedSince, modifiedS)) return 412;
	if (of.ifNoneMatch !== undefined) return lists(of.ifNoneMatch, etag, true) ? 304 : 0;
	if (of.ifModifiedSince === undefined) return 0;
	return modifiedS <= seconds(of.ifModifiedSince, -1) ? 304 : 0;
}

/**
 * Whether a part may be sent: there is no If-Range, or it names this very version (RFC 9110 §13.1.5). A date says that
 * only when the file was not changed again within its second.
 */
export function mayBeRange({ ifRange }: Conditions, { etag, modifiedS }: Validators, nowS: number): boolean {
	if (ifRange === undefined) return true;
	if (ifRange.includes('"')) return ifRange === etag && !etag.startsWith('W/');
	return seconds(ifRange, -1) === modifiedS && nowS - modifiedS >= 1;
}

function lists(list: string, etag: string, weak: boolean): boolean {
	const buffer = Buffer.from(list, 'latin1');
	return listsEtag({ buffer, start: 0, end: buffer.length }, etag, weak);
}

/** A date of HTTP in seconds; `otherwise` where it is none. */
function seconds(date: string, otherwise: number): number {
	const ms = parseHttpDateText(date, Date.now());
	return Number.isNaN(ms) ? otherwise : Math.floor(ms / 1000);
}
