import type { HeaderPolicy } from './config.ts';

/** Field edits, ready to use. */
export interface FieldEdits {
	/** Lower-case names to leave out: the removed ones and those set anew. */
	readonly removed: ReadonlySet<string>;
	/** Whole field lines to add. */
	readonly added: Buffer;
}

/** Prepares a header policy; null where it changes nothing. */
export function compileEdits(policy: HeaderPolicy): FieldEdits | null {
	if (policy.set.length === 0 && policy.remove.length === 0) return null;
	const removed = new Set([...policy.remove, ...policy.set.map(([name]) => name.toLowerCase())]);
	return { removed, added: Buffer.from(policy.set.map(([name, value]) => `${name}: ${value}\r\n`).join(''), 'latin1') };
}

/** A trailer section without the fields that a policy sets or removes: who joins trailers to the fields must not be fooled. */
export function withoutRemoved(trailers: Buffer, edits: FieldEdits | null): Buffer {
	if (edits === null) return trailers;
	const lines = trailers.toString('latin1').split('\r\n');
	const kept = lines.filter((line) => !edits.removed.has(line.slice(0, line.indexOf(':')).toLowerCase()));
	return Buffer.from(kept.join('\r\n'), 'latin1');
}
