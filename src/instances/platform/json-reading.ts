/** Reads from JSON that came from outside: what is not there or of another type is empty. */

export function valueAt(value: unknown, ...path: readonly string[]): unknown {
	let at: unknown = value;
	for (const name of path) {
		if (typeof at !== 'object' || at === null || !Object.hasOwn(at, name)) return undefined;
		at = (at as Record<string, unknown>)[name];
	}
	return at;
}

export function textAt(value: unknown, ...path: readonly string[]): string {
	const found = valueAt(value, ...path);
	return typeof found === 'string' ? found : '';
}

/** null: no finite number stands there. */
export function numberAt(value: unknown, ...path: readonly string[]): number | null {
	const found = valueAt(value, ...path);
	return typeof found === 'number' && Number.isFinite(found) ? found : null;
}

export function listAt(value: unknown, ...path: readonly string[]): readonly unknown[] {
	const found = valueAt(value, ...path);
	return Array.isArray(found) ? found : [];
}
