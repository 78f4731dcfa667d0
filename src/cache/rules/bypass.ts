import type { CacheBypass } from '../cache-policy.ts';
import { cookiesNamed } from './cache-key.ts';
import type { CacheRequest } from './cache-request.ts';
import { unescaped } from './unescaped.ts';

/** Whether the route's policy keeps this request away from the cache: neither looked up nor stored. */
export function isBypassed(rules: readonly CacheBypass[], request: CacheRequest): boolean {
	for (let i = 0; i < rules.length; i++) {
		const rule = rules[i] as CacheBypass;
		const values = valuesOf(rule, request);
		if (values !== null && (rule.value === null || values.includes(rule.value))) return true;
	}
	return false;
}

/** null: there is none. */
function valuesOf({ from, name }: CacheBypass, request: CacheRequest): string[] | null {
	if (from === 'header') {
		const value = request.head.fields.list(request.buffer, name);
		return value === undefined ? null : [value];
	}
	if (from === 'cookie') return cookiesNamed(request, name)?.split(';') ?? null;
	const target = request.buffer.toString('latin1', request.targetStart, request.targetEnd);
	const at = target.indexOf('?');
	if (at < 0) return null;
	const found: string[] = [];
	for (const parameter of target.slice(at + 1).split('&')) {
		const [key = '', value = ''] = parameter.split(/=(.*)/s, 2);
		// What an origin may take for it keeps away from the cache as well: more is no harm here.
		if (key === name || unescaped(key).toLowerCase() === name.toLowerCase()) found.push(value, unescaped(value));
	}
	return found.length === 0 ? null : found;
}
