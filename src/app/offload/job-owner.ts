import { timingSafeEqual } from 'node:crypto';
import type { Exchange } from '../../gateway/exchange.ts';
import { hashOf } from '../../jobs/idempotency.ts';

/** Characters of a hash that are kept: 132 bits. */
const KEPT = 22;

/** Hash of the first credential that is there; '': there is none. */
export function ownerOf(exchange: Exchange, fields: readonly string[]): string {
	for (const name of fields) {
		const value = exchange.head.fields.list(exchange.buffer, name);
		if (value !== undefined && value !== '') return hashOf(name, value).slice(0, KEPT);
	}
	return '';
}

/** Whether the job is one of these owners', or of nobody in particular. Takes as long for those who are not. */
export function isOwned(owner: string, by: readonly string[]): boolean {
	const wanted = Buffer.from(owner.padEnd(KEPT, '-'));
	let found = owner === '';
	for (const one of by) {
		const given = Buffer.from(one.padEnd(KEPT, '-'));
		if (given.length === wanted.length && timingSafeEqual(given, wanted)) found = true;
	}
	return found;
}
