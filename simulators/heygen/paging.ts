/** Lists in pages. */
import { ApiError } from './api-error.ts';

interface Page<T> {
	data: T[];
	has_more: boolean;
	next_token: string | null;
}

interface Sizes {
	/** Items a page where the client names no number. */
	usual: number;
	most: number;
}

/** The page that a query asks for. Items keep their order; the token is the key of the last one. */
export function pageOf<T>(
	items: readonly T[],
	query: URLSearchParams,
	{ usual, most, keyOf }: Sizes & { keyOf: (item: T) => string | number },
): Page<T> {
	const limit = limitOf(query, { usual, most });
	const after = tokenOf(query);
	const from = after === undefined ? 0 : items.findIndex((item) => String(keyOf(item)) === after) + 1;
	if (after !== undefined && from === 0) throw badToken();
	const data = items.slice(from, from + limit);
	const last = data.at(-1);
	const hasMore = last !== undefined && from + limit < items.length;
	return { data, has_more: hasMore, next_token: hasMore ? seal(String(keyOf(last))) : null };
}

function limitOf(query: URLSearchParams, { usual, most }: Sizes): number {
	const limit = Number(query.get('limit') ?? usual);
	if (Number.isInteger(limit) && limit >= 1 && limit <= most) return limit;
	throw new ApiError('invalid_parameter', `'limit' must be between 1 and ${most}.`, { param: 'limit' });
}

function seal(key: string): string {
	return Buffer.from(JSON.stringify({ after: key })).toString('base64url');
}

function tokenOf(query: URLSearchParams): string | undefined {
	const token = query.get('token');
	if (token === null || token === '') return undefined;
	try {
		const { after } = JSON.parse(Buffer.from(token, 'base64url').toString());
		if (typeof after === 'string') return after;
	} catch {
		// Told below.
	}
	throw badToken();
}

function badToken(): ApiError {
	return new ApiError('invalid_parameter', "'token' is not one that this API gave.", { param: 'token' });
}
