/** What selectors choose, and what patches change. */
import { isDeepStrictEqual } from 'node:util';
import type { KubeObject } from './kube-store.ts';

/** Parameters that an API server knows. */
export const ALLOWED_QUERY: readonly string[] = [
	'limit',
	'continue',
	'labelSelector',
	'fieldSelector',
	'watch',
	'resourceVersion',
	'allowWatchBookmarks',
	'timeoutSeconds',
	'pretty',
];

/** `app=api`, `metadata.name=api`, `involvedObject.name=api,reason=FailedCreate`. */
export function matches(object: KubeObject, query: URLSearchParams): boolean {
	const all = (text: string | null) => (text === null || text === '' ? [] : text.split(','));
	const labels = (object.metadata['labels'] ?? {}) as Record<string, string>;
	const byLabel = all(query.get('labelSelector')).every((one) => labels[one.split('=')[0] ?? ''] === one.split('=')[1]);
	return (
		byLabel &&
		all(query.get('fieldSelector')).every((one) => {
			const [path = '', value] = one.split('=');
			let at: unknown = object;
			for (const part of path.split('.')) at = (at as Record<string, unknown> | undefined)?.[part];
			return isDeepStrictEqual(at, value);
		})
	);
}

/** Merges; null deletes; lists of named things by their name. */
export function patchInto(target: Record<string, unknown>, patch: unknown): void {
	for (const [name, value] of Object.entries(patch as Record<string, unknown>)) {
		if (value === null) delete target[name];
		else if (Array.isArray(value)) {
			for (const one of value as Record<string, unknown>[]) {
				const found = (target[name] as Record<string, unknown>[]).find((each) => each['name'] === one['name']);
				if (found !== undefined) patchInto(found, one);
			}
		} else if (typeof value === 'object') patchInto((target[name] ??= {}) as Record<string, unknown>, value);
		else target[name] = value;
	}
}
