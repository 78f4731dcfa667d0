/** What the database says about itself, ready to be asked: which table a name is, and what a write to it changes. */
import type { CatalogRow, SessionRow } from './catalog-query.ts';
import type { SqlName, WriteKind } from './sql-shape.ts';
import { isHarmlessTrigger } from './trigger-source.ts';

export interface CatalogTable {
	oid: number;
	/** `schema.name`, by which it is invalidated. */
	id: string;
	/** Of pg_class: `r` and `p` tables, `m` materialized views, `v` views, `f` foreign tables. */
	kind: string;
	/** It is a foreign table, or a part of it is. */
	elsewhere: boolean;
	/** Rows depend on who asks. */
	byUser: boolean;
	/** Rewrite rules of its own, for writes. */
	rules: boolean;
}

/** What the application says of its functions. */
export interface FunctionNote {
	/** It hangs on its arguments and these tables alone, so that answers with it may be kept. */
	reads?: readonly string[];
	/** It writes these tables and no others. */
	writes?: readonly string[];
}

export interface CatalogNotes {
	functions: Readonly<Record<string, FunctionNote>>;
	/** The tables that a view reads. */
	views: Readonly<Record<string, readonly string[]>>;
}

export interface Catalog {
	/** What a name of a table means for sessions with these schemas; undefined: none, or not known. */
	table(name: SqlName): CatalogTable | undefined;
	/** All tables that a write changes: parts and wholes, rows that cascade, triggers. Undefined: it may be any. */
	touched(table: CatalogTable, kind: WriteKind): ReadonlySet<string> | undefined;
	/** `builtin`: steady or not; `own`: of the application. Undefined: there is none of this name. */
	functionKind(name: string): 'steady' | 'unsteady' | 'own' | undefined;
	/** Whether a function of the application may write tables. */
	mayWrite(name: string): boolean;
	/** A function that `row.name` may call. */
	isRowFunction(name: string): boolean;
	/** An operator of the application that may answer differently each time. */
	isUnsteadyOperator(name: string): boolean;
	/** A cast to a type of this name may do so. */
	isUnsteadyType(name: string): boolean;
}

/** TRIGGER_TYPE_… of PostgreSQL's pg_trigger.h. */
const EVENTS: Record<WriteKind, number> = { insert: 4, delete: 8, update: 16, truncate: 32 };
const CASCADES = new Set(['c', 'n', 'd']);

export function catalogOf(row: CatalogRow, session: SessionRow, notes: CatalogNotes): Catalog {
	const byOid = new Map<number, CatalogTable>();
	const byId = new Map<string, CatalogTable>();
	for (const [oid, schema, name, kind, byUser, rules] of row.tables ?? []) {
		const table = { oid, id: `${schema}.${name}`, kind, elsewhere: false, byUser, rules };
		byOid.set(oid, table);
		byId.set(table.id, table);
	}
	markElsewhere(byOid, row);
	const resolve = ({ schema, name }: SqlName): CatalogTable | undefined => {
		if (schema !== undefined) return byId.get(`${schema}.${name}`);
		// Names of the system come first, whatever the path says.
		if (name.startsWith('pg_')) return undefined;
		for (const place of session.schemas) {
			const found = byId.get(`${place}.${name}`);
			if (found !== undefined) return found;
		}
		return undefined;
	};
	const own = new Map<string, boolean>();
	const rowFunctions = new Set<string>();
	for (const [name, volatility, language, takesRow] of row.functions ?? []) {
		const writes = volatility === 'v' && language !== 'c' && language !== 'internal';
		own.set(name, (own.get(name) ?? false) || writes || /^dblink/.test(name));
		if (takesRow) rowFunctions.add(name);
	}
	const operators = new Set(row.operators ?? []);
	const casts = new Set(row.casts ?? []);
	const builtin = new Map(Object.entries(row.builtin));
	const changes = changesOf({ row, byOid, resolve, notes, builtin });
	return {
		table: resolve,
		touched: changes,
		functionKind(name) {
			if (own.has(name)) return 'own';
			const steady = builtin.get(name);
			return steady === undefined ? undefined : steady ? 'steady' : 'unsteady';
		},
		mayWrite: (name) => own.get(name) ?? true,
		isRowFunction: (name) => rowFunctions.has(name),
		isUnsteadyOperator: (name) => operators.has(name),
		isUnsteadyType: (name) => casts.has(name),
	};
}

/** A query of a whole reads its parts. */
function markElsewhere(byOid: ReadonlyMap<number, CatalogTable>, row: CatalogRow): void {
	const wholes = pairs(row.parents ?? []);
	const mark = (table: CatalogTable | undefined): void => {
		if (table === undefined || table.elsewhere) return;
		table.elsewhere = true;
		for (const whole of wholes.get(table.oid) ?? []) mark(byOid.get(whole));
	};
	for (const table of byOid.values()) if (table.kind === 'f') mark(table);
}

/** A name as the application writes it: `films` or `shop.films`. */
export function nameOfText(text: string): SqlName {
	const cut = text.indexOf('.');
	return cut < 0 ? { schema: undefined, name: text } : { schema: text.slice(0, cut), name: text.slice(cut + 1) };
}

interface Known {
	row: CatalogRow;
	byOid: Map<number, CatalogTable>;
	resolve: Catalog['table'];
	notes: CatalogNotes;
	builtin: ReadonlyMap<string, boolean>;
}

interface Spread {
	ids: Set<string>;
	/** Tables and kinds of writes that were followed. */
	done: Set<string>;
}

function changesOf(known: Known): Catalog['touched'] {
	const kin = pairs(
		(known.row.parents ?? []).flatMap(([child, parent]) => [[child, parent] as const, [parent, child] as const]),
	);
	const keys = pairs((known.row.keys ?? []).map(([parent, child, del, upd]) => [parent, { child, del, upd }] as const));
	const triggers = pairs(
		(known.row.triggers ?? []).map(([oid, events, name, source]) => [oid, { events, name, source }] as const),
	);
	const { byOid, resolve, notes, builtin } = known;

	function addTriggers(oid: number, kind: WriteKind, ids: Set<string>): boolean {
		for (const { events, name, source } of triggers.get(oid) ?? []) {
			if ((events & EVENTS[kind]) === 0) continue;
			const writes = notes.functions[name]?.writes;
			if (writes === undefined && (source === null || !isHarmlessTrigger(source, builtin))) return false;
			for (const other of writes ?? []) {
				const found = resolve(nameOfText(other));
				if (found === undefined) return false;
				ids.add(found.id);
			}
		}
		return true;
	}

	/** False: it may change any table. */
	function spread(oid: number, kind: WriteKind, seen: Spread): boolean {
		const table = byOid.get(oid);
		if (table === undefined || table.rules) return false;
		if (seen.done.has(`${oid} ${kind}`)) return true;
		seen.done.add(`${oid} ${kind}`);
		seen.ids.add(table.id);
		if (!addTriggers(oid, kind, seen.ids)) return false;
		if ((kin.get(oid) ?? []).some((relative) => !spread(relative, kind, seen))) return false;
		if (kind !== 'delete' && kind !== 'update') return true;
		return (keys.get(oid) ?? []).every(({ child, del, upd }) => {
			const action = kind === 'delete' ? del : upd;
			return !CASCADES.has(action) || spread(child, kind === 'delete' && action === 'c' ? 'delete' : 'update', seen);
		});
	}

	const memory = new Map<string, ReadonlySet<string> | undefined>();
	return (table, kind) => {
		const key = `${table.oid} ${kind}`;
		if (!memory.has(key)) {
			const seen: Spread = { ids: new Set(), done: new Set() };
			memory.set(key, spread(table.oid, kind, seen) ? seen.ids : undefined);
		}
		return memory.get(key);
	};
}

function pairs<T>(entries: readonly (readonly [number, T])[]): Map<number, T[]> {
	const map = new Map<number, T[]>();
	for (const [key, value] of entries) {
		const list = map.get(key);
		if (list === undefined) map.set(key, [value]);
		else list.push(value);
	}
	return map;
}
