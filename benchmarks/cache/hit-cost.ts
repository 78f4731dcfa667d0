/** CPU a request of what a cache gives, and of what it has to ask for first. */
import { median, medianRatio } from '../measure/ratios.ts';
import type { Peer } from '../peers/peer.ts';
import { figure, type Table } from '../report/table.ts';
import { type Entrant, measureInterleaved, type Sample } from '../scenarios/interleaved.ts';
import { type Bench, BOTH_CORES, PROXY_CORE } from '../scenarios/scenario.ts';
import { BROWSER_HEAD, costOf } from '../scenarios/throughput.ts';
import type { Line } from '../stability/verdict.ts';
import { type Origin, SIZES, type SizeName } from './origin.ts';
import { BALLAST, BALLAST_ROOMY, BALLAST_UNCACHED, BALLAST_UNLOGGED, nginxCache, VARNISH } from './peers.ts';

/** Of nginx' and of Varnish's CPU; of an uncached request's. */
const NGINX_MOST = 0.8;
const VARNISH_MOST = 0.5;
const MISS_MOST = 1.1;
/** Of the CPU of a hit with one worker, with two that have one key between them. */
const TWO_WORKERS_MOST = 1.25;
/** Requests that reach the origin while all peers are asked for what they have: starts and looks. */
const ASKED_MOST = 50;

/** Without what makes an answer a client's own, or bypasses what is stored. */
const { 'Cache-Control': _control, Cookie: _cookie, ...HEAD } = BROWSER_HEAD;

export interface Cost {
	readonly table: Table;
	readonly lines: readonly Line[];
	readonly notes: readonly string[];
}

export interface CostPlan {
	readonly rounds: number;
	readonly seconds: number;
}

/** All peers, each with its answer in its cache. */
export async function hitCost(bench: Bench, origin: Origin, size: SizeName, plan: CostPlan): Promise<Cost> {
	const peers = [BALLAST, BALLAST_UNLOGGED, nginxCache(true), nginxCache(false), VARNISH];
	const there = peers.filter((peer) => peer.version() !== undefined);
	const absent = peers.filter((peer) => !there.includes(peer)).map(({ name }) => `${name} is not installed.`);
	const before = await origin.requests();
	const { costs, table, notes } = await measure(bench, there.map(onItsCore), {
		...plan,
		name: `hit-${size}`,
		load: { url: `/${size}`, headers: HEAD },
		answerBytes: SIZES[size],
	});
	const asked = (await origin.requests()) - before;
	if (asked > ASKED_MOST) notes.push(`The origin was asked ${asked} times: these were not all hits.`);
	const line = (of: Peer, than: Peer, most: number): Line => ({
		figure: `a hit of ${size}: CPU of ${of.name} ÷ ${than.name}`,
		key: `hit_${size}_${than.name.split(',')[0]}`,
		measured: round(medianRatio(costs.get(of.name) ?? [], costs.get(than.name) ?? [])),
		most,
		unit: '×',
	});
	const nginx = nginxCache(true);
	const verdicts = [line(BALLAST, nginx, NGINX_MOST)];
	if (there.includes(VARNISH)) verdicts.push(line(BALLAST_UNLOGGED, VARNISH, VARNISH_MOST));
	return { table, lines: verdicts, notes: [...absent, ...notes] };
}

/**
 * Each request is for another URL: nothing is there. Once the memory is full that is a scan, of which little is stored;
 * where there is room for all, all of it is.
 */
export async function missCost(bench: Bench, origin: Origin, plan: CostPlan): Promise<Cost> {
	const before = await origin.requests();
	const peers = [BALLAST_UNCACHED, BALLAST, BALLAST_ROOMY].map(onItsCore);
	const { costs, table, notes, requests } = await measure(bench, peers, {
		...plan,
		name: 'miss',
		load: { url: '/json', headers: HEAD, distinct: true },
		answerBytes: 600,
	});
	const asked = (await origin.requests()) - before;
	if (asked < requests) notes.push(`The origin was asked ${asked} times for ${requests}: not all were misses.`);
	const line = (what: string, key: string, { name }: Peer): Line => ({
		figure: `${what}: CPU ÷ that of the same request without a cache`,
		key,
		measured: round(medianRatio(costs.get(name) ?? [], costs.get(BALLAST_UNCACHED.name) ?? [])),
		most: MISS_MOST,
		unit: '×',
	});
	const lines = [
		line('a miss, none of which is asked for again', 'miss', BALLAST),
		line('a miss that is stored, in memory that was never used', 'miss_stored', BALLAST_ROOMY),
	];
	return { table, lines, notes };
}

/** One key for all connections: each hit of each worker takes the same lock, and counts in the same entry. */
export async function workersCost(bench: Bench, plan: CostPlan): Promise<Cost> {
	const entrants = [1, 2].map((workers) => ({
		label: `${workers} worker${workers === 1 ? '' : 's'}`,
		peer: BALLAST,
		setup: { cores: BOTH_CORES, workers },
	}));
	const { costs, table, notes } = await measure(bench, entrants, {
		...plan,
		name: 'workers',
		load: { url: '/1k', headers: HEAD },
		answerBytes: SIZES['1k'],
	});
	const measured = round(medianRatio(costs.get('2 workers') ?? [], costs.get('1 worker') ?? []));
	const what = 'a hit of 1k on one key: CPU with two workers ÷ with one, both cores shared with the load';
	return { table, lines: [{ figure: what, key: 'hit_workers', measured, most: TWO_WORKERS_MOST, unit: '×' }], notes };
}

const onItsCore = (peer: Peer): Entrant => ({ label: peer.name, peer, setup: { cores: PROXY_CORE } });

interface Measuring extends CostPlan {
	readonly name: string;
	readonly load: { readonly url: string; readonly headers: Readonly<Record<string, string>>; readonly distinct?: true };
	readonly answerBytes: number;
}

interface Costs {
	readonly costs: ReadonlyMap<string, readonly number[]>;
	readonly table: Table;
	readonly notes: string[];
	/** Of all peers in all rounds. */
	readonly requests: number;
}

async function measure(bench: Bench, entrants: readonly Entrant[], of: Measuring): Promise<Costs> {
	const { name, rounds, seconds, load, answerBytes } = of;
	const measured = await measureInterleaved(bench, entrants, {
		name,
		rounds,
		warmUpSeconds: 1,
		load: { ...load, seconds },
	});
	const kind = { unit: 'µs/request', answerBytes } as const;
	const costs = new Map(
		[...measured.samples].map(([label, samples]) => [label, samples.map((sample) => costOf(kind, sample))]),
	);
	const first = costs.get(entrants[0]?.label ?? '') ?? [];
	const rows = [...measured.samples].map(([label, samples]) => [
		label,
		figure(median(costs.get(label) ?? [])),
		figure(medianRatio(first, costs.get(label) ?? [])),
		...shown(samples),
	]);
	const columns = [
		'cache',
		'CPU µs/request',
		`${entrants[0]?.label} ÷ it`,
		'requests/s',
		'p50 ms',
		'p99 ms',
		'memory MB',
	];
	const requests = [...measured.samples.values()].flat().reduce((sum, sample) => sum + sample.requests, 0);
	return { costs, table: { title: name, columns, rows }, notes: [...measured.notes], requests };
}

const shown = (samples: readonly Sample[]): string[] => [
	figure(median(samples.map(({ requests, seconds }) => requests / seconds))),
	figure(median(samples.map(({ p50Ms }) => p50Ms))),
	figure(median(samples.map(({ p99Ms }) => p99Ms))),
	figure(median(samples.map(({ memoryBytes }) => memoryBytes)) / 1e6),
];

const round = (ratio: number): number => Math.round(ratio * 100) / 100;
