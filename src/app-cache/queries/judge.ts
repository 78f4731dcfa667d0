/** The verdict on a statement: what its answer hangs on, and what it changes. Pure. */
import { CHANGES_SESSION, RUNS_TEXT, STEADY_BY_SETTINGS } from './builtin-functions.ts';
import { type Catalog, type CatalogNotes, type CatalogTable, nameOfText } from './catalog.ts';
import type { SqlName, SqlShape, WriteKind } from './sql-shape.ts';

/** Stands for all tables. */
export const EVERYTHING = '*';
/** Stands for what the catalogue says: raised when tables, views or functions themselves are changed. */
export const CATALOG = '#';

export interface Verdict {
	/** The tables that its answer hangs on; undefined: the answer is not kept. */
	reads: readonly string[] | undefined;
	/** Why the answer is not kept. */
	why: string | undefined;
	/** The tables that it changes, once it is committed. */
	writes: readonly string[];
	/** It changes the session that runs it. */
	session: boolean;
}

export function judge(shape: SqlShape, catalog: Catalog, notes: CatalogNotes): Verdict {
	const writes = writesOf(shape, catalog, notes);
	const tables = new Set<string>();
	const why = shape.why ?? whyNot({ shape, catalog, notes, tables });
	return {
		reads: why === undefined ? [...tables].sort() : undefined,
		why,
		writes: writes.has(EVERYTHING) ? [EVERYTHING] : [...writes],
		session:
			shape.session || shape.functions.some(({ name }) => CHANGES_SESSION.has(name) || mayWrite(name, catalog, notes)),
	};
}

interface Reading {
	shape: SqlShape;
	catalog: Catalog;
	notes: CatalogNotes;
	/** Filled with what is read. */
	tables: Set<string>;
}

function whyNot(reading: Reading): string | undefined {
	const { shape, catalog, tables } = reading;
	for (const name of shape.reads) {
		const why = whyNotTable(reading, name);
		if (why !== undefined) return why;
	}
	for (const name of shape.functions) {
		const why = whyNotFunction(reading, name);
		if (why !== undefined) return why;
	}
	const operator = shape.operators.find((name) => catalog.isUnsteadyOperator(name));
	if (operator !== undefined) return `the operator ${operator}`;
	const type = shape.types.find((name) => catalog.isUnsteadyType(name));
	if (type !== undefined) return `a cast to ${type}`;
	const column = shape.columns.find((name) => catalog.isRowFunction(name));
	if (column !== undefined) return `${column} may be a function`;
	return tables.size === 0 ? 'it reads no table' : undefined;
}

function whyNotTable({ shape, catalog, notes, tables }: Reading, name: SqlName): string | undefined {
	const table = catalog.table(name);
	if (table === undefined) {
		// Out of the reach of its WITH, a name of the system's stands for that.
		const isCte = name.schema === undefined && shape.ctes.includes(name.name) && !name.name.startsWith('pg_');
		return isCte ? undefined : `the table ${name.name} is not known`;
	}
	if (table.kind === 'v') return addView({ shape, catalog, notes, tables }, table);
	const why = whyNotKept(table);
	if (why === undefined) tables.add(table.id);
	return why;
}

function addView({ catalog, notes, tables }: Reading, view: CatalogTable): string | undefined {
	const named = Object.entries(notes.views).find(([name]) => catalog.table(nameOfText(name)) === view)?.[1];
	if (named === undefined) return `the view ${view.id} is not declared`;
	for (const name of named) {
		const table = catalog.table(nameOfText(name));
		if (table === undefined || table.kind === 'v') return `${name}, of the view ${view.id}, is no table`;
		const why = whyNotKept(table);
		if (why !== undefined) return why;
		tables.add(table.id);
	}
	// So that REPLACE VIEW through this pool and an invalidation by the view's name are heard.
	tables.add(view.id);
	return undefined;
}

function whyNotKept({ id, elsewhere, byUser, rules }: CatalogTable): string | undefined {
	if (byUser) return `who may read what of ${id} hangs on the user`;
	if (rules) return `${id} has rules`;
	return elsewhere ? `${id}, or a part of it, lies elsewhere` : undefined;
}

function whyNotFunction({ catalog, notes, tables }: Reading, { schema, name }: SqlName): string | undefined {
	const reads = notes.functions[name]?.reads;
	const kind = schema === 'pg_catalog' ? builtinKind(catalog, name) : catalog.functionKind(name);
	if (kind === 'steady' || (kind === 'unsteady' && STEADY_BY_SETTINGS.has(name))) {
		return RUNS_TEXT.has(name) ? `the function ${name}` : undefined;
	}
	if (kind !== 'own' || reads === undefined) return `the function ${name}`;
	for (const text of reads) {
		const table = catalog.table(nameOfText(text));
		if (table === undefined || table.kind === 'v') return `${text}, which the function ${name} reads, is no table`;
		tables.add(table.id);
	}
	return undefined;
}

/** A function of the application of the same name does not count where the system's is named in full. */
function builtinKind(catalog: Catalog, name: string): ReturnType<Catalog['functionKind']> {
	const kind = catalog.functionKind(name);
	return kind === 'own' ? undefined : kind;
}

function writesOf(shape: SqlShape, catalog: Catalog, notes: CatalogNotes): Set<string> {
	const changed = new Set<string>();
	if (shape.unknown) return changed.add(EVERYTHING);
	for (const write of shape.writes) {
		const table = catalog.table(write);
		const ids =
			table === undefined
				? undefined
				: table.kind === 'v'
					? viewTables({ view: table, kind: write.kind }, catalog, notes)
					: catalog.touched(table, write.kind);
		for (const id of ids ?? [EVERYTHING]) changed.add(id);
	}
	for (const { schema, name } of shape.functions) {
		const declared = schema === 'pg_catalog' ? undefined : notes.functions[name]?.writes;
		if (declared !== undefined) {
			for (const text of declared) changed.add(catalog.table(nameOfText(text))?.id ?? EVERYTHING);
		} else if (mayWrite(name, catalog, notes)) changed.add(EVERYTHING);
	}
	return changed;
}

/** A write through a view changes one of its tables and what hangs on that one, or what its own rules and triggers do. */
function viewTables(
	{ view, kind: write }: { view: CatalogTable; kind: WriteKind },
	catalog: Catalog,
	notes: CatalogNotes,
): string[] | undefined {
	const own = catalog.touched(view, write);
	if (own === undefined) return undefined;
	const named = Object.entries(notes.views).find(([name]) => catalog.table(nameOfText(name)) === view)?.[1];
	const ids: string[] = [...own];
	for (const name of named ?? []) {
		const table = catalog.table(nameOfText(name));
		for (const kind of ['insert', 'update', 'delete'] as const) {
			const touched = table === undefined ? undefined : catalog.touched(table, kind);
			if (touched === undefined) return undefined;
			ids.push(...touched);
		}
	}
	return named === undefined ? undefined : ids;
}

function mayWrite(name: string, catalog: Catalog, notes: CatalogNotes): boolean {
	if (RUNS_TEXT.has(name)) return true;
	if (notes.functions[name] !== undefined) return false;
	const kind = catalog.functionKind(name);
	return kind === undefined || (kind === 'own' && catalog.mayWrite(name));
}
