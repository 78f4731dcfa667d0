/** How many jobs are taken in, and how many go through, with every promise on disk. */
import { readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import type { JobStore } from '../../src/jobs/job-store.ts';
import { median } from '../measure/ratios.ts';
import type { Line } from '../stability/verdict.ts';
import { drain, newJob, openStore } from './jobs.ts';

export const CALLERS = 64;

export interface Rate {
	perSecond: number;
	/** CPU of this process, callers and all. */
	cpuUs: number;
	/** Of the time, how much this thread waited for a core: others had it. %. */
	starved: number;
	p50Ms: number;
	p99Ms: number;
}

export interface Plan {
	rounds: number;
	seconds: number;
}

/** How long this thread has waited for a core, ms: /proc/PID/schedstat, in proc(5). */
const starvedMs = (): number => Number(readFileSync('/proc/thread-self/schedstat', 'utf8').split(' ')[1]) / 1e6;

/** Each of `CALLERS` hands in one job after another, each when the last is acknowledged. */
function enqueueFor(store: JobStore, seconds: number, keyed: boolean): Promise<Rate> {
	return callersFor(seconds, (at) => store.add([newJob({ group: `g-${at % 8}`, keyed })]));
}

/** `CALLERS` that each do it again and again, for a time. */
export async function callersFor(seconds: number, add: (at: number) => Promise<unknown>): Promise<Rate> {
	const waits: number[] = [];
	const [before, starvedBefore] = [process.cpuUsage(), starvedMs()];
	const from = performance.now();
	const until = from + seconds * 1000;
	const caller = async (at: number): Promise<void> => {
		for (let now = performance.now(); now < until; ) {
			await add(at);
			const then = performance.now();
			waits.push(then - now);
			now = then;
		}
	};
	await Promise.all(Array.from({ length: CALLERS }, (_, at) => caller(at)));
	const tookMs = performance.now() - from;
	const { user, system } = process.cpuUsage(before);
	waits.sort((a, b) => a - b);
	const quantile = (share: number): number => waits[Math.floor(waits.length * share)] ?? Number.NaN;
	return {
		perSecond: (waits.length / tookMs) * 1000,
		cpuUs: (user + system) / waits.length,
		starved: ((starvedMs() - starvedBefore) / tookMs) * 100,
		p50Ms: quantile(0.5),
		p99Ms: quantile(0.99),
	};
}

const tenth = (value: number): number => Math.round(value * 10) / 10;

export async function enqueue({ rounds, seconds }: Plan): Promise<Line[]> {
	const lines: Line[] = [];
	for (const keyed of [false, true]) {
		const rates: Rate[] = [];
		for (let round = 0; round < rounds; round++) {
			await using open = openStore();
			rates.push(await enqueueFor(open.store, seconds, keyed));
		}
		const of = (what: keyof Rate): number => median(rates.map((rate) => rate[what]));
		const [name, key] = [keyed ? 'enqueue with an idempotency key' : 'enqueue', keyed ? 'keyed' : 'enqueue'];
		lines.push(
			{
				figure: `${name}, ${CALLERS} callers`,
				key: `${key}PerSecond`,
				measured: Math.round(of('perSecond')),
				least: 20_000,
				most: undefined,
				unit: '/s',
			},
			{
				figure: `${name}, CPU of a job`,
				key: `${key}CpuUs`,
				measured: tenth(of('cpuUs')),
				most: undefined,
				unit: 'µs',
			},
			{
				figure: `${name}, time without a core`,
				key: `${key}Starved`,
				measured: Math.round(of('starved')),
				most: undefined,
				unit: '%',
			},
			{ figure: `${name}, p50`, key: `${key}P50Ms`, measured: tenth(of('p50Ms')), most: undefined, unit: 'ms' },
			{ figure: `${name}, p99`, key: `${key}P99Ms`, measured: tenth(of('p99Ms')), most: 20, unit: 'ms' },
		);
	}
	return lines;
}

/** Workers that claim and finish jobs, each a hundred at a time. */
const WORKERS = 4;

/** A queue that only grows would measure the intake, an empty one how long workers wait. */
const BACKLOG = 2000;

/** Jobs handed in by 64 callers while workers claim and finish them. */
export async function through({ rounds, seconds }: Plan): Promise<Line[]> {
	const rates: number[] = [];
	const starved: number[] = [];
	for (let round = 0; round < rounds; round++) {
		await using open = openStore();
		const before = starvedMs();
		rates.push(await throughFor(open.store, seconds));
		starved.push((starvedMs() - before) / (seconds * 10));
	}
	return [
		{
			figure: 'through: added, claimed and finished',
			key: 'throughPerSecond',
			measured: Math.round(median(rates)),
			least: 8000,
			most: undefined,
			unit: '/s',
		},
		{
			figure: 'through: time without a core',
			key: 'throughStarved',
			measured: Math.round(median(starved)),
			most: undefined,
			unit: '%',
		},
	];
}

/** Finished in a second. */
export async function throughFor(store: JobStore, seconds: number): Promise<number> {
	const until = performance.now() + seconds * 1000;
	const isOver = (): boolean => performance.now() >= until;
	let [added, done] = [0, 0];
	const caller = async (at: number): Promise<void> => {
		while (!isOver()) {
			if (added - done > BACKLOG) await sleep(1);
			else {
				await store.add([newJob({ group: `g-${at % 8}` })]);
				added++;
			}
		}
	};
	const worker = () => drain(store, { most: 100, isOver, ended: (count) => (done += count) });
	const callers = Array.from({ length: CALLERS }, (_, at) => caller(at));
	await Promise.all([...callers, ...Array.from({ length: WORKERS }, worker)]);
	return done / seconds;
}
