import { globalsOf, integerOption, type ParsedArguments } from '../config/arguments.ts';
import { closest } from '../core/closest.ts';
import { BallastError } from '../core/errors.ts';
import type { FigureInfo } from '../core/metric.ts';
import { EXIT } from './command.ts';
import { control } from './control-client.ts';
import { type ControlSocket, controlSocket } from './control-socket.ts';
import { readFigureList, readSeries, shownAs } from './figure-answer.ts';
import { figureListLines, seriesLines } from './figure-view.ts';
import { jsonText } from './json-text.ts';
import { showingWhere } from './query-error.ts';
import type { Terminal } from './terminal.ts';
import { timeRange } from './time-options.ts';

const BACK_MS = 15 * 60_000;
const QUIET_MS = 30_000;

/** `ballast metrics QUERY [--since 1h] [--points 60]`, `ballast metrics --list`. */
export async function metrics(parsed: ParsedArguments, terminal: Terminal): Promise<number> {
	const where = controlSocket(globalsOf(parsed), terminal.env);
	const json = parsed.switches.has('json');
	const [query] = parsed.positionals;
	if (parsed.switches.has('list')) {
		const answer = await control(where, 'figure-list', {});
		terminal.out(
			json ? `${jsonText(answer, 2)}\n` : `${figureListLines(readFigureList(answer), terminal).join('\n')}\n`,
		);
		return EXIT.ok;
	}
	if (query === undefined || query.trim() === '')
		throw new BallastError('bad_command', 'metrics: say which figure, such as `p95 by route`; --list lists them');
	const { fromMs, toMs } = timeRange(parsed, Date.now(), BACK_MS);
	const points = integerOption(parsed, 'points', [1, 2000]) ?? pointsFor(terminal);
	const asked = control(where, 'figures', { query, from: fromMs, to: toMs, points }, { quietMs: QUIET_MS });
	const answer = await meant(query, where, showingWhere(query, asked));
	if (json) terminal.out(`${jsonText(answer, 2)}\n`);
	else {
		const shown = shownAs(query, await figures(where));
		terminal.out(`${seriesLines(readSeries(answer), shown, terminal).join('\n')}\n`);
	}
	return EXIT.ok;
}

/** As many as there is room for. */
function pointsFor(terminal: Terminal): number {
	return Math.max(20, Math.min(240, (terminal.size()?.columns ?? 80) - 12));
}

/** How to read the values matters less than the values. */
async function figures(where: ControlSocket): Promise<FigureInfo[]> {
	try {
		return readFigureList(await control(where, 'figure-list', {}));
	} catch {
		return [];
	}
}

/** A name that is none: which one was meant, where Ballast does not say so itself. */
async function meant(query: string, where: ControlSocket, asked: Promise<unknown>): Promise<unknown> {
	try {
		return await asked;
	} catch (error) {
		if (!(error instanceof BallastError) || error.code !== 'bad_query' || /did you mean/i.test(error.message))
			throw error;
		const [name = ''] = query.trim().split(/\s+/);
		const names = (await figures(where)).map((figure) => figure.name);
		const near = names.includes(name) ? undefined : closest(name, names);
		if (near === undefined) throw error;
		throw new BallastError('bad_query', `${error.message}\ndid you mean \`${near}\`?`, error.details, error);
	}
}
