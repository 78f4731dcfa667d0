/** A line of `ballast top`, and the columns that it can be shown in. */
import { inert } from '../core/inert.ts';
import { formatPercent } from './figure-view.ts';
import { formatAge, formatBytes, formatCount, formatLatency, formatRate } from './quantity.ts';
import { sparkline } from './sparkline.ts';
import type { Cell, Column } from './table.ts';
import type { Colour } from './terminal.ts';

export type TopTable = 'services' | 'routes' | 'instances';

export const TOP_TABLES: readonly TopTable[] = ['services', 'routes', 'instances'];

/** NaN, '' and []: not known, or not of this table. */
export interface TopRow {
	/** Its own in its table. */
	key: string;
	name: string;
	service: string;
	state: string;
	ready: number;
	desired: number;
	perSecond: number;
	/** 0…1. */
	errorRate: number;
	/** Share of what was looked up that the cache gave, 0…1. */
	hitRatio: number;
	/** Seconds. */
	p50: number;
	p95: number;
	p99: number;
	inFlight: number;
	/** Of one core; of all processes of an instance. */
	cpu: number;
	/** Bytes. */
	memory: number;
	/** Requests a second of the last minute. */
	trend: (number | null)[];
	/** How long it has been in its state, ms. */
	ageMs: number;
	restarts: number;
	note: string;
}

export interface TopColumn extends Column {
	/** What `--sort` calls it. */
	id: string;
	value(row: TopRow): number | string;
	cell(row: TopRow): Cell;
}

const TREND = 12;

const STATE_COLOURS: Record<string, Colour> = { ready: 'green', starting: 'cyan', draining: 'yellow', down: 'red' };

const numeric = (
	id: string,
	of: (row: TopRow) => number,
	format: (value: number) => string,
	drop?: number,
): TopColumn => ({
	id,
	title: id.toUpperCase(),
	align: 'right',
	...(drop === undefined ? {} : { drop }),
	value: of,
	cell: (row) => ({ text: Number.isNaN(of(row)) ? '-' : format(of(row)) }),
});

const latency = (id: 'p50' | 'p95' | 'p99', drop: number): TopColumn =>
	numeric(
		id,
		(row) => row[id],
		(seconds) => formatLatency(seconds * 1000),
		drop,
	);

const NAME: TopColumn = {
	id: 'name',
	title: 'NAME',
	least: 14,
	value: ({ name }) => name,
	cell: ({ name }) => ({ text: inert(name), colour: 'bold' }),
};
const SERVICE: TopColumn = {
	id: 'service',
	title: 'SERVICE',
	drop: 8,
	value: ({ service }) => service,
	cell: ({ service }) => ({ text: inert(service) }),
};
const STATE: TopColumn = {
	id: 'state',
	title: 'STATE',
	value: ({ state }) => state,
	cell: ({ state }) => {
		const colour = STATE_COLOURS[state];
		return { text: inert(state), ...(colour === undefined ? {} : { colour }) };
	},
};
const READY: TopColumn = {
	id: 'ready',
	title: 'READY',
	align: 'right',
	value: ({ ready, desired }) => ready - desired,
	cell: ({ ready, desired }) => {
		const text = ready === 0 && desired === 0 ? '-' : `${formatCount(ready)} of ${formatCount(desired)}`;
		return { text, colour: ready >= desired ? 'green' : ready === 0 ? 'red' : 'yellow' };
	},
};
const RATE: TopColumn = numeric('req/s', ({ perSecond }) => perSecond, formatRate);
const ERRORS: TopColumn = {
	...numeric('errors', ({ errorRate }) => errorRate, formatPercent),
	cell: ({ errorRate }) => {
		const colour: Colour | undefined = errorRate >= 0.01 ? 'red' : errorRate > 0 ? 'yellow' : undefined;
		return { text: formatPercent(errorRate), ...(colour === undefined ? {} : { colour }) };
	},
};
const HITS: TopColumn = numeric('hits', ({ hitRatio }) => hitRatio, formatPercent, 6);
const IN_FLIGHT: TopColumn = numeric('in flight', ({ inFlight }) => inFlight, formatCount, 5);
const CPU: TopColumn = numeric('cpu', ({ cpu }) => cpu, formatPercent, 4);
const MEMORY: TopColumn = numeric('memory', ({ memory }) => memory, formatBytes, 6);
const AGE: TopColumn = numeric('for', ({ ageMs }) => ageMs, formatAge, 10);
const RESTARTS: TopColumn = numeric('restarts', ({ restarts }) => restarts, formatCount, 9);
const LATENCIES: TopColumn[] = [latency('p50', 7), latency('p95', 1), latency('p99', 3)];
const MINUTE: TopColumn = {
	id: 'minute',
	title: 'LAST MINUTE',
	drop: 2,
	value: ({ perSecond }) => perSecond,
	cell: ({ trend }) => ({ text: sparkline(trend, TREND).padStart(TREND), colour: 'cyan' }),
};
const NOTE: TopColumn = {
	id: 'note',
	title: 'NOTE',
	drop: 11,
	least: 12,
	value: ({ note }) => note,
	cell: ({ note }) => ({ text: inert(note) }),
};

export const TOP_COLUMNS: Readonly<Record<TopTable, readonly TopColumn[]>> = {
	services: [NAME, READY, RATE, ERRORS, HITS, ...LATENCIES, IN_FLIGHT, CPU, MEMORY, MINUTE],
	routes: [NAME, SERVICE, RATE, ERRORS, HITS, ...LATENCIES, MINUTE],
	instances: [NAME, SERVICE, STATE, AGE, RATE, ERRORS, ...LATENCIES, IN_FLIGHT, CPU, MEMORY, RESTARTS, MINUTE, NOTE],
};

/** What is not known stands last, whichever way it is sorted; what is equal, by name. */
export function sortRows(rows: readonly TopRow[], column: TopColumn, descending: boolean): TopRow[] {
	const turn = descending ? -1 : 1;
	return rows.toSorted((a, b) => {
		const [one, other] = [column.value(a), column.value(b)];
		if (typeof one === 'string' || typeof other === 'string')
			return turn * String(one).localeCompare(String(other)) || a.key.localeCompare(b.key);
		if (Number.isNaN(one) || Number.isNaN(other)) return Number(Number.isNaN(one)) - Number(Number.isNaN(other));
		return turn * (one - other) || a.key.localeCompare(b.key);
	});
}
