/** What a claim costs when a great many jobs wait, beside when few do; and what memory they take. */
import type { JobStore } from '../../src/jobs/job-store.ts';
import { median } from '../measure/ratios.ts';
import type { Line } from '../stability/verdict.ts';
import { claimOf, newJob, openStore, room } from './jobs.ts';

const FEW = 1000;
const BATCH = 1000;

interface Shape {
	name: string;
	key: string;
	groups: number;
}

const SHAPES: readonly Shape[] = [
	{ name: 'one group', key: 'one', groups: 1 },
	{ name: '1,000 groups', key: 'groups', groups: 1000 },
];

async function fill(store: JobStore, count: number, groups: number): Promise<void> {
	for (let at = 0; at < count; at += BATCH) {
		const jobs = Array.from({ length: Math.min(BATCH, count - at) }, (_, i) =>
			newJob({ group: `g-${(at + i) % groups}` }),
		);
		await store.add(jobs);
	}
}

/** Of one claim of one job, commit and all, ms. */
async function claimMs(store: JobStore): Promise<number> {
	const from = performance.now();
	const jobs = await store.claim(claimOf(1, room({ group: { concurrency: 2, rate: null } })));
	const tookMs = performance.now() - from;
	const nowMs = Date.now();
	await store.report(jobs.map(({ id, token }) => ({ id, token, nowMs, kind: 'succeeded', result: null }) as const));
	return tookMs;
}

/** µs of this process's CPU for a claim of 100. */
async function claimCpuUs(store: JobStore): Promise<number> {
	const before = process.threadCpuUsage();
	const jobs = await store.claim(claimOf(100));
	const { user, system } = process.threadCpuUsage(before);
	const nowMs = Date.now();
	await store.report(jobs.map(({ id, token }) => ({ id, token, nowMs, kind: 'succeeded', result: null }) as const));
	return (user + system) / jobs.length;
}

const memoryMb = (): number => {
	globalThis.gc?.();
	return process.memoryUsage.rss() / 2 ** 20;
};
const hundredth = (value: number): number => Math.round(value * 100) / 100;

async function compare(
	shape: Shape,
	of: { many: number; claims: number; say: (line: string) => void },
): Promise<Line[]> {
	await using few = openStore();
	await using many = openStore();
	const { groups, name, key } = shape;
	await fill(few.store, FEW, Math.min(groups, FEW / 10));
	// As much again as warms up the caches of the file, which are of a fixed size.
	await fill(many.store, of.many / 20, groups);
	const beforeMb = memoryMb();
	const from = performance.now();
	await fill(many.store, of.many - of.many / 20, groups);
	of.say(`${name}: ${of.many} jobs in ${Math.round((performance.now() - from) / 1000)} s`);
	const grownMb = memoryMb() - beforeMb;
	const times: Record<'few' | 'many' | 'fewCpu' | 'manyCpu', number[]> = { few: [], many: [], fewCpu: [], manyCpu: [] };
	for (let round = 0; round < of.claims; round++) {
		times.few.push(await claimMs(few.store));
		times.many.push(await claimMs(many.store));
		if (round % 10 !== 0) continue;
		times.fewCpu.push(await claimCpuUs(few.store));
		times.manyCpu.push(await claimCpuUs(many.store));
		await fill(few.store, 120, Math.min(groups, FEW / 10));
	}
	const at = (what: keyof typeof times): number => median(times[what]);
	const title = `${of.many.toLocaleString('en-US')} waiting in ${name}`;
	return [
		{
			figure: `claim beside ${FEW} waiting, p50`,
			key: `${key}FewMs`,
			measured: hundredth(at('few')),
			most: undefined,
			unit: 'ms',
		},
		{
			figure: `${title}: claim, p50`,
			key: `${key}ManyMs`,
			measured: hundredth(at('many')),
			most: undefined,
			unit: 'ms',
		},
		{
			figure: `${title}: claim ÷ that with ${FEW}`,
			key: `${key}Ratio`,
			measured: hundredth(at('many') / at('few')),
			most: 1.2,
		},
		{
			figure: `${title}: CPU of a claim ÷ that with ${FEW}`,
			key: `${key}CpuRatio`,
			measured: hundredth(at('manyCpu') / at('fewCpu')),
			most: 1.2,
		},
		{
			figure: `${title}: CPU of a job in a claim of 100`,
			key: `${key}CpuUs`,
			measured: Math.round(at('manyCpu')),
			most: undefined,
			unit: 'µs',
		},
		{ figure: `${title}: memory grown by`, key: `${key}Mb`, measured: Math.round(grownMb), most: 32, unit: 'MB' },
	];
}

export async function waiting(of: { many: number; claims: number; say: (line: string) => void }): Promise<Line[]> {
	const lines: Line[] = [];
	for (const shape of SHAPES) lines.push(...(await compare(shape, of)));
	return lines;
}
