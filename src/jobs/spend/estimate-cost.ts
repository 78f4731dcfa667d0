import { pointed } from '../external/json-pointer.ts';
import { parseJson } from '../external/read-status.ts';
import type { JobBody } from '../job.ts';
import type { PricePolicy } from './spend-policy.ts';

/** How deep texts may lie within what a pointer leads to. */
const DEPTH_MOST = 20;

/** What a job is taken to cost, in millionths. Of a body that is too large to lie with its job nothing is read. */
export function estimateCost(price: PricePolicy, body: JobBody | null): number {
	const { each, perCharacter, text, otherwise, times } = price;
	const counts = perCharacter > 0 && text.length > 0;
	if (!counts && times === null) return each;
	const value = body !== null && 'inline' in body ? parseJson(body.inline) : undefined;
	if (value === undefined) return otherwise;
	const characters = counts ? text.reduce((sum, pointer) => sum + charactersOf(pointed(value, pointer), 0), 0) : 0;
	const once = counts && characters === 0 ? otherwise : each + perCharacter * characters;
	const list = times === null ? null : pointed(value, times);
	return Math.ceil(once * (Array.isArray(list) ? Math.max(1, list.length) : 1));
}

/** Of all texts in it; names of members do not count. */
function charactersOf(value: unknown, depth: number): number {
	if (typeof value === 'string') return value.length;
	if (typeof value !== 'object' || value === null || depth >= DEPTH_MOST) return 0;
	return Object.values(value).reduce((sum: number, one) => sum + charactersOf(one, depth + 1), 0);
}
