import { type Priority, parsePriority } from '../core/priority.ts';
import type { Fields } from '../wire/head.ts';
import type { RoutePriority } from './route.ts';

/** A request whose priority is asked for. */
export interface Prioritised {
	readonly buffer: Uint8Array;
	readonly head: { readonly fields: Fields };
	readonly client: { readonly trusted: boolean };
}

/** By its route, or by its own field where the sender of that is believed. A field that comes twice says nothing. */
export function priorityOf(request: Prioritised, { level, header, anyone }: RoutePriority): Priority {
	if (header === null || !(anyone || request.client.trusted)) return level;
	const { buffer } = request;
	const { fields } = request.head;
	const at = fields.find(buffer, header);
	if (at < 0 || fields.find(buffer, header, at + 1) >= 0) return level;
	return parsePriority(fields.valueAt(buffer, at)) ?? level;
}
