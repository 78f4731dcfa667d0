import { globalsOf, type ParsedArguments } from '../config/arguments.ts';
import { closest } from '../core/closest.ts';
import { BallastError } from '../core/errors.ts';
import { EXIT } from './command.ts';
import { type ControlSocket, controlSocket } from './control-socket.ts';
import { fullScreen } from './full-screen.ts';
import { interruption, pause } from './interruption.ts';
import { jsonText } from './json-text.ts';
import type { Terminal } from './terminal.ts';
import { askTop, type TopData } from './top-data.ts';
import { TOP_COLUMNS, TOP_TABLES } from './top-row.ts';
import { FIRST_STATE, press, type TopState } from './top-state.ts';
import { screenLines, shownRows, shownTables, snapshotLines } from './top-view.ts';

const EVERY_MS = 1000;

/** `ballast top [--once] [--sort COLUMN] [--json]`. */
export async function top(parsed: ParsedArguments, terminal: Terminal): Promise<number> {
	const where = controlSocket(globalsOf(parsed), terminal.env);
	const state = sortedBy(parsed.values.get('sort')?.at(-1));
	const json = parsed.switches.has('json');
	if (!json && !parsed.switches.has('once') && terminal.size() !== null) return await live(where, state, terminal);
	const { signal } = new AbortController();
	const data = await askTop({ where, tables: TOP_TABLES, nowMs: Date.now(), signal });
	if (json) terminal.out(`${jsonText(asJson(data, state), 2)}\n`);
	else terminal.out(`${snapshotLines(data, state, terminal).join('\n')}\n`);
	return EXIT.ok;
}

/** Until a key or a signal ends it. Only the first look must succeed. */
async function live(where: ControlSocket, first: TopState, terminal: Terminal): Promise<number> {
	const interrupt = interruption();
	const quit = new AbortController();
	const ended = AbortSignal.any([interrupt.signal, quit.signal]);
	const ask = (of: TopState) => askTop({ where, tables: shownTables(of), nowMs: Date.now(), signal: ended });
	let state = first;
	let data: TopData;
	try {
		data = await ask(state);
	} catch (error) {
		interrupt.end();
		if (ended.aborted) return EXIT.ok;
		throw error;
	}
	const screen = fullScreen(terminal);
	// Aborted: what is shown is not what was asked for, and the next second is too long to wait.
	let hurry = new AbortController();
	let problem = '';
	const draw = () => screen.draw(screenLines(data, state, terminal, problem));
	const stopListening = terminal.keyboard?.listen(
		(key) => {
			const before = shownTables(state).join();
			const pressed = press(state, key, shownRows(data, state, state.table));
			if (pressed.quit) return quit.abort();
			state = pressed.state;
			draw();
			if (shownTables(state).join() !== before) hurry.abort();
		},
		() => {
			screen.forget();
			draw();
		},
	);
	try {
		draw();
		while (!ended.aborted) {
			await pause(EVERY_MS, AbortSignal.any([ended, hurry.signal]));
			const hurried = hurry.signal.aborted;
			if (hurried) hurry = new AbortController();
			if (ended.aborted || (state.paused && !hurried)) continue;
			try {
				[data, problem] = [await ask(state), ''];
			} catch (error) {
				if (!(error instanceof BallastError) && !ended.aborted) throw error;
				problem = (error as Error).message;
			}
			if (!ended.aborted) draw();
		}
		return EXIT.ok;
	} finally {
		stopListening?.();
		screen.end();
		interrupt.end();
	}
}

/** `--sort` holds for each table that has the column. Throws `bad_command`. */
function sortedBy(column: string | undefined): TopState {
	if (column === undefined) return FIRST_STATE;
	const ids = [...new Set(TOP_TABLES.flatMap((table) => TOP_COLUMNS[table].map(({ id }) => id)))];
	const wanted = column.toLowerCase();
	if (!ids.includes(wanted)) {
		const near = closest(wanted, ids);
		const meant = near === undefined ? '' : `did you mean \`${near}\`? `;
		throw new BallastError('bad_command', `top: there is no column \`${column}\`; ${meant}there are ${ids.join(', ')}`);
	}
	const descending = !['name', 'service', 'state', 'ready', 'note'].includes(wanted);
	const of = (table: (typeof TOP_TABLES)[number]) =>
		TOP_COLUMNS[table].some(({ id }) => id === wanted) ? { column: wanted, descending } : FIRST_STATE.sort[table];
	return { ...FIRST_STATE, sort: { services: of('services'), routes: of('routes'), instances: of('instances') } };
}

function asJson(data: TopData, state: TopState): unknown {
	const { perSecond, errorRate, hitRatio, cpu, memory } = data;
	const tables = TOP_TABLES.map((which) => [which, shownRows(data, state, which).map(({ key: _, ...row }) => row)]);
	return { perSecond, errorRate, hitRatio, cpu, memory, ...Object.fromEntries(tables) };
}
