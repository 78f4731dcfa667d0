/** What a text of SQL does, as PostgreSQL's own parser reads it: which names it reads, writes and calls. No catalogue is asked. */
import { walk } from './sql-walk.ts';

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

type Node = Record<string, unknown>;
type Parse = (text: string) => unknown;

/** Longer texts are not parsed; they may do anything. */
const MOST_CHARACTERS = 65_536;

export const emptyShape = (): SqlShape => ({
	reads: [],
	writes: [],
	functions: [],
	operators: [],
	columns: [],
	ctes: [],
	why: undefined,
	unknown: false,
	ddl: false,
	session: false,
	several: false,
	commits: false,
});

/** Never throws: what cannot be read may do anything. */
export function shapeOf(text: string, parse: Parse): SqlShape {
	const shape = emptyShape();
	if (text.length > MOST_CHARACTERS) return anything(shape, 'the text is too long');
	let parsed: { stmts?: { stmt?: Node }[] };
	try {
		parsed = parse(text) as typeof parsed;
	} catch {
		// An empty text, or one that this parser's PostgreSQL does not know.
		return /^[\s;]*$/.test(text) ? { ...shape, why: 'empty' } : anything(shape, 'it cannot be parsed');
	}
	const statements = parsed.stmts ?? [];
	if (statements.length !== 1) {
		shape.several = true;
		shape.why = 'several statements';
	}
	for (const { stmt } of statements) {
		const [kind, node] = Object.entries(stmt ?? {})[0] ?? ['', {}];
		addStatement(shape, kind, node as Node);
	}
	return shape;
}

function anything(shape: SqlShape, why: string): SqlShape {
	return { ...shape, why, unknown: true, ddl: true, session: true, several: true };
}

const QUERIES = new Set(['SelectStmt', 'InsertStmt', 'UpdateStmt', 'DeleteStmt', 'MergeStmt']);
/** They change no table, no session and no catalogue. */
const HARMLESS = new Set([
	...['VariableShowStmt', 'ListenStmt', 'UnlistenStmt', 'NotifyStmt', 'LockStmt', 'DeallocateStmt', 'PrepareStmt'],
	...['VacuumStmt', 'CheckPointStmt', 'CommentStmt', 'ClosePortalStmt', 'FetchStmt', 'ConstraintsSetStmt'],
]);

function addStatement(shape: SqlShape, kind: string, node: Node): void {
	if (kind !== 'SelectStmt') shape.why ??= 'it is no SELECT';
	if (QUERIES.has(kind)) return walk(shape, { [kind]: node });
	if (HARMLESS.has(kind)) return;
	const special = SPECIAL[kind];
	if (special !== undefined) return special(shape, node);
	if (isTemporary(node)) {
		shape.session = true;
		return walk(shape, node);
	}
	shape.ddl = true;
	shape.unknown = true;
	shape.session = true;
}

const SPECIAL: Record<string, (shape: SqlShape, node: Node) => void> = {
	TransactionStmt(shape, { kind }) {
		if (kind === 'TRANS_STMT_COMMIT') shape.commits = true;
		// What was written is known to the session that prepared it, perhaps of another process.
		if (kind === 'TRANS_STMT_COMMIT_PREPARED' || kind === 'TRANS_STMT_PREPARE') shape.unknown = true;
	},
	VariableSetStmt(shape, { name, is_local: local }) {
		if (!local && name !== 'TRANSACTION' && name !== 'SESSION CHARACTERISTICS') shape.session = true;
	},
	DiscardStmt: (shape) => void (shape.session = true),
	ExplainStmt: (shape, { query }) => walk(shape, query),
	DeclareCursorStmt: (shape, { query }) => walk(shape, query),
	ExecuteStmt: (shape) => void (shape.unknown = true),
	CallStmt: anythingAtRun,
	DoStmt: anythingAtRun,
	CopyStmt(shape, { relation, is_from: from, query }) {
		if (query !== undefined) walk(shape, query);
		if (from && relation !== undefined) shape.writes.push({ ...nameOf(relation as Node), kind: 'insert' });
	},
	TruncateStmt(shape, { relations, behavior }) {
		// Which tables hang on these is for the server to know.
		if (behavior === 'DROP_CASCADE') shape.unknown = true;
		for (const { RangeVar } of (relations ?? []) as { RangeVar: Node }[]) {
			shape.writes.push({ ...nameOf(RangeVar), kind: 'truncate' });
		}
	},
	RefreshMatViewStmt(shape, { relation }) {
		shape.writes.push({ ...nameOf(relation as Node), kind: 'update' });
	},
};

function anythingAtRun(shape: SqlShape): void {
	shape.unknown = true;
	shape.session = true;
}

/** CREATE TEMPORARY TABLE, with or without AS. */
function isTemporary({ relation, into }: Node): boolean {
	const rel = (relation ?? (into as Node | undefined)?.['rel']) as Node | undefined;
	return rel?.['relpersistence'] === 't';
}

export function nameOf(relation: Node): SqlName {
	return { schema: relation['schemaname'] as string | undefined, name: String(relation['relname']) };
}
