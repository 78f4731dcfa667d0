import type { DatabaseSync } from 'node:sqlite';

export interface Avatar {
	id: string;
	name: string;
	gender: string;
	style: string;
	premium: number;
	preview_image_url: string;
	default_voice_id: string;
}

export interface AvatarFilter {
	gender?: string;
	style?: string;
	/** Part of the name, in any case. */
	q?: string;
	/** Only those after this id. */
	after?: string;
	limit: number;
}

export interface AvatarTable {
	find(filter: AvatarFilter): Avatar[];
	get(id: string): Avatar | undefined;
}

export function avatarTable(db: DatabaseSync): AvatarTable {
	const find = db.prepare(
		`SELECT * FROM avatars WHERE id > :after AND (:gender IS NULL OR gender = :gender)
		AND (:style IS NULL OR style = :style) AND (:q IS NULL OR instr(lower(name), lower(:q)) > 0)
		ORDER BY id LIMIT :limit`,
	);
	const get = db.prepare('SELECT * FROM avatars WHERE id = ?');
	return {
		find: ({ gender = null, style = null, q = null, after = '', limit }) =>
			find.all({ gender, style, q, after, limit }) as unknown as Avatar[],
		get: (id) => get.get(id) as Avatar | undefined,
	};
}
