import { parentPort, workerData } from 'node:worker_threads';
import { Board } from '../core/board.ts';
import { ServiceColumn } from '../core/service-cells.ts';
import { type Counted, DataPlane } from '../gateway/data-plane.ts';
import { Trust } from '../gateway/forwarded.ts';
import { type Listener, listenPlain, listenTls } from '../gateway/listener.ts';
import { Requests } from '../gateway/requests.ts';
import { Upstream } from '../gateway/upstream.ts';
import { Meter, type Observation } from '../metrics/meter.ts';
import { heapInUse } from '../resilience/heap-in-use.ts';
import { NodePressure } from '../resilience/node-pressure.ts';
import { TICK_MS, TimerWheel } from '../wire/timer-wheel.ts';
import { ConnectionCount } from './connection-count.ts';
import { handle } from './pipeline.ts';
import {
	type FromWorker,
	type InstancePlan,
	type ListenPlan,
	NodeCell,
	type Order,
	type Plan,
	type ToWorker,
	UNROUTED,
	type WorkerStart,
} from './plan.ts';
import { Pools } from './pools.ts';
import { Waiting } from './waiting.ts';

/** One thread of the data plane: its listeners, its pools, its counts. The control plane tells it what to serve. */
class DataWorker {
	readonly #start: WorkerStart;
	readonly #cells: Int32Array;
	readonly #board = new Board();
	readonly #wheel: TimerWheel;
	readonly #routes = new Meter((index, buffer) => this.#say({ type: 'chunk', meter: 'routes', index, buffer }));
	readonly #instances = new Meter((index, buffer) => this.#say({ type: 'chunk', meter: 'instances', index, buffer }));
	readonly #observation: Observation = {
		status: 0,
		failed: false,
		limited: false,
		us: 0,
		bytesIn: 0,
		bytesOut: 0,
		retries: 0,
		held: false,
		shed: false,
	};
	readonly #listeners = new Map<string, Listener>();
	readonly #plane: DataPlane;
	readonly #requests: Requests;
	/** By slot. */
	readonly #upstreams: (Upstream | undefined)[] = [];
	readonly #gate: ConnectionCount;
	readonly #waiting: Waiting;
	readonly #pressure: NodePressure;
	#pools: Pools;
	#prepared: { plan: Plan; pools: Pools } | null = null;
	#faults = 0;

	constructor(start: WorkerStart) {
		this.#start = start;
		const all = new Int32Array(start.node);
		this.#cells = all.subarray(start.id * NodeCell.cells, (start.id + 1) * NodeCell.cells);
		for (const buffer of start.board) this.#board.grow(buffer);
		this.#board.workers = start.plan.columns;
		this.#wheel = new TimerWheel(
			() => this.#beat(),
			(error) => this.report(error),
		);
		this.#gate = new ConnectionCount(all, start.id);
		this.#gate.configure(start.plan);
		this.#pressure = new NodePressure(start.plan.limits.overload, TICK_MS, heapInUse);
		this.#pools = new Pools(start.plan, this.#board, start.id);
		this.#waiting = new Waiting({
			node: all,
			worker: start.id,
			limits: start.plan.limits,
			wheel: this.#wheel,
			tell: (type, slot) => this.#say({ type, slot }),
		});
		this.#waiting.configure(start.plan.limits, start.plan.columns);
		this.#plane = new DataPlane({
			hold: this.#waiting.room,
			signals: this.#waiting,
			upstreams: this.#upstreams,
			board: this.#board,
			worker: start.id,
			wheel: this.#wheel,
			limits: start.plan.limits,
			trust: new Trust(start.plan.trust),
			routes: this.#pools.compile(),
			recorder: { request: (exchange, us) => this.#record(exchange, us) },
			gate: this.#gate,
			report: (error) => this.report(error),
		});
		this.#plane.services = this.#pools.services;
		this.#requests = new Requests(this.#plane, handle);
		for (const instance of start.instances) this.#addInstance(instance);
		this.#wheel.start();
		this.#say({ type: 'up' });
	}

	#say(message: FromWorker): void {
		parentPort?.postMessage(message);
	}

	#beat(): void {
		Atomics.add(this.#cells, NodeCell.heartbeat, 1);
		this.#cells[NodeCell.active] = this.#plane.active;
		this.#waiting.onTick();
		const level = this.#pressure.tick(this.#wheel.nowMs);
		this.#plane.shedding = level;
		this.#cells[NodeCell.shedding] = level;
		this.#cells[NodeCell.lagMs] = this.#pressure.lagMs;
		this.#cells[NodeCell.heap] = this.#pressure.heap * 1000;
	}

	/** Faults of our own are told, a thousand of the same in a row are not. */
	report(error: unknown): void {
		if (this.#faults++ > 100) return;
		const message = error instanceof Error ? (error.stack ?? error.message) : String(error);
		this.#say({ type: 'fault', message });
	}

	#record(exchange: Counted, us: number): void {
		const seen = this.#observation;
		seen.status = exchange.status;
		seen.failed = exchange.failure !== null && exchange.status >= 500;
		seen.limited = exchange.failure === 'rate_limited';
		seen.shed = exchange.failure === 'overloaded' || exchange.failure === 'node_overloaded';
		if (exchange.failure === 'node_overloaded') this.#cells[NodeCell.shed] = (this.#cells[NodeCell.shed] as number) + 1;
		seen.us = us;
		seen.bytesIn = exchange.body.received;
		seen.bytesOut = exchange.bytesOut;
		seen.retries = Math.max(0, exchange.fetch.attempts - 1);
		seen.held = exchange.fetch.held;
		this.#routes.observe(exchange.route?.series ?? UNROUTED, seen);
		if (exchange.fetch.slot >= 0 && exchange.fetch.attempts > 0) this.#instances.observe(exchange.fetch.slot, seen);
		if (exchange.copied) this.#recordCopied(exchange);
	}

	/** The new version is judged by its copy; this is what the old one did with the same request, at its first attempt. */
	#recordCopied({ route, status, fetch }: Counted): void {
		if (route === null || status === 0) return;
		const { cells } = route.service;
		cells.add(this.#start.id, ServiceColumn.copied, 1);
		if (status >= 500 || fetch.attempts > 1) cells.add(this.#start.id, ServiceColumn.copiedFailed, 1);
	}

	#addInstance(instance: InstancePlan): void {
		this.#instances.clear(instance.slot);
		const { slot, id, host, port } = instance;
		const options = this.#pools.upstreamOptions(instance);
		this.#upstreams[slot] = new Upstream(this.#plane, { slot, id, host, port, ...options });
		this.#pools.add(instance);
	}

	receive(message: ToWorker): void {
		switch (message.type) {
			case 'prepare':
				this.#prepare(message.plan);
				break;
			case 'commit':
				this.#commit(message.generation);
				break;
			case 'abort':
				this.#prepared = null;
				break;
			case 'drain':
				this.#plane.draining = true;
				for (const listener of this.#listeners.values()) listener.close();
				this.#listeners.clear();
				break;
			case 'resume':
				this.#plane.draining = false;
				break;
			case 'certify':
				this.#listeners.get(message.key)?.certify(message.certificates);
				break;
			case 'end':
				process.exit(0);
				break;
			default:
				this.#carryOut(message);
		}
	}

	/** Orders that are acknowledged. */
	#carryOut(message: Order & { seq: number }): void {
		const done = (error = ''): void => this.#say({ type: 'done', seq: message.seq, error });
		try {
			switch (message.type) {
				case 'board':
					this.#board.grow(message.buffer);
					done();
					break;
				case 'instance':
					this.#addInstance(message.instance);
					done();
					break;
				case 'remove':
					this.#removeInstance(message.slot, done);
					break;
				case 'listen':
					this.#listen(message.listen);
					done();
					break;
				case 'unlisten':
					this.#listeners.get(message.key)?.close();
					this.#listeners.delete(message.key);
					done();
					break;
			}
		} catch (error) {
			done(error instanceof Error ? error.message : String(error));
		}
	}

	#removeInstance(slot: number, done: () => void): void {
		const upstream = this.#upstreams[slot];
		this.#pools.remove(slot);
		if (upstream === undefined) {
			done();
			return;
		}
		upstream.close(() => {
			if (this.#upstreams[slot] === upstream) this.#upstreams[slot] = undefined;
			done();
		});
	}

	#listen(listen: ListenPlan): void {
		const { tls } = listen;
		const listener =
			tls === null
				? listenPlain(this.#requests, listen.fd)
				: listenTls(this.#requests, listen.fd, { ...tls, ticketKeys: Buffer.from(tls.ticketKeys) });
		this.#listeners.get(listen.key)?.close();
		this.#listeners.set(listen.key, listener);
	}

	/** Builds all that a new plan needs; nothing that serves is touched yet. */
	#prepare(plan: Plan): void {
		try {
			const pools = new Pools(plan, this.#board, this.#start.id);
			pools.inherit(this.#pools);
			pools.compile();
			this.#prepared = { plan, pools };
			this.#say({ type: 'prepared', generation: plan.generation, error: '' });
		} catch (error) {
			this.#say({
				type: 'prepared',
				generation: plan.generation,
				error: error instanceof Error ? error.message : String(error),
			});
		}
	}

	#commit(generation: number): void {
		const prepared = this.#prepared;
		if (prepared === null || prepared.plan.generation !== generation) return;
		this.#prepared = null;
		const { plan, pools } = prepared;
		// Instances may have come and gone since it was prepared.
		pools.inherit(this.#pools);
		this.#pools = pools;
		this.#board.workers = Math.max(this.#board.workers, plan.columns, plan.workers);
		this.#plane.limits = plan.limits;
		this.#plane.trust = new Trust(plan.trust);
		this.#plane.routes = pools.compile();
		this.#plane.services = pools.services;
		this.#waiting.configure(plan.limits, Math.max(plan.columns, plan.workers));
		for (const instance of pools.instances()) {
			const upstream = this.#upstreams[instance.slot];
			if (upstream !== undefined) upstream.options = { ...upstream.options, ...pools.upstreamOptions(instance) };
		}
		this.#gate.configure(plan);
		this.#pressure.configure(plan.limits.overload);
		this.#say({ type: 'committed', generation });
	}
}

const worker = new DataWorker(workerData as WorkerStart);
// Whatever one connection's socket makes us throw, the thousands of others go on.
process.on('uncaughtException', (error) => worker.report(error));
parentPort?.on('message', (message: ToWorker) => worker.receive(message));
