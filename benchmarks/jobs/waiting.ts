/** What a claim costs when a great many jobs wait, beside when few do; and what memory they take. */
import type { JobStore } from '../../src/jobs/job-store.ts';
import { median } from '../measure/ratios.ts';
import type { Line } from '../stability/verdict.ts';
import { claimOf, newJob, openStore, room } from './jobs.ts';
import { openRedis } from './redis.ts';

const FEW = 1000;
const BATCH = 1000;
const WARM = 40_000;

interface Shape {
	name: string;
	key: string;
	redisKey: string;
	groups: number;
}

const SHAPES: readonly Shape[] = [
	{ name: 'one group', key: 'one', redisKey: 'redisOne', groups: 1 },
	{ name: '1,000 groups', key: 'groups', redisKey: 'redisGroups', groups: 1000 },
];

async function fill(store: JobStore, count: number, groups: number): Promise<void> {
	for (let at = 0; at < count; at += BATCH) {
		const jobs = Array.from({ length: Math.min(BATCH, count - at) }, (_, i) =>
			newJob({ group: `g-${(at + i) % groups}` }),
		);
		await store.add(jobs);
	}
}

interface Cost {
	ms: number;
	cpuUs: number;
}

/** Of one claim of one job, commit and all. */
async function claimOnce(store: JobStore): Promise<Cost> {
	const claim = claimOf(1, room({ group: { concurrency: 2, rate: null } }));
	const [from, before] = [performance.now(), process.cpuUsage()];
	const jobs = await store.claim(claim);
	const { user, system } = process.cpuUsage(before);
	const ms = performance.now() - from;
	const nowMs = Date.now();
	await store.report(jobs.map(({ id, token }) => ({ id, token, nowMs, kind: 'succeeded', result: null }) as const));
	return { ms, cpuUs: user + system };
}

/** Without the room that V8 keeps free for its next objects, which grows in steps with how busy it is. */
function memoryMb(): number {
	globalThis.gc?.();
	const { rss, heapTotal, heapUsed } = process.memoryUsage();
	return (rss - heapTotal + heapUsed) / 2 ** 20;
}

const hundredth = (value: number): number => Math.round(value * 100) / 100;

interface Amounts {
	count: number;
	claims: number;
	say: (line: string) => void;
}

type Stores = Record<'few' | 'many', { store: JobStore }>;

/** @param stores empty ones */
async function compare(shape: Shape, of: Amounts, { few, many }: Stores): Promise<Line[]> {
	const { groups, name } = shape;
	await fill(few.store, FEW, Math.min(groups, FEW / 10));
	// First as many as fill the caches, which are of a fixed size.
	await fill(many.store, WARM, groups);
	const beforeMb = memoryMb();
	const from = performance.now();
	await fill(many.store, of.count - WARM, groups);
	of.say(`${name}: ${of.count} jobs in ${Math.round((performance.now() - from) / 1000)} s`);
	const grownMb = memoryMb() - beforeMb;
	const costs: Record<'few' | 'many', Cost[]> = { few: [], many: [] };
	for (let round = 0; round < of.claims; round++) {
		costs.few.push(await claimOnce(few.store));
		costs.many.push(await claimOnce(many.store));
		if (round % 100 === 99) await fill(few.store, 100, Math.min(groups, FEW / 10));
	}
	return linesOf(shape, { count: of.count, grownMb, few: costOf(costs.few), many: costOf(costs.many) });
}

/** The median of the times; of CPU the mean, as the system counts it in coarse steps. */
function costOf(costs: readonly Cost[]): Cost {
	const cpuUs = costs.reduce((sum, cost) => sum + cost.cpuUs, 0) / costs.length;
	return { ms: median(costs.map(({ ms }) => ms)), cpuUs };
}

function linesOf(shape: Shape, of: { many: Cost; few: Cost; grownMb: number; count: number }): Line[] {
	const { key } = shape;
	const { few, many } = of;
	const title = `${of.count.toLocaleString('en-US')} waiting in ${shape.name}`;
	const told = { most: undefined, unit: 'ms' };
	return [
		{ figure: `${title}: claim, p50`, key: `${key}Ms`, measured: hundredth(many.ms), ...told },
		{ figure: `beside ${FEW} waiting, p50`, key: `${key}FewMs`, measured: hundredth(few.ms), ...told },
		{ figure: `${title}: time ÷ that`, key: `${key}Ratio`, measured: hundredth(many.ms / few.ms), most: 1.2 },
		{ figure: `${title}: CPU ÷ that`, key: `${key}CpuRatio`, measured: hundredth(many.cpuUs / few.cpuUs), most: 1.2 },
		{ figure: `${title}: CPU`, key: `${key}CpuUs`, measured: Math.round(many.cpuUs), most: undefined, unit: 'µs' },
		{ figure: `${title}: memory grown by`, key: `${key}Mb`, measured: Math.round(of.grownMb), most: 32, unit: 'MB' },
	];
}

export async function waiting(of: Amounts): Promise<Line[]> {
	const lines: Line[] = [];
	for (const shape of SHAPES) {
		await using few = openStore();
		await using many = openStore();
		lines.push(...(await compare(shape, of, { few, many })));
	}
	return lines;
}

/** The same in one Redis, which holds both: of CPU only that of this process is counted. */
export async function waitingInRedis(of: Amounts): Promise<Line[]> {
	const lines: Line[] = [];
	for (const shape of SHAPES) {
		await using redis = await openRedis();
		const [few, many] = [await redis.store('few:'), await redis.store('many:')];
		const named = { ...shape, name: `${shape.name} in Redis`, key: shape.redisKey };
		lines.push(...(await compare(named, of, { few: { store: few }, many: { store: many } })));
		of.say(`Redis holds ${Math.round((await redis.bytes()) / 2 ** 20)} MiB`);
	}
	return lines;
}
