import type { Fields } from '../../wire/head.ts';

/** More tags, or longer ones, are not kept: the answer that has them could not be purged by all of them. */
const TAGS_MOST = 256;
const TAG_LENGTH_MOST = 1024;

/** What an answer can be purged by: `Surrogate-Key: a b`, `Cache-Tag: a,b`. null: too many or too long. */
export function tagsOf(fields: Fields, bytes: Buffer, names: readonly string[]): readonly string[] | null {
	let tags: Set<string> | null = null;
	for (const name of names) {
		const list = fields.list(bytes, name);
		if (list === undefined) continue;
		tags ??= new Set();
		for (const tag of list.split(/[ \t,]+/)) {
			if (tag === '') continue;
			if (tag.length > TAG_LENGTH_MOST || tags.size >= TAGS_MOST) return null;
			tags.add(tag);
		}
	}
	return tags === null ? NONE : [...tags];
}

const NONE: readonly string[] = [];
