/** What is asked of the server about itself, in one query, and the shape of its answer. */

/** Settings on which the text of an answer hangs, beside the tables. */
const SETTINGS = [
	...['TimeZone', 'DateStyle', 'IntervalStyle', 'extra_float_digits', 'bytea_output', 'client_encoding'],
	...['lc_monetary', 'lc_numeric', 'lc_time', 'default_text_search_config', 'xmlbinary', 'xmloption', 'array_nulls'],
	...['standard_conforming_strings', 'transform_null_equals', 'row_security', 'session_replication_role'],
];

/** One row, one text: what makes the answers of this session what they are. */
export const SESSION_QUERY = `select pg_catalog.json_build_object(
	'database', pg_catalog.current_database(),
	'oid', (select d.oid from pg_catalog.pg_database d where d.datname = pg_catalog.current_database()),
	'user', current_user,
	'replica', pg_catalog.pg_is_in_recovery(),
	'schemas', pg_catalog.current_schemas(true),
	'settings', (select pg_catalog.json_object_agg(s.name, s.setting order by s.name) from pg_catalog.pg_settings s
		where s.name = any (array['${SETTINGS.join("', '")}'])))::text`;

export interface SessionRow {
	database: string;
	oid: number;
	user: string;
	/** A replica lags: what was committed may not have arrived when it is read. */
	replica: boolean;
	/** In the order in which names are looked up; of temporary tables: there are some. */
	schemas: string[];
	settings: Record<string, string>;
}

const OURS = "n.nspname not in ('pg_catalog', 'information_schema') and n.nspname !~ '^pg_(toast|temp)'";

/** One row, one text: tables, keys that cascade, triggers, and functions and operators that are not steady. */
export const CATALOG_QUERY = `select pg_catalog.json_build_object(
	'tables', (select pg_catalog.json_agg(pg_catalog.json_build_array(c.oid, n.nspname, c.relname, c.relkind,
			c.relrowsecurity, c.relhasrules and exists (select from pg_catalog.pg_rewrite r
				where r.ev_class = c.oid and r.ev_type <> '1')))
		from pg_catalog.pg_class c join pg_catalog.pg_namespace n on n.oid = c.relnamespace
		where c.relkind in ('r', 'p', 'm', 'v', 'f') and c.relpersistence <> 't' and ${OURS}),
	'parents', (select pg_catalog.json_agg(pg_catalog.json_build_array(i.inhrelid, i.inhparent)) from pg_catalog.pg_inherits i),
	'keys', (select pg_catalog.json_agg(pg_catalog.json_build_array(k.confrelid, k.conrelid, k.confdeltype, k.confupdtype))
		from pg_catalog.pg_constraint k where k.contype = 'f' and (k.confdeltype in ('c', 'n', 'd') or k.confupdtype in ('c', 'n', 'd'))),
	'triggers', (select pg_catalog.json_agg(pg_catalog.json_build_array(t.tgrelid, t.tgtype, p.proname,
			case when l.lanname = 'plpgsql' then p.prosrc end))
		from pg_catalog.pg_trigger t join pg_catalog.pg_proc p on p.oid = t.tgfoid
		join pg_catalog.pg_language l on l.oid = p.prolang where not t.tgisinternal and t.tgenabled <> 'D'),
	'functions', (select pg_catalog.json_agg(pg_catalog.json_build_array(p.proname, p.provolatile, l.lanname,
			p.pronargs = 1 and coalesce(a.typtype = 'c', false)))
		from pg_catalog.pg_proc p join pg_catalog.pg_namespace n on n.oid = p.pronamespace
		join pg_catalog.pg_language l on l.oid = p.prolang
		left join pg_catalog.pg_type a on p.pronargs = 1 and a.oid = p.proargtypes[0]
		where ${OURS}),
	'builtin', (select pg_catalog.json_object_agg(b.name, b.steady) from (
		select p.proname as name, pg_catalog.bool_and(p.provolatile = 'i') as steady
		from pg_catalog.pg_proc p where p.pronamespace = 'pg_catalog'::pg_catalog.regnamespace group by 1) b),
	'casts', (select pg_catalog.json_agg(distinct t.typname) from pg_catalog.pg_cast k
		join pg_catalog.pg_type t on t.oid = k.casttarget join pg_catalog.pg_proc p on p.oid = k.castfunc
		join pg_catalog.pg_namespace n on n.oid = p.pronamespace where p.provolatile <> 'i' and ${OURS}),
	'operators', (select pg_catalog.json_agg(distinct o.oprname) from pg_catalog.pg_operator o
		join pg_catalog.pg_namespace n on n.oid = o.oprnamespace left join pg_catalog.pg_proc p on p.oid = o.oprcode
		where ${OURS} and coalesce(p.provolatile, 'v') <> 'i'))::text`;

type Absent = null | undefined;

export interface CatalogRow {
	/** oid, schema, name, kind, rows by user (row security), rules for writes. */
	tables: [number, string, string, string, boolean, boolean][] | Absent;
	/** Child, parent. */
	parents: [number, number][] | Absent;
	/** Table, table that refers to it, what happens there on delete and on update. */
	keys: [number, number, string, string][] | Absent;
	/** Table, events as bits, function, its source where it is of PL/pgSQL. */
	triggers: [number, number, string, string | null][] | Absent;
	/** Name, volatility, language, whether it takes one row of a table. */
	functions: [string, string, string, boolean][] | Absent;
	/** Whether all functions of this name hang on their arguments alone. */
	builtin: Record<string, boolean>;
	/** Types that something is cast to by a function that is not steady. */
	casts: string[] | Absent;
	operators: string[] | Absent;
}
