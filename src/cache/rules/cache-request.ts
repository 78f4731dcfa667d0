import { Field } from '../../wire/field-names.ts';
import { type Fields, STRIDE } from '../../wire/head.ts';

/** What the cache needs of a request; a client's exchange is one. Offsets point into `buffer`. */
export interface CacheRequest {
	readonly buffer: Buffer;
	readonly head: { readonly fields: Fields };
	readonly method: string;
	/** As it is forwarded. */
	readonly targetStart: number;
	readonly targetEnd: number;
	/** With its port; empty where the request has none. */
	readonly hostStart: number;
	readonly hostEnd: number;
	readonly client: { readonly secure: boolean; readonly trusted: boolean };
}

/**
 * Whether the origin sees field `row` as it came. What `Connection` names and what only a trusted proxy may say do not
 * reach it, so they must not tell answers apart either: else a stranger could have the answer to a request without
 * them stored as that to one with them.
 */
export function reachesOrigin(request: CacheRequest, field: number): boolean {
	switch (field) {
		case Field.named:
			return false;
		case Field.claim:
		case Field.xForwardedHost:
		case Field.xForwardedProto:
		case Field.xForwardedPort:
			return request.client.trusted;
		default:
			return field === Field.other || field > Field.lastHop;
	}
}

/** All lines of a field that reach the origin as one list, in their order; null: there is none. */
export function forwardedValue(request: CacheRequest, name: string): string | null {
	const { buffer } = request;
	const { fields } = request.head;
	let value: string | null = null;
	for (let i = fields.find(buffer, name); i >= 0; i = fields.find(buffer, name, i + 1)) {
		if (!reachesOrigin(request, fields.table[i * STRIDE + 4] as number)) continue;
		const line = fields.valueAt(buffer, i);
		value = value === null ? line : `${value},${line}`;
	}
	return value;
}
