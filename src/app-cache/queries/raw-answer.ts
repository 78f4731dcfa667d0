/** The answer to a query as the server sent it: texts, so that it can be kept as JSON and every reader builds rows of its own. */
import type { PgField, PgResult } from './pg-port.ts';

export interface RawAnswer {
	command: string;
	rowCount: number | null;
	fields: PgField[];
	rows: (string | null)[][];
}

export type TypeParsers = (oid: number, format: string) => (value: string) => unknown;

const same = (value: string) => value;
/** Asks `pg` for rows of texts. */
export const RAW = { rowMode: 'array', types: { getTypeParser: () => same } };

export function rawText({ command, rowCount, fields, rows }: PgResult): string {
	const plain = fields.map((field) => ({ ...field }));
	return JSON.stringify({ command, rowCount, fields: plain, rows } satisfies Record<keyof RawAnswer, unknown>);
}

/** The answer as `pg` would have given it, its values read by the same parsers; undefined: the text is none. Throws what a parser throws. */
export function resultOf(text: string, parsers: TypeParsers, asArrays: boolean): PgResult | undefined {
	const answer = readAnswer(text);
	if (answer === undefined) return undefined;
	const { command, rowCount, fields, rows } = answer;
	const readers = fields.map(({ dataTypeID, format }) => parsers(dataTypeID, format ?? 'text'));
	const read = (value: string | null | undefined, at: number) =>
		value === null || value === undefined ? null : (readers[at] as (value: string) => unknown)(value);
	const asArray = (row: (string | null)[]): unknown => row.map(read);
	const asObject = (row: (string | null)[]): unknown => {
		const object: Record<string, unknown> = {};
		for (const [at, { name }] of fields.entries()) object[name] = read(row[at], at);
		return object;
	};
	return { command, rowCount, oid: null, fields, rows: rows.map(asArrays ? asArray : asObject) };
}

function readAnswer(text: string): RawAnswer | undefined {
	try {
		const answer = JSON.parse(text) as RawAnswer;
		return Array.isArray(answer.fields) && Array.isArray(answer.rows) ? answer : undefined;
	} catch {
		return undefined;
	}
}
