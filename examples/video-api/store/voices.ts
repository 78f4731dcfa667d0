import type { DatabaseSync } from 'node:sqlite';

export interface Voice {
	id: string;
	name: string;
	gender: string;
	language: string;
	preview_audio_url: string;
}

export interface VoiceFilter {
	gender?: string;
	language?: string;
	/** Only those after this id. */
	after?: string;
	limit: number;
}

export interface VoiceTable {
	find(filter: VoiceFilter): Voice[];
	get(id: string): Voice | undefined;
}

export function voiceTable(db: DatabaseSync): VoiceTable {
	const find = db.prepare(
		`SELECT * FROM voices WHERE id > :after AND (:gender IS NULL OR gender = :gender)
		AND (:language IS NULL OR language = :language) ORDER BY id LIMIT :limit`,
	);
	const get = db.prepare('SELECT * FROM voices WHERE id = ?');
	return {
		find: ({ gender = null, language = null, after = '', limit }) =>
			find.all({ gender, language, after, limit }) as unknown as Voice[],
		get: (id) => get.get(id) as Voice | undefined,
	};
}
