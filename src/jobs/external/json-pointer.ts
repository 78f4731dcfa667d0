/** JSON pointers, RFC 6901. */

/** What it points to; undefined: nothing is there. */
export function pointed(value: unknown, pointer: string): unknown {
	let at = value;
	for (const part of pointer.split('/').slice(1)) {
		if (typeof at !== 'object' || at === null) return undefined;
		const name = part.replaceAll('~1', '/').replaceAll('~0', '~');
		if (!Object.hasOwn(at, name)) return undefined;
		at = (at as Record<string, unknown>)[name];
	}
	return at;
}

const TEXT_MOST = 500;

/** The text there, or a number as text; null: there is none, or too much of it. */
export function textAt(value: unknown, pointer: string | null): string | null {
	const found = pointer === null ? undefined : pointed(value, pointer);
	if (typeof found === 'number' && Number.isFinite(found)) return String(found);
	return typeof found === 'string' && found !== '' ? found.slice(0, TEXT_MOST) : null;
}

export const isPointer = (text: string): boolean => text === '' || /^(\/([^/~]|~[01])*)+$/.test(text);
