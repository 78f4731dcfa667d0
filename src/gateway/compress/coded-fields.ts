import type { FieldEdits } from '../field-edits.ts';
import type { Coding } from './coding.ts';
import type { FieldLines } from './compression.ts';

/** A part of the compressed form cannot be asked for: which bytes it has is nobody's promise. */
const OF_PLAIN: ReadonlySet<string> = new Set(['etag', 'accept-ranges']);
const NOTHING: ReadonlySet<string> = new Set();
const NONE: FieldEdits = { removed: NOTHING, added: Buffer.alloc(0) };

/**
 * What changes in the fields of an answer that is given in several codings: it says so by `Vary`, and the compressed form
 * has a weak ETag, since its bytes may differ from one time to the next (RFC 9110 §8.8.1). '': the form that is not.
 * `removed`: fields that it has and its client will not get.
 */
export function codedFields(
	answer: FieldLines,
	coding: Coding | '',
	removed: ReadonlySet<string> = NOTHING,
): FieldEdits {
	const vary = varyLine(answer, removed);
	if (coding === '') return { removed: NOTHING, added: Buffer.from(vary, 'latin1') };
	const etag = etagOf(answer, removed);
	const tag = etag === undefined ? '' : `ETag: ${weak(etag)}\r\n`;
	return { removed: OF_PLAIN, added: Buffer.from(`Content-Encoding: ${coding}\r\n${tag}${vary}`, 'latin1') };
}

/** The same of a 304 for a client that names the ETag of a compressed form: it knows no other one. null: nothing. */
export function unchangedFields(
	answer: FieldLines,
	request: FieldLines,
	removed: ReadonlySet<string> = NOTHING,
): FieldEdits | null {
	const etag = etagOf(answer, removed);
	if (etag === undefined || etag.startsWith('W/')) return null;
	const asked = request.fields.list(request.bytes, 'if-none-match');
	if (asked?.includes(weak(etag)) !== true) return null;
	return { removed: OF_PLAIN, added: Buffer.from(`ETag: ${weak(etag)}\r\n${varyLine(answer, removed)}`, 'latin1') };
}

function etagOf({ fields, bytes }: FieldLines, removed: ReadonlySet<string>): string | undefined {
	return removed.has('etag') ? undefined : fields.value(bytes, 'etag');
}

function varyLine({ fields, bytes }: FieldLines, removed: ReadonlySet<string>): string {
	const vary = removed.has('vary') ? undefined : fields.list(bytes, 'vary');
	return variesAlready(vary) ? '' : 'Vary: Accept-Encoding\r\n';
}

/** One set of edits behind another. */
export function joinedEdits(first: FieldEdits | null, then: FieldEdits | null): FieldEdits {
	if (first === null) return then ?? NONE;
	if (then === null) return first;
	return {
		removed: new Set([...first.removed, ...then.removed]),
		added: Buffer.concat([first.added, then.added]),
	};
}

const weak = (etag: string): string => (etag.startsWith('W/') ? etag : `W/${etag}`);

const variesAlready = (vary: string | undefined): boolean =>
	vary !== undefined && /(?:^|[,\s])(?:\*|accept-encoding)(?:$|[,\s])/i.test(vary);
