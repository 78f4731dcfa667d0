/** What is kept of the roll-ups, and for how long. */
import type { DatabaseSync } from 'node:sqlite';

export interface RollupRetention {
	keepMs: { minutes: number; fiveMinutes: number; hours: number };
	/** Of the database file. */
	maxBytes: number;
}

const LEVEL_NAMES = [
	[60, 'minutes'],
	[300, 'fiveMinutes'],
	[3600, 'hours'],
] as const;

/** What goes at once when the file is too large, of the oldest, seconds. */
const BITE: Readonly<Record<number, number>> = { 60: 6 * 3600, 300: 86_400, 3600: 10 * 86_400 };

/** Deletes what is too old, and while the file is too large the oldest of the finest. `now`: seconds. */
export function trim(database: DatabaseSync, { now, retention }: { now: number; retention: RollupRetention }): void {
	for (const [level, name] of LEVEL_NAMES) drop(database, level, now - retention.keepMs[name] / 1000);
	for (const [level] of LEVEL_NAMES) {
		while (usedBytes(database) > retention.maxBytes) {
			const { first } = database.prepare('SELECT min(time) AS first FROM recorded WHERE level = ?').get(level) as {
				first: number | null;
			};
			// The last hours stay, whatever the bound: without them nothing could be merged.
			if (first === null || first > now - 2 * 3600) break;
			drop(database, level, Math.min(first + (BITE[level] as number), now - 2 * 3600 + 1));
		}
	}
}

function drop(database: DatabaseSync, level: number, before: number): void {
	database.prepare('DELETE FROM recorded WHERE level = ? AND time < ?').run(level, before);
	// By metric, as the key is: else the whole level would be read.
	for (const { id } of database.prepare('SELECT id FROM metric').all() as unknown as { id: number }[])
		database.prepare('DELETE FROM slot WHERE level = ? AND metric = ? AND time < ?').run(level, id, before);
}

/** Pages in use. What was deleted is used again, the file itself does not shrink. */
export function usedBytes(database: DatabaseSync): number {
	const pragma = (name: string): number =>
		Number(Object.values(database.prepare(`PRAGMA ${name}`).get() ?? {})[0] ?? 0);
	return (pragma('page_count') - pragma('freelist_count')) * pragma('page_size');
}
