export type Range = { kind: 'whole' } | { kind: 'part'; start: number; end: number } | { kind: 'unsatisfiable' };

/**
 * What a Range field asks of a file of that size (RFC 9110 §14.2); `end` is included. Anything but one well-formed
 * range of bytes is ignored, as the standard allows.
 */
export function rangeOf(field: string | undefined, size: number): Range {
	const match = /^bytes=(\d*)-(\d*)$/i.exec(field?.trim() ?? '');
	if (!match) return { kind: 'whole' };
	const [, first = '', last = ''] = match;
	if (first === '' && last === '') return { kind: 'whole' };
	if (first === '') {
		const length = Math.min(Number(last), size);
		return length > 0 ? { kind: 'part', start: size - length, end: size - 1 } : { kind: 'unsatisfiable' };
	}
	const start = Number(first);
	const end = last === '' ? size - 1 : Math.min(Number(last), size - 1);
	if (last !== '' && Number(last) < start) return { kind: 'whole' };
	return start < size ? { kind: 'part', start, end } : { kind: 'unsatisfiable' };
}
