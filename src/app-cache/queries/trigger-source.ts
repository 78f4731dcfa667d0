/** Whether a trigger of PL/pgSQL only changes the row at hand, as those that set `updated_at` do. */
import { RUNS_TEXT } from './builtin-functions.ts';

const WRITES =
	/\b(?:insert|update|delete|merge|truncate|execute|call|copy|do|create|alter|drop|refresh|into|open|fetch|for|set_config)\b/i;
/** Words before a parenthesis that call nothing. */
const WORDS = new Set([
	'if',
	'elsif',
	'and',
	'or',
	'not',
	'in',
	'values',
	'when',
	'then',
	'else',
	'case',
	'coalesce',
	'nullif',
	'greatest',
	'least',
	'row',
	'array',
	'exists',
	'any',
	'all',
	'some',
	'return',
	'varchar',
	'numeric',
	'char',
]);

/** True only where nothing in it can write another table; all that is not plain counts as no. */
export function isHarmlessTrigger(source: string, builtin: ReadonlyMap<string, boolean>): boolean {
	if (source.length > 16_384 || /\$[a-z_0-9]*\$|\/\*|["\\]/i.test(source)) return false;
	const code = source.replaceAll(/--[^\n]*/g, ' ').replaceAll(/'(?:[^']|'')*'/g, "''");
	if (WRITES.test(code)) return false;
	for (const [, schema, name] of code.matchAll(/(?:([a-z_]\w*)\s*\.\s*)?([a-z_]\w*)\s*\(/gi)) {
		const word = (name as string).toLowerCase();
		if (RUNS_TEXT.has(word)) return false;
		const known =
			schema === undefined ? WORDS.has(word) || builtin.has(word) : schema === 'pg_catalog' && builtin.has(word);
		if (!known) return false;
	}
	return true;
}
