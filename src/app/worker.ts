import { parentPort, workerData } from 'node:worker_threads';
import { openAnswerStore } from '../cache/memory/memory-store.ts';
import { CacheHash } from '../cache/rules/cache-hash.ts';
import { UrlMarks } from '../cache/url-marks.ts';
import { Board } from '../core/board.ts';
import { CdnLoop } from '../gateway/cdn-loop.ts';
import { ClientConnection } from '../gateway/client-connection.ts';
import { CompressCounts } from '../gateway/compress/compress-counts.ts';
import { DataPlane } from '../gateway/data-plane.ts';
import { FileStore } from '../gateway/files/file-store.ts';
import { Trust } from '../gateway/forwarded.ts';
import { giveRoom, type Listener, listenPlain, listenTls } from '../gateway/listener.ts';
import { Requests } from '../gateway/requests.ts';
import { shutListeners } from '../gateway/shut-listeners.ts';
import { Upstream } from '../gateway/upstream.ts';
import { RecordRing } from '../logs/record-ring.ts';
import { RecordWriter } from '../logs/record-writer.ts';
import { heapInUse } from '../resilience/heap-in-use.ts';
import { NodePressure } from '../resilience/node-pressure.ts';
import { TICK_MS, TimerWheel } from '../wire/timer-wheel.ts';
import { AnswerCaching } from './caching/answer-caching.ts';
import { CompressedAnswers } from './caching/compressed-answers.ts';
import { OpenLevels } from './caching/open-levels.ts';
import { ConnectionCount } from './connection-count.ts';
import { WorkerJobs } from './offload/worker-jobs.ts';
import { balanceOf, goOn, handle, lookAgain } from './pipeline.ts';
import {
	ExitCode,
	type FromWorker,
	type InstancePlan,
	type ListenPlan,
	NodeCell,
	type Order,
	type Plan,
	type RecordingPlan,
	type ToWorker,
	type WorkerStart,
} from './plan.ts';
import { Pools, type WorkerParts } from './pools.ts';
import { RequestRecorder } from './request-recorder.ts';
import { Waiting } from './waiting.ts';
import { WorkerTracing } from './worker-tracing.ts';

/** How often queues of connections are given their room, ticks. */
const ROOM_TICKS: number = 5000 / TICK_MS;

/** One thread of the data plane: its listeners, its pools, its counts. The control plane tells it what to serve. */
class DataWorker {
	readonly #start: WorkerStart;
	readonly #cells: Int32Array;
	readonly #board = new Board();
	readonly #wheel: TimerWheel;
	readonly #recorder: RequestRecorder;
	readonly #listeners = new Map<string, Listener>();
	readonly #plane: DataPlane;
	readonly #requests: Requests;
	/** By slot. */
	readonly #upstreams: (Upstream | undefined)[] = [];
	readonly #gate: ConnectionCount;
	readonly #files: FileStore;
	readonly #waiting: Waiting;
	readonly #pressure: NodePressure;
	readonly #jobs: WorkerJobs;
	#pools: Pools;
	#prepared: { plan: Plan; pools: Pools } | null = null;
	#caching: AnswerCaching | null = null;
	readonly #levels = new OpenLevels((urls) => this.#say({ type: 'changed', urls }));
	#memory: SharedArrayBuffer | null = null;
	/** Which one of the shared caches: its serial. */
	#shared = 0;
	#faults = 0;

	constructor(start: WorkerStart) {
		this.#start = start;
		const all = new Int32Array(start.node);
		this.#cells = all.subarray(start.id * NodeCell.cells, (start.id + 1) * NodeCell.cells);
		CompressCounts.own = new CompressCounts(start.compressed, start.id);
		for (const buffer of start.board) this.#board.grow(buffer);
		this.#board.workers = start.plan.columns;
		this.#wheel = new TimerWheel(
			() => this.#beat(),
			(error) => this.report(error),
		);
		this.#files = new FileStore(this.#wheel);
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
		this.#recorder = new RequestRecorder({
			worker: start.id,
			cells: this.#cells,
			node: all,
			writer: new RecordWriter(new RecordRing(start.records)),
			recording: start.plan.recording,
			chunk: (chunk) => this.#say(chunk),
		});
		this.#plane = new DataPlane({
			hold: this.#waiting.room,
			signals: this.#waiting,
			upstreams: this.#upstreams,
			board: this.#board,
			worker: start.id,
			wheel: this.#wheel,
			limits: start.plan.limits,
			trust: new Trust(start.plan.trust),
			routes: this.#pools.compile({ files: this.#files, caching: null, offload: null }),
			recorder: this.#recorder,
			gate: this.#gate,
			report: (error) => this.report(error),
		});
		this.#jobs = new WorkerJobs(this.#plane, this.#files.pieces, () => this.#pools.routes);
		this.#route(start.plan);
		this.#plane.tracing = tracingOf(start.plan.recording);
		this.#requests = new Requests(this.#plane, handle);
		for (const instance of start.instances) this.#addInstance(instance);
		this.#wheel.start();
		this.#say({ type: 'up' });
	}

	/** The routes, and what they lead to, go by this plan. */
	#route(plan: Plan): void {
		this.#plane.cdnLoop = loopOf(plan);
		this.#cache(plan);
		this.#jobs.configure(plan);
		this.#plane.routes = this.#pools.compile(this.#parts());
		this.#plane.services = this.#pools.services;
	}

	#parts(): WorkerParts {
		return { files: this.#files, caching: this.#caching, offload: this.#jobs.parts };
	}

	/** Opens the memory of the cache, where it is another one than before, and what is behind it. */
	#cache({ cache }: Pick<Plan, 'cache'>): void {
		const shared = cache?.shared?.serial ?? 0;
		if (cache === null) {
			this.#caching = null;
			this.#levels.close();
		} else if (this.#caching === null || this.#memory !== cache.memory || this.#shared !== shared)
			this.#caching = new AnswerCaching({
				plane: this.#plane,
				store: openAnswerStore(cache.memory, this.#start.id, { disk: cache.disk, recent: cache.recent }),
				bodyMost: cache.bodyMost,
				marks: new UrlMarks(cache.marks),
				hash: new CacheHash(Buffer.from(cache.key), cache.shared?.hash),
				levels: this.#levels.of(cache, this.#start.id),
				again: lookAgain,
				goOn,
				balance: balanceOf,
			});
		else this.#caching.parts.bodyMost = cache.bodyMost;
		this.#memory = cache?.memory ?? null;
		this.#shared = shared;
	}

	#say(message: FromWorker): void {
		parentPort?.postMessage(message);
	}

	#beat(): void {
		Atomics.add(this.#cells, NodeCell.heartbeat, 1);
		this.#recorder.onTick();
		this.#cells[NodeCell.active] = this.#plane.active;
		this.#waiting.onTick();
		if (this.#wheel.tick % ROOM_TICKS === 0) giveRoom(this.#listeners.values());
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

	#addInstance(instance: InstancePlan): void {
		this.#recorder.clearInstance(instance.slot);
		const { slot, serial, id, host, port } = instance;
		const options = this.#pools.upstreamOptions(instance);
		this.#upstreams[slot] = new Upstream(this.#plane, { slot, serial, id, host, port, ...options });
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
			case 'resume':
				this.#plane.draining = false;
				this.#jobs.client.takes(true);
				break;
			case 'jobs':
				this.#jobs.client.connect(message.port);
				break;
			case 'certify':
				this.#listeners.get(message.key)?.certify(message.certificates);
				break;
			case 'cache':
				this.#cache(message);
				if (this.#prepared !== null) this.#prepared.plan.cache = message.cache;
				this.#plane.routes = this.#pools.compile(this.#parts());
				break;
			case 'end':
				this.#jobs.client.flush();
				process.exit(this.#caching?.idle === false || CompressedAnswers.underWay > 0 ? ExitCode.filling : 0);
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
				case 'shut':
					this.#shut(message.keys, done);
					break;
				case 'drain':
					this.#drain();
					done();
					break;
				case 'hang-up':
					this.#hangUp(done);
					break;
			}
		} catch (error) {
			done(error instanceof Error ? error.message : String(error));
		}
	}

	#shut(keys: readonly string[], done: () => void): void {
		const listeners = keys.flatMap((key) => this.#listeners.get(key) ?? []);
		for (const key of keys) this.#listeners.delete(key);
		shutListeners(listeners, done);
	}

	/** Each next answer ends its connection. */
	#drain(): void {
		this.#plane.draining = true;
		this.#jobs.client.takes(false);
		for (const listener of this.#listeners.values()) listener.close();
		this.#listeners.clear();
	}

	/** A request that comes nevertheless is answered still: it ends its connection too. */
	#hangUp(done: () => void): void {
		const open = this.#wheel.owners().filter((owner) => owner instanceof ClientConnection);
		for (const connection of open) if (connection.idle) connection.transport.destroy();
		if (this.#plane.active === 0 && open.every(({ transport }) => transport.pending === 0)) done();
		else setTimeout(() => this.#hangUp(done), TICK_MS);
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
		if (!this.#plane.draining) this.#jobs.client.takes(true);
	}

	/** Builds all that a new plan needs; nothing that serves is touched yet. */
	#prepare(plan: Plan): void {
		try {
			const pools = new Pools(plan, this.#board, this.#start.id);
			pools.inherit(this.#pools);
			pools.compile(this.#parts());
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
		this.#route(plan);
		this.#waiting.configure(plan.limits, Math.max(plan.columns, plan.workers));
		for (const instance of pools.instances()) {
			const upstream = this.#upstreams[instance.slot];
			if (upstream !== undefined) upstream.options = { ...upstream.options, ...pools.upstreamOptions(instance) };
		}
		if (JSON.stringify(plan.recording) !== JSON.stringify(this.#recorder.recording)) {
			this.#recorder.recording = plan.recording;
			this.#plane.tracing = tracingOf(plan.recording);
		}
		this.#gate.configure(plan);
		this.#pressure.configure(plan.limits.overload);
		this.#say({ type: 'committed', generation });
	}
}

const tracingOf = ({ traces, restart }: RecordingPlan): WorkerTracing | null =>
	traces === null ? null : new WorkerTracing(traces, restart);

const loopOf = ({ cdnLoop }: Plan): CdnLoop | null => (cdnLoop === null ? null : new CdnLoop(cdnLoop));

const worker = new DataWorker(workerData as WorkerStart);
// Whatever one connection's socket makes us throw, the thousands of others go on.
process.on('uncaughtException', (error) => worker.report(error));
parentPort?.on('message', (message: ToWorker) => worker.receive(message));
