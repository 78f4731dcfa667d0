import type { DatabaseSync, StatementSync } from 'node:sqlite';

/** How queues, groups and lanes are read and written. */
export function ledgerStatements(
	database: DatabaseSync,
): Record<
	| 'dataVersion'
	| 'queueByName'
	| 'queueById'
	| 'addQueue'
	| 'setQueue'
	| 'lanes'
	| 'setLane'
	| 'groupById'
	| 'groupByName'
	| 'addGroup'
	| 'setGroup'
	| 'groupsInTurn'
	| 'dropGroups',
	StatementSync
> {
	const of = (sql: string) => database.prepare(sql);
	// A bare `LIMIT ?` is planned for its value: SQLite would prepare the statement anew each time.
	return {
		dataVersion: of('PRAGMA data_version'),
		queueByName: of('SELECT * FROM queues WHERE name = ?'),
		queueById: of('SELECT * FROM queues WHERE qid = ?'),
		addQueue: of(`INSERT INTO queues (name, paused, turn, held, begun, counts) VALUES (?, 0, 0, 0, '', ?)`),
		setQueue: of('UPDATE queues SET paused = ?, turn = ?, held = ?, begun = ?, counts = ? WHERE qid = ?'),
		lanes: of('SELECT name, held FROM lanes WHERE qid = ?'),
		setLane: of('INSERT INTO lanes VALUES (?, ?, ?) ON CONFLICT (qid, name) DO UPDATE SET held = excluded.held'),
		groupById: of('SELECT * FROM groups WHERE gid = ?'),
		groupByName: of('SELECT * FROM groups WHERE qid = ? AND name = ?'),
		addGroup: of(
			`INSERT INTO groups (qid, name, waiting, held, kept, turn, begun, served) VALUES (?, ?, 0, 0, 0, ?, '', 0)`,
		),
		setGroup: of('UPDATE groups SET waiting = ?, held = ?, kept = ?, turn = ?, begun = ?, served = ? WHERE gid = ?'),
		groupsInTurn: of(
			'SELECT gid FROM groups WHERE qid = ? AND waiting > 0 AND (turn, gid) > (?, ?) ORDER BY turn, gid LIMIT +?',
		),
		dropGroups: of('DELETE FROM groups WHERE kept = 0 AND served < ?'),
	};
}
