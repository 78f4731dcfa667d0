/** Texts of SQL, each read once: as many of the last as an application has, and no more than a bounded memory of them. */
import type { Catalog, CatalogNotes } from './catalog.ts';
import { judge, type Verdict } from './judge.ts';
import { emptyShape, type SqlShape } from './sql-shape.ts';
import { shapeOf } from './sql-statement.ts';

const MOST_TEXTS = 2000;
/** Of all of them. */
const MOST_CHARACTERS = 4_194_304;
/** Longer ones are not read at all. */
const LONGEST = 65_536;
/** The most frequent ones are known without a parser. */
const PLAIN = /^\s*(?:begin|commit|rollback)\s*;?\s*$/i;

export interface Statements {
	shape(text: string): SqlShape;
	verdict(shape: SqlShape, catalog: Catalog): Verdict;
}

export function createStatements(parse: (text: string) => unknown, notes: CatalogNotes): Statements {
	const shapes = new Map<string, SqlShape>();
	let characters = 0;
	let verdicts = new WeakMap<SqlShape, Verdict>();
	let of: Catalog | undefined;
	return {
		shape(text) {
			const known = shapes.get(text);
			if (known !== undefined) {
				shapes.delete(text);
				shapes.set(text, known);
				return known;
			}
			const shape = PLAIN.test(text) ? plainShape(text) : shapeOf(text, parse);
			if (text.length > LONGEST) return shape;
			shapes.set(text, shape);
			characters += text.length;
			while (shapes.size > MOST_TEXTS || characters > MOST_CHARACTERS) {
				const [oldest = ''] = shapes.keys();
				shapes.delete(oldest);
				characters -= oldest.length;
			}
			return shape;
		},
		verdict(shape, catalog) {
			if (of !== catalog) {
				of = catalog;
				verdicts = new WeakMap();
			}
			const known = verdicts.get(shape);
			if (known !== undefined) return known;
			const verdict = judge(shape, catalog, notes);
			verdicts.set(shape, verdict);
			return verdict;
		},
	};
}

function plainShape(text: string): SqlShape {
	return { ...emptyShape(), why: 'it is no SELECT', commits: /commit/i.test(text) };
}

/** Nothing is known of the text. */
export const UNKNOWN_SHAPE: SqlShape = {
	...emptyShape(),
	why: 'its text is not known',
	unknown: true,
	session: true,
	several: true,
};
