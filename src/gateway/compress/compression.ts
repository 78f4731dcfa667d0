import { Field } from '../../wire/field-names.ts';
import { Fields, lineEnd, parseFields, STRIDE } from '../../wire/head.ts';
import { acceptedCoding } from './accepted-coding.ts';
import type { Coding } from './coding.ts';
import type { CompressPolicy } from './compress-policy.ts';

/** Browsers send few different values. */
const REMEMBERED_LENGTH = 128;
const REMEMBERED_MOST = 256;
const CRLF = Buffer.from('\r\n');
const FIELDS_MOST = 1000;
const NO_TRANSFORM = /(?:^|[,\s])no-transform(?:$|[,\s])/i;
/** They are of the plain content, and somebody checks them. */
const DIGESTS = ['content-digest', 'repr-digest', 'digest', 'content-md5'] as const;

/** Field lines of a message, and the bytes that they point into. */
export interface FieldLines {
	readonly fields: Fields;
	readonly bytes: Buffer;
}

/** Of a head that is kept: status line and fields, without the empty line behind them. */
export function fieldLines(head: Buffer): FieldLines {
	const bytes = Buffer.concat([head, CRLF]);
	const fields = new Fields(FIELDS_MOST);
	parseFields(bytes, lineEnd(bytes, 0), bytes.length, fields);
	return { fields, bytes };
}

/** An answer that may be compressed. `length` of its body, bytes; -1: not known. */
export interface Plain extends FieldLines {
	readonly status: number;
	readonly length: number;
}

/** Which answers of a route are compressed, and with what. */
export class Compression {
	readonly policy: CompressPolicy;
	readonly #remembered = new Map<string, Coding | ''>();
	readonly #types: ReadonlySet<string>;
	/** What ends so: `+json`. */
	readonly #suffixes: readonly string[];

	constructor(policy: CompressPolicy) {
		this.policy = policy;
		this.#types = new Set(policy.types.filter((type) => !type.startsWith('+')));
		this.#suffixes = policy.types.filter((type) => type.startsWith('+'));
	}

	level(coding: Coding): number {
		return this.policy.levels[coding];
	}

	/** What the client of a request likes best; '': as it is. */
	codingFor({ fields, bytes }: FieldLines): Coding | '' {
		const accept = fields.list(bytes, 'accept-encoding');
		if (accept === undefined) return '';
		let coding = this.#remembered.get(accept);
		if (coding === undefined) {
			coding = acceptedCoding(accept, this.policy.encodings);
			if (this.#remembered.size >= REMEMBERED_MOST) this.#remembered.clear();
			if (accept.length <= REMEMBERED_LENGTH) this.#remembered.set(accept, coding);
		}
		return coding === '' || forbidsTransform(fields, bytes) ? '' : coding;
	}

	/** Whether an answer is compressed for those who like it: so it differs by `Accept-Encoding`. */
	suits({ status, fields, bytes, length }: Plain): boolean {
		if (status < 200 || WITHOUT_CONTENT.has(status) || (length >= 0 && length < this.policy.minBytes)) return false;
		if (fields.find(bytes, 'content-encoding') >= 0 || !this.#isOfType(fields.value(bytes, 'content-type')))
			return false;
		if (has(fields, Field.contentRange) || forbidsTransform(fields, bytes)) return false;
		return DIGESTS.every((name) => fields.find(bytes, name) < 0);
	}

	#isOfType(field: string | undefined): boolean {
		if (field === undefined) return false;
		const semicolon = field.indexOf(';');
		const type = (semicolon < 0 ? field : field.slice(0, semicolon)).trim().toLowerCase();
		if (type === 'text/event-stream') return false;
		if (this.#types.has(type) || this.#types.has(`${type.slice(0, type.indexOf('/'))}/*`)) return true;
		return this.#suffixes.some((suffix) => type.endsWith(suffix));
	}
}

/** Without a body, or with a part of one. */
const WITHOUT_CONTENT: ReadonlySet<number> = new Set([204, 205, 206, 304]);

/** RFC 9111 §5.2.1.6, §5.2.2.6. */
function forbidsTransform(fields: Fields, bytes: Buffer): boolean {
	const { table, count } = fields;
	for (let i = 0; i < count; i++)
		if (table[i * STRIDE + 4] === Field.cacheControl && NO_TRANSFORM.test(fields.valueAt(bytes, i))) return true;
	return false;
}

function has(fields: Fields, field: number): boolean {
	for (let row = 0; row < fields.count * STRIDE; row += STRIDE) if (fields.table[row + 4] === field) return true;
	return false;
}
