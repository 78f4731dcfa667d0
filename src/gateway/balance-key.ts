import { hashBytes, hashText } from '../core/hash.ts';
import { Field } from '../wire/field-names.ts';
import { STRIDE } from '../wire/head.ts';
import { type Addressed, clientAddress } from './client-address.ts';
import type { KeySource } from './route.ts';

/** What of a request its key is read from. */
export type Keyed = Addressed & { readonly buffer: Buffer; readonly pathEnd: number; readonly targetEnd: number };

/** The hash that the balancing policy chooses by; 0 where the request has no such key. */
export function balanceKey(exchange: Keyed, source: KeySource): number {
	switch (source.from) {
		case 'header': {
			const { fields } = exchange.head;
			const i = fields.find(exchange.buffer, source.name);
			if (i < 0) return 0;
			return hashBytes(exchange.buffer, fields.table[i * STRIDE + 2] as number, fields.table[i * STRIDE + 3] as number);
		}
		case 'cookie':
			return hashOrNone(cookieValue(exchange, source.name));
		case 'token': {
			const value = cookieValue(exchange, source.name);
			return value !== undefined && /^[0-9a-f]{1,8}$/.test(value) ? Number.parseInt(value, 16) | 0 : 0;
		}
		case 'query':
			return hashOrNone(queryValue(exchange, source.name));
		default:
			return hashText(clientAddress(exchange));
	}
}

const hashOrNone = (value: string | undefined): number => (value === undefined ? 0 : hashText(value));

/** The value of the first cookie with this name. */
export function cookieValue(exchange: Pick<Keyed, 'head' | 'buffer'>, name: string): string | undefined {
	const { fields } = exchange.head;
	for (let i = 0; i < fields.count; i++) {
		if (fields.table[i * STRIDE + 4] !== Field.cookie) continue;
		for (const pair of fields.valueAt(exchange.buffer, i).split(';')) {
			const equals = pair.indexOf('=');
			if (equals > 0 && pair.slice(0, equals).trim() === name) return pair.slice(equals + 1).trim();
		}
	}
	return undefined;
}

function queryValue(exchange: Keyed, name: string): string | undefined {
	const target = exchange.buffer.toString('latin1', exchange.pathEnd, exchange.targetEnd);
	for (const pair of target.slice(1).split('&')) {
		const equals = pair.indexOf('=');
		if (pair.slice(0, equals < 0 ? pair.length : equals) === name) return equals < 0 ? '' : pair.slice(equals + 1);
	}
	return undefined;
}
