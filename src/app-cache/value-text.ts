/**
 * How a value lies in both levels: a short head of JSON, a line feed, and the value's own text as it is, so that a
 * large value is neither escaped nor parsed twice.
 */

/** A stored value and when its `load` began (ms since 1970). */
export interface StoredText {
	text: string;
	beganAt: number;
}

/** What BentoCache keeps of an entry; its own marks of invalidated tags have numbers as values. */
interface Entry {
	value: StoredText | number;
	createdAt: number;
	logicalExpiration?: number;
	tags?: readonly string[];
}

/**
 * The entry counts as created when its `load` began, not when it was stored: a tag that was invalidated between the
 * two makes it old, so an answer from before an invalidation never lives on after it.
 */
export function serializeEntry(entry: Entry): string {
	const { value, createdAt, logicalExpiration: end, tags } = entry;
	if (typeof value === 'number') return `${JSON.stringify({ mark: value, at: createdAt, end })}\n`;
	return `${JSON.stringify({ at: value.beganAt, end, tags })}\n${value.text}`;
}

/** Throws when it is no such text: somebody else wrote it. */
export function deserializeEntry(text: unknown): Entry {
	const cut = typeof text === 'string' ? text.indexOf('\n') : -1;
	if (typeof text !== 'string' || cut < 0 || cut > 16_384) throw new Error('a value in the cache has no head');
	const { mark, at, end, tags } = JSON.parse(text.slice(0, cut)) as Record<string, unknown>;
	if (typeof at !== 'number' || (end !== undefined && typeof end !== 'number')) {
		throw new Error('a value in the cache has a head of another kind');
	}
	const value = typeof mark === 'number' ? mark : { text: text.slice(cut + 1), beganAt: at };
	return {
		value,
		createdAt: at,
		...(end === undefined ? {} : { logicalExpiration: end }),
		...(Array.isArray(tags) && tags.every((tag) => typeof tag === 'string') ? { tags } : {}),
	};
}
