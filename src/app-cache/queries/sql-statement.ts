/** Reads a text of SQL with PostgreSQL's own parser. No catalogue is asked. */
import { emptyShape, nameOf, type SqlShape } from './sql-shape.ts';
import { walk } from './sql-walk.ts';

type Node = Record<string, unknown>;
type Parse = (text: string) => unknown;

/** Longer texts are not parsed; they may do anything. */
const MOST_CHARACTERS = 65_536;

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
	try {
		addStatements(shape, parsed.stmts ?? []);
		return shape;
	} catch {
		// Thousands of operators one within the other: the stack ends before they do.
		return anything(emptyShape(), 'it nests too deeply');
	}
}

function addStatements(shape: SqlShape, statements: readonly { stmt?: Node }[]): void {
	if (statements.length !== 1) {
		shape.several = true;
		shape.why = 'several statements';
	}
	for (const { stmt } of statements) {
		const [kind, node] = Object.entries(stmt ?? {})[0] ?? ['', {}];
		addStatement(shape, kind, node as Node);
	}
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
