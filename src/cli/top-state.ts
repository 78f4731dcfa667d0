/** What `ballast top` shows, and what a key makes of it. */
import { TOP_COLUMNS, TOP_TABLES, type TopColumn, type TopTable } from './top-row.ts';

export interface TopState {
	/** The one that keys act on. */
	table: TopTable;
	/** Looked at closer: its routes and instances are shown; null: all services. */
	service: string | null;
	/** The key of a row; null: the first. */
	selected: string | null;
	sort: Readonly<Record<TopTable, { column: string; descending: boolean }>>;
	paused: boolean;
	help: boolean;
}

/** What a key does beyond the state. */
export interface Pressed {
	state: TopState;
	quit: boolean;
}

/** The rows of the table that keys act on, as they are sorted: the key of each, and the service that it is of. */
export type Rows = readonly { key: string; service: string }[];

export const FIRST_STATE: TopState = {
	table: 'services',
	service: null,
	selected: null,
	sort: {
		services: { column: 'req/s', descending: true },
		routes: { column: 'req/s', descending: true },
		instances: { column: 'req/s', descending: true },
	},
	paused: false,
	help: false,
};

const UP = ['\x1b[A', '\x1bOA', 'k'];
const DOWN = ['\x1b[B', '\x1bOB', 'j'];
const RIGHT = ['\x1b[C', '\x1bOC', '>', 's'];
const LEFT = ['\x1b[D', '\x1bOD', '<', 'S'];
const PAGE_UP = ['\x1b[5~'];
const PAGE_DOWN = ['\x1b[6~'];
const FIRST = ['\x1b[H', '\x1b[1~', '\x1bOH', 'g'];
const LAST = ['\x1b[F', '\x1b[4~', '\x1bOF', 'G'];
const ENTER = ['\r', '\n'];
const BACK = ['\x1b', '\x7f', '\b', 'b'];
const QUIT = ['q', 'Q', '\x03', '\x04'];
const PAGE = 10;

export function press(state: TopState, key: string, rows: Rows): Pressed {
	// Ctrl-C always ends it.
	if (key === '\x03') return { state, quit: true };
	if (state.help) return { state: { ...state, help: false }, quit: false };
	if (QUIT.includes(key)) return { state, quit: true };
	return { state: changed(state, key, rows), quit: false };
}

function changed(state: TopState, key: string, rows: Rows): TopState {
	const at = Math.max(
		0,
		rows.findIndex((row) => row.key === state.selected),
	);
	const select = (to: number): TopState => ({
		...state,
		selected: rows[Math.max(0, Math.min(rows.length - 1, to))]?.key ?? null,
	});
	if (UP.includes(key)) return select(at - 1);
	if (DOWN.includes(key)) return select(at + 1);
	if (PAGE_UP.includes(key)) return select(at - PAGE);
	if (PAGE_DOWN.includes(key)) return select(at + PAGE);
	if (FIRST.includes(key)) return select(0);
	if (LAST.includes(key)) return select(rows.length - 1);
	if (RIGHT.includes(key)) return withColumn(state, 1);
	if (LEFT.includes(key)) return withColumn(state, -1);
	if (key === 'r') return withSort(state, { descending: !state.sort[state.table].descending });
	if (key === 'p' || key === ' ') return { ...state, paused: !state.paused };
	if (key === '?' || key === 'h') return { ...state, help: true };
	if (key === '\t') return nextTable(state);
	if (/^[123]$/.test(key))
		return { ...state, table: TOP_TABLES[Number(key) - 1] as TopTable, service: null, selected: null };
	if (ENTER.includes(key)) return closer(state, rows[at]?.service);
	if (BACK.includes(key)) return state.service === null ? state : overview(state);
	return state;
}

/** What `sort` of the state means; the first where its column is not there. */
export function sortColumn(state: TopState, table: TopTable): TopColumn {
	const columns = TOP_COLUMNS[table];
	return columns.find(({ id }) => id === state.sort[table].column) ?? (columns[0] as TopColumn);
}

function withColumn(state: TopState, step: 1 | -1): TopState {
	const columns = TOP_COLUMNS[state.table];
	const at = columns.indexOf(sortColumn(state, state.table));
	const { id } = columns[(at + step + columns.length) % columns.length] as TopColumn;
	// Words from A on, numbers from the highest on: what one looks for first.
	return withSort(state, { column: id, descending: !['name', 'service', 'state', 'ready', 'note'].includes(id) });
}

function withSort(state: TopState, change: Partial<TopState['sort'][TopTable]>): TopState {
	return { ...state, sort: { ...state.sort, [state.table]: { ...state.sort[state.table], ...change } } };
}

function nextTable(state: TopState): TopState {
	// A service that is looked at closer has two.
	const tables = state.service === null ? TOP_TABLES : TOP_TABLES.slice(1);
	const table = tables[(tables.indexOf(state.table) + 1) % tables.length] as TopTable;
	return { ...state, table, selected: null };
}

function closer(state: TopState, service: string | undefined): TopState {
	if (service === undefined || state.service !== null) return state;
	return { ...state, service, table: state.table === 'routes' ? 'routes' : 'instances', selected: null };
}

/** Back where it came from, as far as that is known. */
function overview(state: TopState): TopState {
	return { ...state, service: null, table: 'services', selected: state.service };
}
