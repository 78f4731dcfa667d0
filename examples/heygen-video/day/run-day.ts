/** `npm start -- --load`: a day of several tenants in two minutes, at a HeyGen that fails as the real one does. */
import { setTimeout as sleep } from 'node:timers/promises';
import { type Config, Stack } from '../stack.ts';
import { arrivals, DAY_S, seeded } from './arrivals.ts';
import { Clients } from './clients.ts';
import { type Calls, json, type Ledger } from './ledger.ts';
import { type Report, reportOf } from './report.ts';

export interface DayOptions {
	listen: number;
	admin: number;
	simulatorPort: string;
	/** How many videos are asked for. */
	videos: number;
	/** How long the day takes, real seconds. */
	seconds: number;
}

/** Real time for what is left when the day is over. */
const LATE_MS = 180_000;
const FIGURES_MS = 10_000;

/** What goes wrong; durations are simulated. */
const KNOBS: Readonly<Record<string, string>> = {
	'failure-rate': '0.03',
	'null-url-rate': '0.05',
	'slow-create-rate': '0.02',
	'crash-rate': '0.02',
	'error-rate': '0.01',
	'burst-every-ms': '6h',
	'burst-length-ms': '5m',
	'burst-rate': '0.5',
	'webhook-lost-rate': '0.05',
	'webhook-duplicate-rate': '0.05',
	'other-jobs': '2',
	'other-jobs-gap-ms': '30m',
};

/** Whether all went as it must. `made` is called with what is to be stopped. */
export async function runDay(options: DayOptions, made: (stack: Stack) => void): Promise<boolean> {
	const { videos, seconds, simulatorPort, listen, admin } = options;
	const scale = DAY_S / seconds;
	const knobs = Object.entries(KNOBS).flatMap(([name, value]) => [`--${name}`, value]);
	const stack = new Stack({
		...{ listen, admin, quiet: true },
		simulator: ['--port', simulatorPort, '--time-scale', String(scale), '--seed', '7', ...knobs],
		change: (config) => hasten(config, scale),
	});
	made(stack);
	await stack.start();
	console.log(`A day in ${seconds} s: ${videos} videos of three tenants, a burst at 14:00, HeyGen's usual faults.\n`);
	const { lines, faults } = await theDay(stack, options);
	for (const line of lines) console.log(line);
	for (const fault of faults) console.log(`\nthis must not be: ${fault}`);
	return faults.length === 0;
}

async function theDay(stack: Stack, { videos, seconds }: DayOptions): Promise<Report> {
	const over = new AbortController();
	void stack.ended.then(() => over.abort(new Error('Ballast ended before the day did')));
	const clients = new Clients(stack.url, await clockOf(stack.simulator, DAY_S / seconds));
	await clients.post(arrivals(videos, seeded(7)), seconds, over.signal);
	await clients.follow(LATE_MS, over.signal);
	const { posted, refused, repeats } = clients;
	const figures = await countedAll(stack.admin, posted.length);
	const [ledger, { calls }] = await Promise.all([
		json<Ledger>(`${stack.simulator}/_simulator/ledger`),
		json<{ calls: Calls }>(`${stack.simulator}/_simulator/calls`),
	]);
	return reportOf({ posted, refused, repeats, ledger, calls, figures });
}

/** Durations of ballast.yaml's defaults as they are in a day that is so many times shorter, within reason. */
function hasten(config: Config, scale: number): void {
	const ms = (seconds: number): string => `${Math.max(20, Math.round((seconds * 1000) / scale))}ms`;
	const poll = {
		steps: [{ until: ms(120), every: ms(10) }, { until: ms(300), every: ms(30) }, { every: ms(60) }],
		heard: ms(120),
	};
	const external = { poll, result: { wait: ms(30) } };
	const offload = { backoff: { base: ms(1), most: ms(300) }, external };
	Object.assign(config.services.heygen, { routes: { 'POST /v3/videos': { offload } } });
}

async function clockOf(simulator: string, scale: number): Promise<{ now(): number }> {
	const { now } = await json<{ now: string | number }>(`${simulator}/_simulator`);
	const [simulated, real] = [new Date(now).getTime(), Date.now()];
	return { now: () => simulated + (Date.now() - real) * scale };
}

/** Its figures are of up to some seconds ago: looks until the last end is among them. */
async function countedAll(admin: string, ends: number): Promise<Map<string, number>> {
	for (const until = Date.now() + FIGURES_MS; ; await sleep(250)) {
		const figures = await figuresOf(admin);
		if ((figures.get('ballast_jobs_ended_total') ?? 0) >= ends || Date.now() > until) return figures;
	}
}

/** The counters of jobs on Ballast's page of metrics, each summed over its labels; those of ends by their state too. */
async function figuresOf(admin: string): Promise<Map<string, number>> {
	const page = await (await fetch(`${admin}/metrics`)).text();
	const sums = new Map<string, number>();
	for (const [, name = '', labels = '', value] of page.matchAll(/^(ballast_jobs?_\w+)(\{.*\})? (\S+)/gm)) {
		const state = /state="(\w+)"/.exec(labels)?.[1];
		for (const key of state === undefined ? [name] : [name, `${name} ${state}`])
			sums.set(key, (sums.get(key) ?? 0) + Number(value));
	}
	return sums;
}
