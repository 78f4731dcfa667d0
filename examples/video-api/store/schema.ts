/** Raised with every change of the tables below. */
export const schemaVersion = 1;

/** Times are milliseconds since 1970. */
export const tables = `
CREATE TABLE avatars (
	id TEXT PRIMARY KEY, name TEXT NOT NULL, gender TEXT NOT NULL, style TEXT NOT NULL,
	premium INTEGER NOT NULL, preview_image_url TEXT NOT NULL, default_voice_id TEXT NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE voices (
	id TEXT PRIMARY KEY, name TEXT NOT NULL, gender TEXT NOT NULL, language TEXT NOT NULL, preview_audio_url TEXT NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE videos (
	id TEXT PRIMARY KEY, title TEXT, script TEXT NOT NULL, avatar_id TEXT NOT NULL, voice_id TEXT NOT NULL,
	aspect_ratio TEXT NOT NULL, resolution TEXT NOT NULL, created_at INTEGER NOT NULL,
	starts_at INTEGER NOT NULL, ends_at INTEGER NOT NULL, outcome TEXT NOT NULL, cancelled_at INTEGER
) STRICT, WITHOUT ROWID;

CREATE TABLE assets (
	id TEXT PRIMARY KEY, name TEXT, content_type TEXT NOT NULL, bytes INTEGER NOT NULL, sha256 TEXT NOT NULL,
	created_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE render_slots (
	video_id TEXT PRIMARY KEY, holder TEXT NOT NULL, ends_at INTEGER NOT NULL, lease_until INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
`;
