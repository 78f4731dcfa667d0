/** Shows in a broken query where it breaks. */
import { BallastError } from '../core/errors.ts';
import { inert } from '../core/inert.ts';
import { textWidth } from './text-width.ts';

/** What the promise gives; its `bad_query` with the query and a mark below the place that it names (`at character 7`). */
export async function showingWhere<T>(query: string, asked: Promise<T>): Promise<T> {
	try {
		return await asked;
	} catch (error) {
		if (!(error instanceof BallastError) || error.code !== 'bad_query') throw error;
		const at = Number(/\bat character (\d{1,6})\b/.exec(error.message)?.[1]);
		if (!(at >= 1 && at <= query.length + 1)) throw error;
		const before = textWidth(inert(query.slice(0, at - 1)));
		const shown = `  ${inert(query)}\n  ${' '.repeat(before)}^`;
		throw new BallastError('bad_query', `${error.message}\n${shown}`, error.details, error);
	}
}
