/** The walk over a parsed query: collects the names in it, and what speaks against keeping its answer. */
import { nameOf, type SqlName, type SqlShape, type WriteKind } from './sql-shape.ts';

type Node = Record<string, unknown>;

/** What may stand in a query whose answer is kept; everything else is not known to hang on its tables alone. */
const KNOWN = new Set([
	...['SelectStmt', 'ResTarget', 'ColumnRef', 'String', 'Integer', 'Float', 'Boolean', 'A_Star', 'FuncCall', 'List'],
	...['JoinExpr', 'RangeVar', 'RangeSubselect', 'RangeFunction', 'BoolExpr', 'A_Expr', 'ParamRef', 'A_Const', 'SortBy'],
	...['CoalesceExpr', 'MinMaxExpr', 'NullTest', 'BooleanTest', 'SubLink', 'RowExpr', 'A_ArrayExpr', 'A_Indirection'],
	...['A_Indices', 'TypeCast', 'TypeName', 'CaseExpr', 'CaseWhen', 'CommonTableExpr', 'WindowDef', 'GroupingSet'],
	...['GroupingFunc', 'CollateClause', 'NamedArgExpr', 'ColumnDef', 'JsonObjectConstructor', 'JsonArrayConstructor'],
	...['JsonKeyValue', 'JsonValueExpr', 'JsonObjectAgg', 'JsonArrayAgg', 'JsonIsPredicate'],
]);
/** Columns of the system, which change though no row does. */
const SYSTEM_COLUMNS = new Set(['ctid', 'xmin', 'xmax', 'cmin', 'cmax', 'tableoid']);
const WRITES: Record<string, WriteKind> = { InsertStmt: 'insert', UpdateStmt: 'update', DeleteStmt: 'delete' };

/** Adds what it finds; `node` is any part of a parsed query. */
export function walk(shape: SqlShape, node: unknown): void {
	if (Array.isArray(node)) {
		for (const part of node) walk(shape, part);
		return;
	}
	if (typeof node !== 'object' || node === null) return;
	for (const [key, value] of Object.entries(node as Node)) {
		if (/^[A-Z]/.test(key)) enter(shape, key, value as Node);
		// The table of a write and what SELECT INTO makes are no reads.
		if (key !== 'relation' && key !== 'intoClause') walk(shape, value);
		else if (/^Range/.test(Object.keys(value as Node)[0] ?? '')) walk(shape, value);
	}
}

function enter(shape: SqlShape, kind: string, node: Node): void {
	const write = WRITES[kind];
	if (write !== undefined) addWrite(shape, node, write);
	const found = FINDS[kind];
	if (found !== undefined) found(shape, node);
	else if (!KNOWN.has(kind)) shape.why ??= `${kind} in it`;
}

const FINDS: Record<string, (shape: SqlShape, node: Node) => void> = {
	RangeVar: (shape, node) => void shape.reads.push(nameOf(node)),
	FuncCall: (shape, { funcname }) => void shape.functions.push(dotted(funcname)),
	A_Expr: (shape, { name }) => void shape.operators.push(dotted(name).name),
	CommonTableExpr: (shape, { ctename }) => void shape.ctes.push(String(ctename)),
	ColumnRef(shape, { fields }) {
		const { name } = dotted(fields);
		shape.columns.push(name);
		if (SYSTEM_COLUMNS.has(name)) shape.why ??= `the system's column ${name}`;
	},
	TypeCast(shape, { typeName }) {
		const { name } = dotted((typeName as Node | undefined)?.['names']);
		shape.types.push(name);
		if (/^reg/.test(name)) shape.why ??= `a cast to ${name}`;
	},
	A_Const(shape, { sval }) {
		if (saysNow((sval as Node | undefined)?.['sval'])) shape.why ??= 'a time that moves, like ’now’';
	},
	SelectStmt(shape, { lockingClause, intoClause }) {
		if (lockingClause !== undefined) shape.why ??= 'it locks rows';
		if (intoClause !== undefined) addInto(shape, intoClause as Node);
	},
	SQLValueFunction: (shape) => void (shape.why ??= 'the time or the user of now'),
	MergeStmt(shape, node) {
		for (const kind of ['insert', 'update', 'delete'] as const) addWrite(shape, node, kind);
	},
};

function addWrite(shape: SqlShape, node: Node, kind: WriteKind): void {
	shape.why ??= 'it writes';
	const name = nameOf(node['relation'] as Node);
	shape.writes.push({ ...name, kind });
	if (kind === 'insert' && node['onConflictClause'] !== undefined) shape.writes.push({ ...name, kind: 'update' });
}

function addInto(shape: SqlShape, into: Node): void {
	shape.why ??= 'it makes a table';
	shape.session = true;
	if ((into['rel'] as Node | undefined)?.['relpersistence'] === 't') return;
	shape.ddl = true;
	shape.unknown = true;
}

/** Whether a text may be read as a time that moves on: `now`, `today 10:00`, `tomorrow`. */
export function saysNow(text: unknown): boolean {
	return typeof text === 'string' && text.length <= 64 && /\b(?:now|today|tomorrow|yesterday)\b/i.test(text);
}

function dotted(parts: unknown): SqlName {
	const names = Array.isArray(parts) ? parts.map((part) => (part as { String?: { sval?: string } }).String?.sval) : [];
	return { schema: names.length > 1 ? names.at(-2) : undefined, name: names.at(-1) ?? '' };
}
