import type { SQLInputValue, StatementSync } from 'node:sqlite';
import type { Row } from './job-row.ts';

/**
 * Reads one row of a statement whose rows are wide and many. What node:sqlite gives as an object is a dictionary: to
 * make one and to read it takes half as much again as what is made here of the bare values.
 */
export function rowReader(statement: StatementSync): (...args: SQLInputValue[]) => Row | undefined {
	statement.setReturnArrays(true);
	const names = statement.columns().map(({ name }) => name);
	const empty: Row = Object.fromEntries(names.map((name) => [name, null]));
	return (...args) => {
		const values = statement.get(...args) as unknown as readonly unknown[] | undefined;
		if (values === undefined) return undefined;
		const row = { ...empty };
		for (let at = 0; at < names.length; at++) row[names[at] as string] = values[at];
		return row;
	};
}
