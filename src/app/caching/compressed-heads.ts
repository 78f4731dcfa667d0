import { codedFields } from '../../gateway/compress/coded-fields.ts';
import type { Coding } from '../../gateway/compress/coding.ts';
import { type Compression, fieldLines } from '../../gateway/compress/compression.ts';
import { withEdits } from './prepared-head.ts';

const NONE: ReadonlySet<string> = new Set();

/** The heads of an answer that is given in several codings. */
export class CompressedHeads {
	/** With `Vary`. */
	readonly plain: Buffer;
	readonly #head: Buffer;
	readonly #coded = new Map<Coding, Buffer>();

	constructor(head: Buffer) {
		this.#head = head;
		this.plain = edited(head, '');
	}

	of(coding: Coding): Buffer {
		let head = this.#coded.get(coding);
		if (head === undefined) {
			head = edited(this.#head, coding);
			this.#coded.set(coding, head);
		}
		return head;
	}
}

const edited = (head: Buffer, coding: Coding | ''): Buffer =>
	withEdits(head, codedFields(fieldLines(head), coding), NONE);

interface Known {
	readonly by: Compression;
	/** null: it is given as it is, to all. */
	readonly heads: CompressedHeads | null;
}

const known = new WeakMap<Buffer, Known>();

/**
 * Of an answer with this head (as its route has it: the same buffer each time), whose body has `length` bytes (-1: not
 * known yet). null: it is not compressed for anybody. Judged once, since hits come again.
 */
export function compressedHeads(
	head: Buffer,
	{ status, length }: { status: number; length: number },
	by: Compression,
): CompressedHeads | null {
	if (length >= 0 && length < by.policy.minBytes) return null;
	const found = known.get(head);
	if (found !== undefined && found.by === by) return found.heads;
	const heads = by.suits({ ...fieldLines(head), status, length: -1 }) ? new CompressedHeads(head) : null;
	known.set(head, { by, heads });
	return heads;
}
