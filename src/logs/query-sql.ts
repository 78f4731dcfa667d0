import { globFits } from '../core/glob.ts';
import { FIELDS_TERM, needsFields } from './index-marks.ts';
import { type IndexQuery, matchOf } from './index-query.ts';
import { indexTerm, isIndexPart } from './index-term.ts';
import type { Query, QueryNode } from './query-tree.ts';
import { SOURCES } from './severity.ts';

/**
 * A query as SQL. All that a person wrote stands in `values`; `sql` is made of fixed pieces alone.
 * `$from` and `$to` are the ids between which is looked, set with each step.
 */
export interface QueryPlan {
	/** What the text index is asked for; '': it is not used. Bound as `$match`. */
	match: string;
	/** The same; null: the index is not used. */
	index: IndexQuery | null;
	/** What remains to be asked of each entry `e`; '': nothing. */
	where: string;
	values: Readonly<Record<string, string | number>>;
	/** Only severity, source and service are asked for: the counts by minute know the answer. */
	counted: boolean;
	/**
	 * Only one trace can fit, only errors, warnings and the like, or only requests and what has a route, a status or a
	 * duration as they have: there are indexes of those.
	 */
	only: 'trace' | 'notable' | 'requests' | null;
}

/** Columns of `entry`, by the names of the fields that they hold. */
export const FIELD_COLUMNS: Readonly<Record<string, string>> = {
	'http.route': 'route',
	'http.request.method': 'method',
	'url.path': 'path',
	'http.response.status_code': 'status',
	duration_s: 'duration',
	'client.address': 'address',
	'user_agent.original': 'agent',
	'error.type': 'error',
};
const OWN_COLUMNS: Readonly<Record<string, string>> = {
	service: 'service',
	instance: 'instance',
	message: 'message',
	trace: 'trace',
	span: 'span',
};
const NUMBERS: readonly string[] = ['status', 'duration'];

export function planOf(query: Query): QueryPlan {
	const compiler = new Compiler();
	const parts = query === null ? [] : query.kind === 'and' ? query.parts : [query];
	const found = parts.some((part) => indexTerm(part) !== null) ? parts.filter(isIndexPart) : [];
	// What the index holds already is not asked again, so that the rows need not be read for it.
	const others = parts.filter((part) => !found.includes(part));
	const where = others.map((part) => compiler.sql(part)).join(' AND ');
	const counted = parts.every(isCounted);
	if (found.length === 0)
		return { match: '', index: null, where, values: compiler.values, counted, only: indexOf(parts) };
	const asked = indexTerm({ kind: 'and', parts: found }) as IndexQuery;
	const index: IndexQuery = others.some(needsFields)
		? { kind: 'all', parts: [asked, FIELDS_TERM], without: [] }
		: asked;
	const match = matchOf(index);
	return { match, index, where, values: { ...compiler.values, $match: match }, counted, only: null };
}

function indexOf(parts: readonly QueryNode[]): QueryPlan['only'] {
	if (parts.some(isTrace)) return 'trace';
	if (parts.some(isNotable)) return 'notable';
	return parts.some((part) => isOfRequests(part) || needsFields(part)) ? 'requests' : null;
}

const isTrace = (node: QueryNode) =>
	node.kind === 'glob' && node.field === 'trace' && node.pattern !== '' && !node.pattern.includes('*');
const isOfRequests = (node: QueryNode) => node.kind === 'glob' && node.field === 'source' && node.pattern === 'access';

function isCounted(node: QueryNode): boolean {
	if (node.kind === 'and' || node.kind === 'or') return node.parts.every(isCounted);
	if (node.kind === 'not') return isCounted(node.part);
	return node.kind === 'level' || (node.kind === 'glob' && (node.field === 'source' || node.field === 'service'));
}

function isNotable(node: QueryNode): boolean {
	if (node.kind === 'level') return node.least >= 3;
	if (node.kind === 'or') return node.parts.every(isNotable);
	if (node.kind === 'and') return node.parts.some(isNotable);
	if (!('field' in node) || node.field !== 'http.response.status_code') return false;
	if (node.kind === 'glob') return /^5\d\d$|^5\d?\*$/.test(node.pattern);
	return node.operator === '>=' ? node.value >= 500 : node.operator === '>' && node.value >= 499;
}

class Compiler {
	readonly values: Record<string, string | number> = {};
	#count = 0;

	sql(node: QueryNode): string {
		switch (node.kind) {
			case 'and':
			case 'or':
				return `(${node.parts.map((part) => this.sql(part)).join(node.kind === 'and' ? ' AND ' : ' OR ')})`;
			case 'not':
				// What is unknown does not fit, so its opposite does.
				return `NOT coalesce(${this.sql(node.part)}, 0)`;
			case 'words':
				return `(e.id IN (SELECT rowid FROM words WHERE words MATCH ${this.#bind(matchOf(indexTerm(node) as IndexQuery))} AND rowid BETWEEN $from AND $to))`;
			case 'text':
				return `(instr(lower(e.message), ${this.#bind(node.text.toLowerCase())}) > 0)`;
			case 'level':
				return `(e.severity >= ${this.#bind(node.least)})`;
			case 'glob':
				return this.#glob(node.field, node.pattern);
			case 'compare':
				return this.#compare(node);
		}
	}

	#glob(field: string, pattern: string): string {
		if (field === 'source') {
			const found = SOURCES.flatMap((source, at) => (globFits(pattern, source) ? [this.#bind(at)] : []));
			return `(e.source IN (${found.join(', ')}))`;
		}
		const column = columnOf(field);
		const own = column !== undefined;
		const value = own ? `e.${column}` : `CAST(e.fields ->> ${this.#bind(jsonPath(field))} AS TEXT)`;
		if (pattern === '') return `(coalesce(${value}, '') = '')`;
		if (pattern === '*') return `(${value} <> '')`;
		if (pattern.includes('*')) return `(${value} GLOB ${this.#bind(sqlGlob(pattern))})`;
		// In JSON, true comes back as 1.
		if (!own && (pattern === 'true' || pattern === 'false'))
			return `(${value} IN (${this.#bind(pattern)}, ${this.#bind(pattern === 'true' ? '1' : '0')}))`;
		return `(${value} = ${this.#bind(pattern)})`;
	}

	#compare({ field, operator, value }: Extract<QueryNode, { kind: 'compare' }>): string {
		const column = columnOf(field);
		if (column !== undefined)
			return NUMBERS.includes(column) ? `(e.${column} ${operator} ${this.#bind(value)})` : '(0)';
		if (field === 'source') return '(0)';
		const path = this.#bind(jsonPath(field));
		return `(json_type(e.fields, ${path}) IN ('integer', 'real') AND (e.fields ->> ${path}) ${operator} ${this.#bind(value)})`;
	}

	#bind(value: string | number): string {
		const name = `$p${this.#count++}`;
		this.values[name] = value;
		return name;
	}
}

/** undefined: it stands in the JSON of the other fields. */
export function columnOf(field: string): string | undefined {
	if (Object.hasOwn(OWN_COLUMNS, field)) return OWN_COLUMNS[field];
	return Object.hasOwn(FIELD_COLUMNS, field) ? FIELD_COLUMNS[field] : undefined;
}

/** A field in JSON; the names that queries may hold have no quotes. */
export function jsonPath(field: string): string {
	return `$."${field.replaceAll('"', '')}"`;
}

/** A pattern as SQLite's GLOB takes it, where `?` and `[` are special too. */
function sqlGlob(pattern: string): string {
	return pattern.replace(/[?[]/g, '[$&]');
}
