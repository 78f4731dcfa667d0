/** What a text of SQL does, by itself: which names it reads, writes and calls. */

/** A name as it was written. */
export interface SqlName {
	schema: string | undefined;
	name: string;
}

export type WriteKind = 'insert' | 'update' | 'delete' | 'truncate';

export interface SqlWrite extends SqlName {
	kind: WriteKind;
}

export interface SqlShape {
	reads: SqlName[];
	writes: SqlWrite[];
	functions: SqlName[];
	operators: string[];
	/** Last parts of the names of types that something is cast to. */
	types: string[];
	/** Last parts of column names: `films.title` may also call a function `title`. */
	columns: string[];
	/** Names of WITH, which stand for no table. */
	ctes: string[];
	/** Why its answer is not to be kept; undefined: nothing in the text speaks against it. */
	why: string | undefined;
	/** It may write tables that the text does not name. */
	unknown: boolean;
	/** It changes tables, views or functions themselves. */
	ddl: boolean;
	/** It changes the session: settings, temporary tables. */
	session: boolean;
	/** More than one statement. */
	several: boolean;
	/** Ends a transaction: COMMIT, END. */
	commits: boolean;
}

export const emptyShape = (): SqlShape => ({
	reads: [],
	writes: [],
	functions: [],
	operators: [],
	types: [],
	columns: [],
	ctes: [],
	why: undefined,
	unknown: false,
	ddl: false,
	session: false,
	several: false,
	commits: false,
});

/** The name of a table in a parsed text. */
export function nameOf(relation: Readonly<Record<string, unknown>>): SqlName {
	return { schema: relation['schemaname'] as string | undefined, name: String(relation['relname']) };
}
