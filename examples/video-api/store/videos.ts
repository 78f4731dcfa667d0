import type { DatabaseSync } from 'node:sqlite';
import type { Status } from '../render/timeline.ts';

/** A video as it is stored: its whole course is known from the start, its state follows from the time. */
export interface Video {
	id: string;
	title: string | null;
	script: string;
	avatar_id: string;
	voice_id: string;
	aspect_ratio: string;
	resolution: string;
	created_at: number;
	starts_at: number;
	ends_at: number;
	outcome: 'completed' | 'failed';
	cancelled_at: number | null;
}

export interface VideoFilter {
	status?: Status;
	/** Only those older than this id. */
	after?: string;
	limit: number;
}

export interface VideoTable {
	insert(video: Video): void;
	/** Newest first. */
	find(filter: VideoFilter, now: number): Video[];
	get(id: string): Video | undefined;
	/** False if it was not there. */
	delete(id: string): boolean;
	/** Does nothing once it has ended. */
	cancel(id: string, now: number): void;
	/** How many were deleted. */
	deleteOlderThan(time: number): number;
}

const status = `CASE WHEN cancelled_at IS NOT NULL THEN 'cancelled' WHEN :now < starts_at THEN 'pending'
	WHEN :now < ends_at THEN 'processing' ELSE outcome END`;

export function videoTable(db: DatabaseSync): VideoTable {
	const insert = db.prepare(
		`INSERT INTO videos VALUES (:id, :title, :script, :avatar_id, :voice_id, :aspect_ratio, :resolution,
		:created_at, :starts_at, :ends_at, :outcome, :cancelled_at)`,
	);
	const find = db.prepare('SELECT * FROM videos WHERE (:after IS NULL OR id < :after) ORDER BY id DESC LIMIT :limit');
	const findByStatus = db.prepare(
		`SELECT * FROM videos WHERE (:after IS NULL OR id < :after) AND ${status} = :status ORDER BY id DESC LIMIT :limit`,
	);
	const get = db.prepare('SELECT * FROM videos WHERE id = ?');
	const remove = db.prepare('DELETE FROM videos WHERE id = ?');
	const cancel = db.prepare(
		'UPDATE videos SET cancelled_at = :now WHERE id = :id AND cancelled_at IS NULL AND ends_at > :now',
	);
	const prune = db.prepare('DELETE FROM videos WHERE ends_at < ?');
	return {
		insert: (video) => void insert.run({ ...video }),
		find: ({ status, after = null, limit }, now) => {
			const rows = status ? findByStatus.all({ status, after, limit, now }) : find.all({ after, limit });
			return rows as unknown as Video[];
		},
		get: (id) => get.get(id) as Video | undefined,
		delete: (id) => remove.run(id).changes > 0,
		cancel: (id, now) => void cancel.run({ id, now }),
		deleteOlderThan: (time) => Number(prune.run(time).changes),
	};
}
