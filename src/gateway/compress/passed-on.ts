import type { Framing } from '../../wire/framing.ts';
import type { Fields } from '../../wire/head.ts';
import type { ResponseHead } from '../../wire/response-head.ts';
import type { FieldEdits } from '../field-edits.ts';
import { codedFields, joinedEdits, unchangedFields } from './coded-fields.ts';
import type { Coding } from './coding.ts';
import type { Compression } from './compression.ts';

/** The request that is answered, and who can compress what comes for it. */
export interface Asking {
	readonly buffer: Buffer;
	readonly head: { readonly fields: Fields };
	readonly headOnly: boolean;
	/** False: too much is compressed now. */
	compressAnswer(coding: Coding): boolean;
}

/** An answer as it comes from its instance. */
export interface Coming {
	readonly head: ResponseHead;
	readonly bytes: Buffer;
	readonly framing: Framing;
}

export interface PassedOn {
	/** Behind those of its route. */
	edits(own: FieldEdits | null): FieldEdits;
	/** Its length is not the one that came. */
	readonly coded: boolean;
}

/** Whether an answer goes to who asked as it is: no coding of it would suit him better. */
export function goesPlain(asking: Pick<Asking, 'buffer' | 'head'>, compression: Compression, coming: Coming): boolean {
	if (!mayBeCoded(compression, coming)) return true;
	return compression.codingFor({ fields: asking.head.fields, bytes: asking.buffer }) === '';
}

function mayBeCoded(compression: Compression, { head, bytes, framing }: Coming): boolean {
	const length = framing.chunked ? -1 : framing.contentLength;
	return !framing.foreign && compression.suits({ fields: head.fields, bytes, status: head.status, length });
}

/** How an answer is passed on where its route has `compress`; null: as it is. */
export function passedOn(asking: Asking, compression: Compression, coming: Coming): PassedOn | null {
	const { head, bytes } = coming;
	const answer = { fields: head.fields, bytes };
	const request = { fields: asking.head.fields, bytes: asking.buffer };
	if (head.status === 304) {
		if (unchangedFields(answer, request) === null) return null;
		return { edits: (own) => joinedEdits(own, unchangedFields(answer, request, own?.removed)), coded: false };
	}
	if (!mayBeCoded(compression, coming)) return null;
	let coding = compression.codingFor(request);
	if (coding !== '' && !asking.headOnly && !asking.compressAnswer(coding)) coding = '';
	return { edits: (own) => joinedEdits(own, codedFields(answer, coding, own?.removed)), coded: coding !== '' };
}
