/**
 * What a limit of concurrency costs a request: taking its place and giving it back, over the cells that all workers
 * share; and what a worker's look at itself costs, twenty times a second. CPU time of the thread, so that a busy
 * machine disturbs little. `--quick`: a tenth of the requests.
 */
import { once } from 'node:events';
import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads';
import { Priority } from '../src/core/priority.ts';
import { ServiceCell, ServiceCells } from '../src/core/service-cells.ts';
import { priorityOf } from '../src/gateway/priority.ts';
import { decideLimit, startGradient } from '../src/resilience/gradient.ts';
import { heapInUse } from '../src/resilience/heap-in-use.ts';
import { NodePressure } from '../src/resilience/node-pressure.ts';
import { ADAPTIVE, OVERLOAD } from '../src/resilience/overload-config.ts';
import { ServiceLimit, sharesOf } from '../src/resilience/service-limit.ts';
import { RequestHead } from '../src/wire/request-head.ts';
import { median } from './measure/ratios.ts';
import { conclude, type Line, quick } from './stability/verdict.ts';

const TIMES = quick ? 200_000 : 2_000_000;
const ROUNDS = 5;
const MOST_WORKERS = 8;

/** ns of CPU, the median over the rounds. */
function measure(deed: (i: number) => void, times = TIMES): number {
	const rounds: number[] = [];
	// The first round is left out: it compiles.
	for (let round = 0; round <= ROUNDS; round++) {
		const from = process.threadCpuUsage();
		for (let i = 0; i < times; i++) deed(i);
		const { user, system } = process.threadCpuUsage(from);
		if (round > 0) rounds.push(((user + system) * 1000) / times);
	}
	return median(rounds);
}

function limitOf(cells: ServiceCells, worker: number): ServiceLimit {
	return new ServiceLimit(cells, worker, sharesOf(new Set(Object.values(Priority))));
}

/** Room for all: each request takes its place and gives it back. */
function admitted(cells: ServiceCells, worker: number): number {
	cells.set(ServiceCell.limit, 1000);
	const limit = limitOf(cells, worker);
	return measure(() => {
		if (limit.enter(Priority.normal)) limit.leave();
	});
}

function refused(cells: ServiceCells): number {
	cells.set(ServiceCell.limit, 10);
	const limit = limitOf(cells, 0);
	while (limit.enter(Priority.high));
	return measure(() => limit.enter(Priority.normal));
}

/** The same limit in several threads at once. */
async function together(threads: number): Promise<number> {
	const cells = new ServiceCells(threads);
	const workers = Array.from(
		{ length: threads },
		(_, worker) =>
			new Worker(new URL(import.meta.url), {
				workerData: { buffer: cells.buffer, threads, worker },
				argv: process.argv.slice(2),
			}),
	);
	const figures = await Promise.all(workers.map(async (worker) => (await once(worker, 'message'))[0] as number));
	return median(figures);
}

function byField(): number {
	const buffer = Buffer.from(
		'GET / HTTP/1.1\r\nHost: api.example.com\r\nAccept: */*\r\nX-Priority: low\r\nUser-Agent: measured\r\n\r\n',
	);
	const head = new RequestHead(20);
	head.parse(buffer, 0, buffer.length, 100);
	const request = { buffer, head, client: { trusted: true } };
	const route = { level: Priority.normal, header: 'x-priority', anyone: false } as const;
	return measure(() => priorityOf(request, route));
}

function ticks(): number {
	const pressure = new NodePressure(OVERLOAD, 50, heapInUse);
	let nowMs = 0;
	return measure(() => pressure.tick((nowMs += 50)), TIMES / 10);
}

function looks(): number {
	let state = startGradient(1, ADAPTIVE);
	let nowMs = 1;
	return measure(() => {
		nowMs += 200;
		({ state } = decideLimit(state, { nowMs, answers: 200, sumUs: 4_000_000, inFlight: 60, refused: 0 }, ADAPTIVE));
	}, TIMES / 10);
}

const line = (figure: string, key: string, ns: number, most?: number): Line => ({
	figure,
	key,
	measured: Math.round(ns),
	most,
	unit: 'ns',
});

if (isMainThread) {
	await conclude('overload', async () => [
		line('a place taken and given back, 2 workers', 'two', admitted(new ServiceCells(2), 0), 500),
		line('the same with 8 workers', 'eight', admitted(new ServiceCells(MOST_WORKERS), 0), 1000),
		line('with 2 threads at once', 'contended', await together(2), 1000),
		line('a refusal', 'refused', refused(new ServiceCells(2))),
		line('a priority by a header field', 'field', byField()),
		line("a worker's look at itself, each 50 ms", 'tick', ticks()),
		line('a look at an adaptive service, each 200 ms', 'look', looks()),
	]);
} else {
	const { buffer, threads, worker } = workerData as { buffer: SharedArrayBuffer; threads: number; worker: number };
	parentPort?.postMessage(admitted(new ServiceCells(threads, buffer), worker));
}
