/**
 * Load for the video API: `node examples/load.ts --rate 200 --seconds 30`. Prints a line each second and a summary as
 * JSON. It sends at the rate whatever comes back (an open loop), bounded by what is in flight.
 */
import { Agent } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { type Counts, type LoadSummary, newCounts } from './load/counts.ts';
import { send } from './load/request.ts';
import { trafficOf } from './load/traffic.ts';

export interface LoadOptions {
	/** Where the API is. Default http://127.0.0.1:8080. */
	url?: string;
	/** Requests a second, 1 to 20,000. Default 100. */
	rate?: number;
	/** How long, 1 to 3,600; the answers to what was sent last are waited for. Default: until it is stopped, an hour. */
	seconds?: number;
	/** Share of the requests with a connection of their own; the others keep theirs. Default 0.25. */
	newConnections?: number;
	/** Most requests in flight; what would be more is held back and counted. Default 500. */
	maxInFlight?: number;
	/** Most renders and event streams at once. Default 6. */
	maxSlow?: number;
	/** Most time for a request, ms. Default 30,000. */
	timeoutMs?: number;
	/** Of the mix. Default 1. */
	seed?: number;
	/** Called each second with what happened in it. */
	onSecond?: (second: LoadSecond) => void;
}

/** What happened in one second. */
export interface LoadSecond extends LoadSummary {
	/** 1, 2, 3, … */
	second: number;
	rate: number;
	inFlight: number;
	/** That named themselves within the last 3 seconds. */
	instances: string[];
}

export interface Load {
	/** Requests a second from now on. */
	setRate(rate: number): void;
	/** All until now. */
	summary(): LoadSummary;
	/** Sends no more; resolves with the sum when all has been answered. */
	stop(): Promise<LoadSummary>;
	/** When its time is over or it was stopped, and all has been answered. */
	done: Promise<LoadSummary>;
}

const tickMs = 10;
const instanceSeenMs = 3000;
const maxRate = 20_000;

/** Starts a load; it ends by itself after its seconds. */
export function startLoad(options: LoadOptions = {}): Load {
	const { url = 'http://127.0.0.1:8080', seconds = 3600, newConnections = 0.25, maxInFlight = 500 } = options;
	const { maxSlow = 6, timeoutMs = 30_000, seed = 1, onSecond } = options;
	let rate = boundedRate(options.rate ?? 100);
	const address = new URL(url);
	const agent = new Agent({ keepAlive: true, maxFreeSockets: maxInFlight });
	const traffic = trafficOf({ seed, maxSlow });
	const all = newCounts();
	let second = newCounts();
	let inFlight = 0;
	let slow = 0;
	let sent = 0;
	const ending = new AbortController();
	const breakOff = new AbortController();

	const sendOne = async () => {
		if (inFlight >= maxInFlight) return void each((counts) => counts.hold());
		const plan = traffic.next(slow);
		const fresh = (sent++ * newConnections) % 1 >= 1 - newConnections;
		inFlight++;
		if (plan.slow) slow++;
		const connection = fresh ? false : agent;
		const outcome = await send(plan, { url: address, agent: connection, timeoutMs, signal: breakOff.signal });
		inFlight--;
		if (plan.slow) slow--;
		each((counts) => counts.add(plan, outcome));
	};
	const each = (what: (counts: Counts) => void) => {
		what(all);
		what(second);
	};
	const report = (number: number) => {
		const summary = second.summary();
		second = newCounts();
		const since = Date.now() - instanceSeenMs;
		const instances = [...traffic.instances].filter(([, seen]) => seen >= since).map(([name]) => name);
		onSecond?.({ ...summary, second: number, rate, inFlight, instances });
	};

	const run = async () => {
		const begin = performance.now();
		let last = begin;
		let due = 0;
		let reported = 0;
		while (!ending.signal.aborted && performance.now() - begin < seconds * 1000) {
			await sleep(tickMs);
			const now = performance.now();
			// After a stall of the whole machine it goes on at the rate, and does not catch up in one burst.
			due += (Math.min(now - last, 1000) / 1000) * rate;
			last = now;
			for (; due >= 1; due--) void sendOne();
			for (; reported < Math.floor((now - begin) / 1000); reported++) report(reported + 1);
		}
		const deadline = performance.now() + timeoutMs;
		while (inFlight > 0 && performance.now() < deadline) await sleep(tickMs);
		breakOff.abort();
		while (inFlight > 0) await sleep(tickMs);
		agent.destroy();
		return all.summary();
	};
	const done = run();
	const stop = () => {
		ending.abort();
		return done;
	};
	return { setRate: (wanted) => void (rate = boundedRate(wanted)), summary: all.summary, stop, done };
}

/** One line about a second: `12s  200/s  ok 198  failed 2 (reset 2)  p50 1.2 ms  p99 9 ms  in flight 5  instances 3`. */
export function formatSecond({ second, requests, ok, failed, failures, ...rest }: LoadSecond): string {
	const kinds = Object.entries(failures).map(([kind, count]) => `${kind} ${count}`);
	return [
		`${second}s`.padStart(5),
		`${requests}/s`.padStart(8),
		`ok ${ok}`,
		`failed ${failed}${kinds.length > 0 ? ` (${kinds.join(', ')})` : ''}`,
		`p50 ${rest.p50Ms} ms`,
		`p99 ${rest.p99Ms} ms`,
		`in flight ${rest.inFlight}`,
		...(rest.held > 0 ? [`held back ${rest.held}`] : []),
		`instances ${rest.instances.length}`,
	].join('  ');
}

function boundedRate(rate: number): number {
	if (rate >= 1 && rate <= maxRate) return rate;
	throw new RangeError(`the rate must be from 1 to ${maxRate} requests a second, not ${rate}`);
}

async function main(): Promise<number> {
	const { values } = parseArgs({
		options: {
			url: { type: 'string', default: 'http://127.0.0.1:8080' },
			rate: { type: 'string', default: '100' },
			seconds: { type: 'string', default: '10' },
			'new-connections': { type: 'string', default: '0.25' },
		},
	});
	const seconds = Number(values.seconds);
	const newConnections = Number(values['new-connections']);
	if (!(seconds >= 1 && seconds <= 3600)) throw new RangeError('--seconds must be from 1 to 3600');
	if (!(newConnections >= 0 && newConnections <= 1)) throw new RangeError('--new-connections must be from 0 to 1');
	const onSecond = (second: LoadSecond) => console.error(formatSecond(second));
	const load = startLoad({ url: values.url, rate: Number(values.rate), seconds, newConnections, onSecond });
	process.once('SIGINT', () => void load.stop());
	const summary = await load.done;
	console.log(JSON.stringify(summary, null, 2));
	return summary.failed === 0 ? 0 : 1;
}

if (import.meta.main) {
	process.exitCode = await main().catch((error: Error) => {
		console.error(error.message);
		return 2;
	});
}
