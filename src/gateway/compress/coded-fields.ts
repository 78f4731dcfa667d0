import type { FieldEdits } from '../field-edits.ts';
import type { Coding } from './coding.ts';
import type { FieldLines } from './compression.ts';

/** A part of the compressed form cannot be asked for: which bytes it has is nobody's promise. */
const OF_PLAIN: ReadonlySet<string> = new Set(['etag', 'accept-ranges']);
const NOTHING: ReadonlySet<string> = new Set();

/**
 * What changes in the fields of an answer that is given in several codings: it says so by `Vary`, and the compressed form
 * has a weak ETag, since its bytes may differ from one time to the next (RFC 9110 §8.8.1). '': the form that is not.
 */
export function codedFields({ fields, bytes }: FieldLines, coding: Coding | ''): FieldEdits {
	const vary = variesAlready(fields.list(bytes, 'vary')) ? '' : 'Vary: Accept-Encoding\r\n';
	if (coding === '') return { removed: NOTHING, added: Buffer.from(vary, 'latin1') };
	const etag = fields.value(bytes, 'etag');
	const tag = etag === undefined ? '' : `ETag: ${weak(etag)}\r\n`;
	return { removed: OF_PLAIN, added: Buffer.from(`Content-Encoding: ${coding}\r\n${tag}${vary}`, 'latin1') };
}

/**
 * What changes in the fields of a 304 for a client that names the ETag of a compressed form: it knows no other one.
 * null: nothing.
 */
export function unchangedFields(answer: FieldLines, request: FieldLines): FieldEdits | null {
	const etag = answer.fields.value(answer.bytes, 'etag');
	if (etag === undefined || etag.startsWith('W/')) return null;
	const asked = request.fields.list(request.bytes, 'if-none-match');
	if (asked?.includes(weak(etag)) !== true) return null;
	const vary = variesAlready(answer.fields.list(answer.bytes, 'vary')) ? '' : 'Vary: Accept-Encoding\r\n';
	return { removed: OF_PLAIN, added: Buffer.from(`ETag: ${weak(etag)}\r\n${vary}`, 'latin1') };
}

/** One set of edits behind another. */
export function joinedEdits(first: FieldEdits | null, then: FieldEdits): FieldEdits {
	if (first === null) return then;
	return {
		removed: new Set([...first.removed, ...then.removed]),
		added: Buffer.concat([first.added, then.added]),
	};
}

const weak = (etag: string): string => (etag.startsWith('W/') ? etag : `W/${etag}`);

const variesAlready = (vary: string | undefined): boolean =>
	vary !== undefined && /(?:^|[,\s])(?:\*|accept-encoding)(?:$|[,\s])/i.test(vary);
