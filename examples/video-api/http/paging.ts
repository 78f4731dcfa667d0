import { Problem } from './problem.ts';

/** Query parameters of every list. */
export const pagingSchema = {
	limit: { type: 'integer', minimum: 1, maximum: 100, default: 20 },
	cursor: { type: 'string', maxLength: 100 },
} as const;

export interface Paging {
	limit: number;
	cursor?: string;
}

/** The schema of one page of such items. */
export function pageSchema(item: object): object {
	return {
		type: 'object',
		properties: {
			data: { type: 'array', items: item },
			has_more: { type: 'boolean' },
			next_cursor: { type: ['string', 'null'] },
		},
	};
}

/** Cuts rows, of which one more than the limit was asked for, to a page with the cursor of the next. */
export function pageOf<Row extends { id: string }>(rows: Row[], limit: number) {
	const data = rows.slice(0, limit);
	const last = data.at(-1);
	const hasMore = rows.length > limit;
	return { data, has_more: hasMore, next_cursor: hasMore && last ? Buffer.from(last.id).toString('base64url') : null };
}

/** The id after which a page begins, as a part of a filter. */
export function afterCursor(cursor: string | undefined): { after?: string } {
	if (cursor === undefined) return {};
	const after = Buffer.from(cursor, 'base64url').toString();
	if (/^[a-z0-9_]+$/.test(after)) return { after };
	throw new Problem('invalid_parameter', 'The cursor is not one that this API gave.');
}
