/** A status as lines for a terminal. */
import { inert } from '../core/inert.ts';
import { cacheNotes } from './cache-note.ts';
import { laneLines } from './job-places.ts';
import { formatAge, formatBytes, formatCount, formatLatency, formatRate, plural } from './quantity.ts';
import { jobNotes, queueTable } from './queue-view.ts';
import type {
	Counts,
	InstanceStatus,
	PoolStatus,
	RateLimitStatus,
	ServiceStatus,
	Status,
	VersionStatus,
} from './status-answer.ts';
import { type Cell, type Column, table } from './table.ts';
import { type Colour, paint, type Terminal } from './terminal.ts';
import { clip } from './text-width.ts';

const STATE_COLOURS: Record<string, Colour> = {
	ready: 'green',
	starting: 'cyan',
	draining: 'yellow',
	down: 'red',
	hung: 'red',
};

/** `now`: epoch ms. No line is wider than the terminal, and none holds what came from outside unmasked. */
export function statusLines(status: Status, terminal: Terminal, now: number): string[] {
	const width = terminal.size()?.columns ?? Number.POSITIVE_INFINITY;
	const lines = [...headLines(status).map((line) => clip(line, width))];
	for (const warning of status.warnings) {
		const texts = warning.split('\n').map((text, at) => `${at === 0 ? 'warning' : '       '}        ${inert(text)}`);
		lines.push(...texts.map((text) => paint(terminal, 'yellow', clip(text, width))));
	}
	const { services, unrouted } = status;
	lines.push(...cacheNotes(status.cache, status.purges).map((line) => clip(line, width)));
	if (status.jobs !== null) lines.push(...jobNotes(status.jobs).map((line) => clip(line, width)));
	if (unrouted.requests > 0)
		lines.push(
			clip(
				`no route       ${plural(unrouted.requests, 'request')} met none: unknown (404, 405) or malformed (400)`,
				width,
			),
		);
	if (services.length > 0) lines.push('', ...table(SERVICE_COLUMNS, services.map(serviceRow), terminal));
	// A pool that is all of its service has its line above already.
	const shared = services.filter(({ pools }) => pools.length > 1 || pools.some(({ region }) => region !== null));
	const pools = shared.flatMap((service) => service.pools.map((pool) => poolRow(service.name, pool)));
	if (pools.length > 0) lines.push('', ...table(POOL_COLUMNS, pools, terminal));
	for (const line of services.flatMap(rolloutLines)) lines.push(clip(line, width));
	const instances = services.flatMap((service) => service.instances);
	if (instances.length > 0)
		lines.push(
			'',
			...table(
				instanceColumns(instances),
				instances.map((instance) => instanceRow(instance, now)),
				terminal,
			),
		);
	// A service whose only route is itself has its line above already.
	const named = services.filter((service) => service.routes.length > 1);
	const routes = named.flatMap((service) => service.routes.map((route) => routeRow(service.name, route)));
	if (routes.length > 0) lines.push('', ...table(ROUTE_COLUMNS, routes, terminal));
	const limits = services.flatMap(({ name, rateLimits }) => rateLimits.map((limit) => rateLimitRow(name, limit)));
	if (limits.length > 0) lines.push('', ...table(RATE_LIMIT_COLUMNS, limits, terminal));
	const limited = services.filter(({ concurrency }) => concurrency !== null).map(concurrencyRow);
	if (limited.length > 0) lines.push('', ...table(CONCURRENCY_COLUMNS, limited, terminal));
	if (status.jobs !== null && status.jobs.queues.length > 0)
		lines.push('', ...queueTable(status.jobs.queues, terminal, now), ...laneLines(status.jobs.lanes, terminal));
	return lines;
}

function headLines(status: Status): string[] {
	const { core, workers, listeners } = status;
	const connections = workers.reduce((sum, worker) => sum + worker.connections, 0);
	const states = new Map<string, number>();
	for (const { state } of workers) states.set(state, (states.get(state) ?? 0) + 1);
	const counted = [...states].map(([state, count]) => `${count} ${inert(state)}`).join(', ');
	const shedding = workers
		.filter(({ sheds }) => sheds !== 'nothing')
		.map(({ id, sheds }) => `; ${id} sheds ${inert(sheds)}`);
	const restarts = workers.reduce((sum, worker) => sum + worker.restarts, 0);
	const addresses = listeners.map(({ address, tls }) =>
		address.includes('://') ? address : `${tls ? 'https' : 'http'}://${address}`,
	);
	return [
		`Ballast ${inert(status.version)}, up ${formatAge(status.uptimeMs)}, pid ${status.pid} (core ${core.pid}, generation ${core.generation}, Node ${inert(status.node).replace(/^v/, '')})`,
		`configuration  ${status.config === 'run' ? 'none (ballast run)' : inert(status.config)}`,
		`listening      ${addresses.length === 0 ? 'nowhere' : addresses.map(inert).join(', ')}`,
		`workers        ${counted || 'none'}; ${plural(connections, 'connection')}${restarts > 0 ? `; ${plural(restarts, 'restart')}` : ''}${shedding.join('')}`,
	];
}

const LATENCY_COLUMNS: Column[] = [
	{ title: 'P50', align: 'right', drop: 5 },
	{ title: 'P95', align: 'right', drop: 2 },
	{ title: 'P99', align: 'right', drop: 4 },
];

const SERVICE_COLUMNS: Column[] = [
	{ title: 'SERVICE', least: 10 },
	{ title: 'READY', align: 'right' },
	{ title: 'REQ/S', align: 'right' },
	...LATENCY_COLUMNS,
	{ title: 'REQUESTS', align: 'right', drop: 3 },
	{ title: 'FAILED', align: 'right' },
	{ title: 'IN', align: 'right', drop: 7 },
	{ title: 'OUT', align: 'right', drop: 6 },
];

/** A new version that is about to take over, or a command that is not the configuration's. */
function rolloutLines({ name, rollout, deployed }: ServiceStatus): string[] {
	if (rollout === null) {
		if (deployed === null) return [];
		return ['', `deployed       ${inert(name)}: \`${inert(deployed)}\` by hand, not what the configuration says`];
	}
	const { command, phase, step, steps, gets, old, fresh, verdict } = rollout;
	const at = step === 0 ? inert(phase) : `step ${step} of ${steps}, ${inert(phase)}`;
	const lines = ['', `roll-out       ${inert(name)}: \`${inert(command)}\` (${at}) gets ${inert(gets)}`];
	if (step > 0) lines.push(`               new: ${versionText(fresh)}; old: ${versionText(old)}`);
	if (verdict !== '') lines.push(`               ${inert(verdict)}`);
	return lines;
}

function versionText({ requests, failed, p95Ms }: VersionStatus): string {
	const time = requests === 0 || p95Ms === 0 ? '' : `, p95 ${formatLatency(p95Ms)}`;
	return `${plural(requests, 'request')}, ${formatCount(failed)} failed${time}`;
}

function serviceRow({ name, desired, ready, counts }: ServiceStatus): Cell[] {
	return [
		{ text: inert(name), colour: 'bold' },
		readiness(ready, desired),
		{ text: formatRate(counts.perSecond) },
		...latencies(counts),
		{ text: formatCount(counts.requests) },
		failures(counts),
		{ text: formatBytes(counts.bytesIn) },
		{ text: formatBytes(counts.bytesOut) },
	];
}

function readiness(ready: number, desired: number): Cell {
	// A service of fixed answers has no instances to wait for.
	const enough = ready >= desired;
	return {
		text: desired === 0 && ready === 0 ? '-' : `${formatCount(ready)} of ${formatCount(desired)}`,
		colour: enough ? 'green' : ready === 0 ? 'red' : 'yellow',
	};
}

const POOL_COLUMNS: Column[] = [
	{ title: 'POOL', least: 10 },
	{ title: 'SERVICE', drop: 3 },
	{ title: 'PRIORITY', align: 'right', drop: 2 },
	{ title: 'REGION', drop: 1 },
	{ title: 'READY', align: 'right' },
	{ title: 'TRAFFIC', align: 'right' },
];

function poolRow(service: string, { name, priority, region, ready, desired, share, drained }: PoolStatus): Cell[] {
	return [
		{ text: inert(name) },
		{ text: inert(service) },
		{ text: String(priority) },
		{ text: `${inert(region ?? '-')}${drained ? ' (drained)' : ''}`, ...(drained ? { colour: 'yellow' } : {}) },
		readiness(ready, desired),
		{ text: `${Number((share * 100).toFixed(1))} %` },
	];
}

/** Breakers, and why, are worth their place where one is not closed. */
function instanceColumns(instances: readonly InstanceStatus[]): Column[] {
	const news = instances.some(({ breaker: { state } }) => state !== 'closed' && state !== '');
	const [id, state, ...rest] = INSTANCE_COLUMNS as [Column, Column, ...Column[]];
	const breaker: Column = { title: 'BREAKER', drop: news ? 2 : 11 };
	return [
		id,
		state,
		breaker,
		...rest.map((column) => (news && column.title === 'NOTE' ? { ...column, drop: 2 } : column)),
	];
}

const BREAKER_COLOURS: Record<string, Colour> = { open: 'red', 'half-open': 'yellow' };

const INSTANCE_COLUMNS: Column[] = [
	{ title: 'INSTANCE', least: 12 },
	{ title: 'STATE' },
	{ title: 'FOR', align: 'right', drop: 6 },
	{ title: 'ADDRESS', drop: 9 },
	{ title: 'PID', align: 'right', drop: 10 },
	{ title: 'IN FLIGHT', align: 'right', drop: 3 },
	{ title: 'REQ/S', align: 'right', drop: 1 },
	{ title: 'P95', align: 'right', drop: 5 },
	{ title: 'FAILED', align: 'right', drop: 4 },
	{ title: 'RESTARTS', align: 'right', drop: 8 },
	{ title: 'NOTE', drop: 7, least: 16 },
];

function instanceRow(instance: InstanceStatus, now: number): Cell[] {
	const { state, breaker, counts, host, port, restarts } = instance;
	const colour = STATE_COLOURS[state];
	const breakerColour = BREAKER_COLOURS[breaker.state];
	const weight = instance.weight === 1 ? '' : ` ×${Number(instance.weight.toFixed(3))}`;
	return [
		{ text: inert(instance.id) },
		{ text: inert(state), ...(colour === undefined ? {} : { colour }) },
		{ text: inert(breaker.state || '-'), ...(breakerColour === undefined ? {} : { colour: breakerColour }) },
		{ text: formatAge(now - instance.since) },
		{ text: `${inert(host.includes(':') ? `[${host}]` : host)}:${port}${weight}` },
		{ text: instance.pid === null ? '-' : String(instance.pid) },
		{ text: formatCount(instance.inFlight) },
		{ text: formatRate(counts.perSecond) },
		{ text: counts.requests === 0 ? '-' : formatLatency(counts.p95Ms) },
		failures(counts),
		{ text: formatCount(restarts), ...(restarts > 0 ? { colour: 'yellow' } : {}) },
		{ text: inert(instance.note) },
	];
}

const ROUTE_COLUMNS: Column[] = [
	{ title: 'ROUTE', least: 16 },
	{ title: 'SERVICE', drop: 8 },
	{ title: 'REQ/S', align: 'right' },
	...LATENCY_COLUMNS,
	{ title: '2XX', align: 'right', drop: 6 },
	{ title: '3XX', align: 'right', drop: 9 },
	{ title: '4XX', align: 'right', drop: 7 },
	{ title: '5XX', align: 'right', drop: 3 },
	{ title: 'FAILED', align: 'right' },
];

function routeRow(service: string, { name, counts }: { name: string; counts: Counts }): Cell[] {
	return [
		{ text: inert(name) },
		{ text: inert(service) },
		{ text: formatRate(counts.perSecond) },
		...latencies(counts),
		{ text: formatCount(counts.status['2xx']) },
		{ text: formatCount(counts.status['3xx']) },
		{ text: formatCount(counts.status['4xx']) },
		{ text: formatCount(counts.status['5xx']) },
		failures(counts),
	];
}

const RATE_LIMIT_COLUMNS: Column[] = [
	{ title: 'RATE LIMIT', least: 12 },
	{ title: 'SERVICE', drop: 3 },
	{ title: 'ROUTE', drop: 2 },
	{ title: 'REFUSED', align: 'right' },
	{ title: 'CLIENTS', align: 'right', drop: 1 },
	{ title: 'NO ROOM', align: 'right' },
];

function rateLimitRow(service: string, { name, route, refused, full, used, entries }: RateLimitStatus): Cell[] {
	return [
		{ text: inert(name) },
		{ text: inert(service) },
		{ text: route === null ? 'all' : inert(route) },
		{ text: formatCount(refused), ...(refused > 0 ? { colour: 'yellow' as const } : {}) },
		{ text: `${formatCount(used)} of ${formatCount(entries)}` },
		{ text: formatCount(full), ...(full > 0 ? { colour: 'red' as const } : {}) },
	];
}

const CONCURRENCY_COLUMNS: Column[] = [
	{ title: 'CONCURRENCY', least: 12 },
	{ title: 'LIMIT' },
	{ title: 'IN FLIGHT', align: 'right' },
	{ title: 'SHED', align: 'right' },
];

function concurrencyRow({ name, concurrency, counts: { shed } }: ServiceStatus): Cell[] {
	const { by, limit, inFlight } = concurrency ?? { by: 'off', limit: 0, inFlight: 0 };
	return [
		{ text: inert(name) },
		{ text: inert(by) },
		{ text: `${formatCount(inFlight)} of ${formatCount(limit)}`, ...(inFlight >= limit ? { colour: 'yellow' } : {}) },
		{ text: formatCount(shed), ...(shed > 0 ? { colour: 'red' } : {}) },
	];
}

function latencies(counts: Counts): Cell[] {
	return [counts.p50Ms, counts.p95Ms, counts.p99Ms].map((ms) => ({
		text: counts.requests === 0 ? '-' : formatLatency(ms),
	}));
}

function failures({ failed }: Counts): Cell {
	return { text: formatCount(failed), ...(failed > 0 ? { colour: 'red' as const } : {}) };
}
