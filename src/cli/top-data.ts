/** What `ballast top` is made of: the status, and the figures of the last minute. */
import type { FigureSeries } from '../core/metric.ts';
import { control } from './control-client.ts';
import type { ControlSocket } from './control-socket.ts';
import { newest, readSeries } from './figure-answer.ts';
import { type InstanceStatus, readStatus, type ServiceStatus, type Status } from './status-answer.ts';
import type { TopRow, TopTable } from './top-row.ts';

export interface TopData {
	status: Status;
	rows: Readonly<Record<TopTable, TopRow[]>>;
	/** Requests a second of all, of the last minute. */
	trend: (number | null)[];
	perSecond: number;
	/** 0…1; NaN: not known. */
	errorRate: number;
	/** Share of what was looked up that the cache gave, 0…1; NaN: nothing was. */
	hitRatio: number;
	/** Of the machine, shares; NaN: not known. */
	cpu: number;
	memory: number;
}

export interface TopQuestion {
	where: ControlSocket;
	/** Those that are shown: only their figures are asked for. */
	tables: readonly TopTable[];
	nowMs: number;
	signal: AbortSignal;
}

const MINUTE_MS = 60_000;
/** Of the last minute, for those that are drawn; the others are only asked for now. */
const POINTS = 30;
const QUIET_MS = 5000;
const OVER = 'over 10s';
const LABELS: Readonly<Record<TopTable, string[]>> = {
	services: ['service'],
	routes: ['service', 'route'],
	instances: ['instance'],
};
const FIGURES = ['requests', 'error_rate', 'p50', 'p95', 'p99'] as const;

/** Those that not every table has. */
const MORE: Readonly<Record<TopTable, readonly Figure[]>> = {
	services: ['cache.hit_ratio', 'cpu', 'memory'],
	routes: ['cache.hit_ratio'],
	instances: ['cpu', 'memory'],
};

type Figure = (typeof FIGURES)[number] | 'cache.hit_ratio' | 'cpu' | 'memory' | 'memory.used';
/** Series by the key of a row, of each figure that could be had. */
type Found = ReadonlyMap<Figure, ReadonlyMap<string, FigureSeries>>;

/** Throws as `control` does where the status cannot be had; a figure that cannot is left out. */
export async function askTop(question: TopQuestion): Promise<TopData> {
	const { where, tables, nowMs, signal } = question;
	const [status, whole, ...found] = await Promise.all([
		control(where, 'status', {}, { signal, quietMs: QUIET_MS }).then(readStatus),
		ask(question, ['requests', 'error_rate', 'cache.hit_ratio', 'cpu', 'memory.used'], []),
		...tables.map((table) => ask(question, [...FIGURES, ...MORE[table]], LABELS[table])),
	]);
	const rows = rowsOf(status, nowMs);
	for (const [at, table] of tables.entries()) for (const row of rows[table]) fill(row, found[at] as Found);
	const ofAll = (figure: Figure): number => newest(whole.get(figure)?.get('')?.values ?? []);
	const counted = status.services.reduce((sum, { counts }) => sum + (counts.perSecond || 0), 0);
	const perSecond = ofAll('requests');
	return {
		status,
		rows,
		trend: whole.get('requests')?.get('')?.values ?? [],
		perSecond: Number.isNaN(perSecond) ? counted : perSecond,
		errorRate: ofAll('error_rate'),
		hitRatio: ofAll('cache.hit_ratio'),
		cpu: ofAll('cpu'),
		memory: ofAll('memory.used'),
	};
}

async function ask(question: TopQuestion, figures: readonly Figure[], labels: readonly string[]): Promise<Found> {
	const by = labels.length === 0 ? '' : `by ${labels.join(',')} `;
	const found = await Promise.all(
		figures.map(async (figure): Promise<[Figure, ReadonlyMap<string, FigureSeries>]> => {
			const series = await one(question, `${figure} ${by}${OVER}`, figure === 'requests' ? POINTS : 1);
			return [figure, new Map(series.map((each) => [labels.map((label) => each.labels[label]).join('\0'), each]))];
		}),
	);
	return new Map(found);
}

/** [] where this Ballast does not know the figure, or has none now. */
async function one({ where, nowMs, signal }: TopQuestion, query: string, points: number): Promise<FigureSeries[]> {
	const from = nowMs - (points === 1 ? MINUTE_MS / POINTS : MINUTE_MS);
	try {
		return readSeries(
			await control(where, 'figures', { query, from, to: nowMs, points }, { signal, quietMs: QUIET_MS }),
		);
	} catch {
		return [];
	}
}

function fill(row: TopRow, found: Found): void {
	const of = (figure: Figure): readonly (number | null)[] => found.get(figure)?.get(row.key)?.values ?? [];
	const rate = newest(of('requests'));
	if (!Number.isNaN(rate)) row.perSecond = rate;
	row.trend = [...of('requests')];
	row.errorRate = newest(of('error_rate'));
	row.hitRatio = newest(of('cache.hit_ratio'));
	for (const figure of ['p50', 'p95', 'p99', 'cpu', 'memory'] as const) row[figure] = newest(of(figure));
}

/** What the status knows of each. */
function rowsOf({ services }: Status, nowMs: number): Record<TopTable, TopRow[]> {
	return {
		services: services.map(serviceRow),
		routes: services.flatMap(({ name, routes }) =>
			routes.map((route) => ({
				...EMPTY,
				key: `${name}\0${route.name}`,
				name: route.name,
				service: name,
				perSecond: route.counts.perSecond,
			})),
		),
		instances: services.flatMap(({ name, instances }) =>
			instances.map((instance) => instanceRow(name, instance, nowMs)),
		),
	};
}

const EMPTY: Omit<TopRow, 'key' | 'name' | 'service'> = {
	state: '',
	ready: Number.NaN,
	desired: Number.NaN,
	perSecond: Number.NaN,
	errorRate: Number.NaN,
	hitRatio: Number.NaN,
	p50: Number.NaN,
	p95: Number.NaN,
	p99: Number.NaN,
	inFlight: Number.NaN,
	cpu: Number.NaN,
	memory: Number.NaN,
	trend: [],
	ageMs: Number.NaN,
	restarts: Number.NaN,
	note: '',
};

function serviceRow({ name, ready, desired, counts, instances }: ServiceStatus): TopRow {
	const inFlight = instances.reduce((sum, instance) => sum + instance.inFlight, 0);
	return { ...EMPTY, key: name, name, service: name, ready, desired, perSecond: counts.perSecond, inFlight };
}

function instanceRow(service: string, instance: InstanceStatus, nowMs: number): TopRow {
	const { id, state, counts, inFlight, since, restarts, note } = instance;
	const { perSecond } = counts;
	return { ...EMPTY, key: id, name: id, service, state, perSecond, inFlight, ageMs: nowMs - since, restarts, note };
}
