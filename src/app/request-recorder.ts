import { type ErrorCode, errorIndex } from '../core/errors.ts';
import { ServiceColumn } from '../core/service-cells.ts';
import { AttemptCell } from '../gateway/attempt-times.ts';
import { clientAddress } from '../gateway/client-address.ts';
import type { Counted, Recorder } from '../gateway/data-plane.ts';
import { Want } from '../logs/record-layout.ts';
import type { RecordNotes, RecordWriter } from '../logs/record-writer.ts';
import { DetailMeter } from '../metrics/detail.ts';
import { Meter, nothingSeen } from '../metrics/meter.ts';
import { SAMPLED } from '../traces/traceparent.ts';
import { TICK_MS } from '../wire/timer-wheel.ts';
import { FOLLOW_CELL, type FromWorker, NodeCell, type RecordingPlan, UNROUTED } from './plan.ts';

type Chunk = Extract<FromWorker, { type: 'chunk' }>;

/** Rows of requests that are not notable, and traces, that one worker has in a second at most. */
const ROWS_A_SECOND = 200;
const TRACES_A_SECOND = 100;
/** How far the wall clock may be off. */
const CLOCK_MS = 5;

/** Counts each request that ended, and writes it down where somebody wants it. One for each worker. */
export class RequestRecorder implements Recorder {
	recording: RecordingPlan;
	readonly #worker: number;
	/** This worker's cells in the node's memory, and all of that. */
	readonly #cells: Int32Array;
	readonly #node: Int32Array;
	readonly #writer: RecordWriter;
	readonly #routes: Meter;
	readonly #instances: Meter;
	readonly #details: DetailMeter;
	readonly #seen = nothingSeen();
	readonly #notes: RecordNotes = {
		wants: 0,
		timeMs: 0,
		durationUs: 0,
		queueUs: 0,
		connectUs: 0,
		firstByteUs: 0,
		transferUs: 0,
		series: 0,
		cause: 0,
		weight: 1,
		notable: false,
		address: '',
	};
	/** Epoch ms when `performance.now()` was 0. */
	#epochMs = Date.now() - performance.now();
	/** Ordinary requests since the last tick, and in a tick of late; the share of them that gets a row now. */
	#ordinary = 0;
	#perTick = 0;
	#rowShare: number;
	#traceRoom = TRACES_A_SECOND;
	/** State of a generator of the shares that are sampled; any but 0. */
	#random = (Math.random() * 0x7fffffff) | 1;

	constructor(parts: {
		worker: number;
		cells: Int32Array;
		node: Int32Array;
		writer: RecordWriter;
		recording: RecordingPlan;
		chunk: (chunk: Chunk) => void;
	}) {
		this.#worker = parts.worker;
		this.#cells = parts.cells;
		this.#node = parts.node;
		this.#writer = parts.writer;
		this.recording = parts.recording;
		this.#rowShare = parts.recording.rows;
		const tell = (meter: Chunk['meter']) => (index: number, buffer: SharedArrayBuffer) =>
			parts.chunk({ type: 'chunk', meter, index, buffer });
		this.#routes = new Meter(tell('routes'));
		this.#instances = new Meter(tell('instances'));
		this.#details = new DetailMeter(tell('details'));
	}

	/** What the wall clock says is followed when it was set, and not at each millisecond that it is rounded to. */
	onTick(): void {
		const epochMs = Date.now() - performance.now();
		if (Math.abs(epochMs - this.#epochMs) > CLOCK_MS) this.#epochMs = epochMs;
		this.#traceRoom = Math.min(TRACES_A_SECOND, this.#traceRoom + (TRACES_A_SECOND * TICK_MS) / 1000);
		// A row costs as much as two thirds of a request: beyond a rate at which they say all that can be said, fewer are kept.
		this.#perTick += (this.#ordinary - this.#perTick) / 8;
		this.#ordinary = 0;
		const { rows } = this.recording;
		this.#rowShare = Math.min(rows, (ROWS_A_SECOND * TICK_MS) / 1000 / Math.max(1, this.#perTick));
	}

	/** The slot belongs to another instance now. */
	clearInstance(slot: number): void {
		this.#instances.clear(slot);
	}

	request(exchange: Counted, us: number): void {
		const { failure, status, fetch } = exchange;
		const seen = this.#seen;
		seen.status = status;
		seen.failed = failure !== null && status >= 500;
		seen.limited = failure === 'rate_limited';
		seen.shed = failure === 'overloaded' || failure === 'node_overloaded';
		if (failure === 'node_overloaded') this.#cells[NodeCell.shed] = (this.#cells[NodeCell.shed] as number) + 1;
		seen.us = us;
		seen.bytesIn = exchange.body.received;
		seen.bytesOut = exchange.bytesOut;
		seen.retries = Math.max(0, fetch.attempts - 1);
		seen.held = fetch.held;
		seen.broken = exchange.broken;
		seen.cached = exchange.cache.cached;
		this.#parts(exchange, us);
		const series = exchange.route?.series ?? UNROUTED;
		const cause = failure === null ? 0 : errorIndex(failure as ErrorCode);
		this.#routes.observe(series, seen);
		this.#details.observe(series, exchange.method, status, us, cause);
		if (fetch.slot >= 0 && fetch.attempts > 0) this.#instances.observe(fetch.slot, seen);
		if (exchange.copied) this.#copied(exchange);
		const wants = this.#wants(exchange, us);
		if (wants !== 0) this.#write(exchange, { wants, series, cause });
	}

	/** Where the time went. What an attempt that came to nothing took is waiting for an answer. */
	#parts({ fetch: { times, held }, cache }: Counted, us: number): void {
		const seen = this.#seen;
		const { cells, count } = times;
		seen.queueUs = held && count > 0 ? (cells[AttemptCell.start] as number) : 0;
		seen.connectUs = 0;
		// Of an answer that another request brought, this is all that was waited for.
		seen.firstByteUs = cache.waitedUs;
		seen.transferUs = 0;
		for (let i = 0, base = 0; i < count; i++, base += AttemptCell.cells) {
			const start = cells[base + AttemptCell.start] as number;
			const connect = cells[base + AttemptCell.connect] as number;
			const head = cells[base + AttemptCell.head] as number;
			const end = cells[base + AttemptCell.end] as number;
			const whole = end < 0 ? Math.max(0, us - start) : end;
			seen.connectUs += connect;
			seen.firstByteUs += (head < 0 ? whole : head) - connect;
			if (head >= 0) seen.transferUs += Math.max(0, whole - head);
		}
	}

	/** Bits of `Want`. Sets the record's weight and whether it is notable. */
	#wants(exchange: Counted, us: number): number {
		const { lines, rows, traces, spans, slowMs, traceSlowMs } = this.recording;
		const { status } = exchange;
		const notes = this.#notes;
		const failed = status >= 500 || exchange.broken;
		const notable = failed || us >= slowMs * 1000;
		notes.notable = notable;
		notes.weight = 1;
		let wants = 0;
		if (lines > 0 && (notable || lines >= 1 || this.#draw() < lines)) wants |= Want.line;
		if (rows > 0) wants |= this.#wantsRow(notable);
		if (spans && traces !== null) {
			const kept = failed || us >= traceSlowMs * 1000;
			if (kept || (exchange.trace.flags & SAMPLED) !== 0) wants |= this.#wantsTrace(kept);
		}
		if (Atomics.load(this.#node, FOLLOW_CELL) !== 0) wants |= Want.follow;
		return wants;
	}

	/** All that are notable; of the others the share, or as many as a worker may have in a second. */
	#wantsRow(notable: boolean): number {
		if (notable) return Want.row;
		this.#ordinary++;
		if (this.#rowShare < 1 && this.#draw() >= this.#rowShare) return 0;
		this.#notes.weight = Math.round(1 / this.#rowShare);
		return Want.row;
	}

	/** Half of the room is for those that failed or were slow. */
	#wantsTrace(kept: boolean): number {
		if (this.#traceRoom < (kept ? 1 : TRACES_A_SECOND / 2)) return 0;
		this.#traceRoom--;
		return Want.trace;
	}

	#draw(): number {
		let x = this.#random;
		x ^= x << 13;
		x ^= x >>> 17;
		x ^= x << 5;
		this.#random = x;
		return (x >>> 0) / 0x100000000;
	}

	#write(exchange: Counted, { wants, series, cause }: { wants: number; series: number; cause: number }): void {
		const notes = this.#notes;
		const seen = this.#seen;
		notes.wants = wants;
		notes.series = series;
		notes.cause = cause;
		notes.timeMs = this.#epochMs + exchange.startMs;
		notes.durationUs = Math.min(seen.us, 0x7fffffff);
		notes.queueUs = seen.queueUs;
		notes.connectUs = seen.connectUs;
		notes.firstByteUs = seen.firstByteUs;
		notes.transferUs = seen.transferUs;
		notes.address = clientAddress(exchange);
		this.#writer.write(exchange, notes);
	}

	/** The new version is judged by its copy; this is what the old one did with the same request, at its first attempt. */
	#copied({ route, status, fetch }: Counted): void {
		if (route === null || status === 0) return;
		const { cells } = route.service;
		cells.add(this.#worker, ServiceColumn.copied, 1);
		if (status >= 500 || fetch.attempts > 1) cells.add(this.#worker, ServiceColumn.copiedFailed, 1);
	}
}
