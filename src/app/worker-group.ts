import { Worker } from 'node:worker_threads';
import { MAX_WORKERS } from '../core/board.ts';
import { CompressCounts } from '../gateway/compress/compress-counts.ts';
import type { WorkerReading } from '../metrics/node-readers.ts';
import type { WorkerPressure } from './overload-control.ts';
import {
	type FromWorker,
	NODE_BYTES,
	NodeCell,
	type Order,
	type Plan,
	type ToWorker,
	WAKE_CELL,
	type WorkerStart,
} from './plan.ts';
import type { WorkerGroupOptions } from './worker-group-options.ts';

/** A worker whose heart stands still for so long is hung and is replaced. Beats come every 50 ms. */
const HUNG_MS = 5000;
/** Looks that must find a heart still. They are counted, not clocked: who was stopped for a while must not blame others. */
const HUNG_LOOKS = 10;
/** Most memory of one worker's heap: beyond it that worker ends and is replaced, and nothing else. */
const HEAP_MB = 1024;
/**
 * Most of it for what is young: three times a half-space. It grows by itself as far as V8 lets it, and where it is
 * larger than the room that is left to the old, each filling begins a full collection.
 */
const YOUNG_MB = 24;
/** A worker that dies at once, again and again, is not started more often than this. */
const RESTART_MS = 500;

export type WorkerState = 'starting' | 'ready' | 'draining' | 'hung';

export interface WorkerView {
	id: number;
	state: WorkerState;
	connections: number;
	restarts: number;
	/** What it refuses because it has too much to do. */
	sheds: (typeof SHEDS)[number];
}

/** By `SheddingLevel`. */
const SHEDS = ['nothing', 'low', 'low and normal', 'all'] as const;

interface Member {
	id: number;
	thread: Worker;
	state: WorkerState;
	beat: number;
	/** Looks since the last beat. */
	still: number;
	restarts: number;
	/** The last generation of the plan that it made ready. */
	prepared: number;
	/** Orders sent and not acknowledged. */
	waiting: Map<number, (error: string) => void>;
	/** It was told to end. */
	ending: boolean;
	gone: Promise<void>;
}

/** Starts, feeds, watches and replaces the threads of the data plane. */
export class WorkerGroup {
	readonly #options: WorkerGroupOptions;
	readonly #members = new Map<number, Member>();
	readonly node: SharedArrayBuffer = new SharedArrayBuffer(NODE_BYTES);
	/** What workers have compressed: of `CompressCounts`. */
	readonly compressed: SharedArrayBuffer = CompressCounts.create(MAX_WORKERS);
	readonly #cells = new Int32Array(this.node);
	#plan: Plan | null = null;
	#seq = 0;
	#watch: NodeJS.Timeout | undefined;
	#ended = false;

	constructor(options: WorkerGroupOptions) {
		this.#options = options;
	}

	/** Requests that wait for an instance should be tried again. */
	wake(): void {
		Atomics.add(this.#cells, WAKE_CELL, 1);
		Atomics.notify(this.#cells, WAKE_CELL);
	}

	/** Starts workers 0 … count − 1; resolves when all are up and listen. */
	async start(plan: Plan): Promise<void> {
		this.#plan = plan;
		this.#watch = setInterval(() => this.#look(), this.#hungMs / HUNG_LOOKS);
		await this.#fill(plan.workers);
	}

	/** Makes it as many workers as the plan says, has `serve` spread the sockets over them, and lets those too many finish what they have. */
	async resize(serve: () => Promise<void>): Promise<void> {
		const count = this.#plan?.workers ?? 0;
		await this.#fill(count);
		await serve();
		for (const member of this.#members.values()) if (member.id >= count) this.#drainOne(member);
	}

	get #hungMs(): number {
		return this.#options.hungMs ?? HUNG_MS;
	}

	async #fill(count: number): Promise<void> {
		const missing: Promise<void>[] = [];
		for (let id = 0; id < count; id++) {
			const known = this.#members.get(id);
			if (known === undefined) missing.push(this.#launch(id, 0));
			else if (known.state === 'draining') missing.push(this.#takeBack(known));
		}
		await Promise.all(missing);
	}

	/** A worker on its way out is wanted again: its open connections stay. One that already ends is replaced. */
	async #takeBack(member: Member): Promise<void> {
		if (member.ending) {
			await member.gone;
			await this.#launch(member.id, member.restarts);
			return;
		}
		member.state = 'ready';
		this.#post(member, { type: 'resume' });
	}

	#drainOne(member: Member): void {
		if (member.state === 'draining') return;
		member.state = 'draining';
		void this.order(member.id, { type: 'drain' }).then(() => this.#endOnceQuiet(member));
	}

	#endOnceQuiet(member: Member): void {
		const check = setInterval(() => {
			if (this.#members.get(member.id) !== member || member.state !== 'draining') clearInterval(check);
			else if (this.#cell(member.id, NodeCell.connections) === 0 && this.#cell(member.id, NodeCell.active) === 0) {
				clearInterval(check);
				member.ending = true;
				this.#post(member, { type: 'end' });
			}
		}, 100);
	}

	async #launch(id: number, restarts: number): Promise<void> {
		const plan = this.#plan as Plan;
		const { board, cells } = this.#options;
		this.#cells.fill(0, id * NodeCell.cells, (id + 1) * NodeCell.cells);
		board.clearWorker(id);
		board.workers = Math.max(board.workers, id + 1);
		cells.clearWorker(id);
		cells.widen(board.workers);
		const start: WorkerStart = {
			id,
			board: board.buffers,
			node: this.node,
			plan: { ...plan, columns: Math.max(board.workers, plan.workers) },
			instances: this.#options.instances(),
			records: this.#options.records(id),
			compressed: this.compressed,
		};
		const thread = new Worker(this.#options.file ?? workerFile(), {
			name: `worker-${id}`,
			workerData: start,
			resourceLimits: { maxOldGenerationSizeMb: HEAP_MB, maxYoungGenerationSizeMb: YOUNG_MB },
			stdout: false,
			stderr: false,
		});
		let isUp = (): void => {};
		const up = new Promise<void>((resolve) => (isUp = resolve));
		const member: Member = {
			id,
			thread,
			state: 'starting',
			beat: 0,
			still: 0,
			restarts,
			prepared: plan.generation,
			waiting: new Map(),
			ending: false,
			gone: new Promise((resolve) => thread.once('exit', () => resolve())),
		};
		this.#members.set(id, member);
		thread.on('message', (message: FromWorker) => this.#receive(member, message, isUp));
		thread.on('error', (error: unknown) =>
			this.#options.event('error', `worker ${id} failed: ${error instanceof Error ? error.message : String(error)}`),
		);
		thread.on('exit', (code) => {
			isUp();
			if (!(this.#ended || (member.ending && code === 0))) this.#options.ended?.(id);
			this.#gone(member);
		});
		await up;
		if (member.state !== 'starting' || this.#members.get(id) !== member) return;
		this.#options.up?.(id);
		await this.#options.started(id);
		if (member.state === 'starting') member.state = 'ready';
	}

	#receive(member: Member, message: FromWorker, isUp: () => void): void {
		switch (message.type) {
			case 'up':
				isUp();
				break;
			case 'done':
				member.waiting.get(message.seq)?.(message.error);
				member.waiting.delete(message.seq);
				break;
			case 'prepared':
			case 'committed':
				member.waiting.get(-message.generation)?.(message.type === 'prepared' ? message.error : '');
				member.waiting.delete(-message.generation);
				break;
			case 'chunk':
				this.#options.meters[message.meter].chunk(member.id, message.index, message.buffer);
				break;
			case 'suspect':
				this.#options.suspect(message.slot);
				break;
			case 'changed':
				this.#options.urlsChanged?.(message.urls);
				break;
			case 'guard':
				this.#options.guardChanged(message.slot);
				break;
			case 'fault':
				this.#options.event('error', `worker ${member.id}: ${message.message}`);
				break;
		}
	}

	/** A worker is no more: what waited for it goes on, what it counted is kept, another takes its place. */
	#gone(member: Member): void {
		for (const settle of member.waiting.values()) settle('');
		member.waiting.clear();
		if (this.#members.get(member.id) !== member) return;
		this.#members.delete(member.id);
		this.#options.board.clearWorker(member.id);
		this.#options.cells.clearWorker(member.id);
		this.#cells.fill(0, member.id * NodeCell.cells, (member.id + 1) * NodeCell.cells);
		for (const meter of Object.values(this.#options.meters)) meter.retire(member.id);
		if (this.#ended || member.state === 'draining' || member.id >= (this.#plan?.workers ?? 0)) return;
		this.#options.event('error', `worker ${member.id} ended and is replaced; its connections were lost`);
		const delay = member.state === 'starting' || member.restarts > 3 ? RESTART_MS : 0;
		setTimeout(() => {
			if (this.#ended || this.#members.has(member.id)) return;
			const failed = (error: unknown): void =>
				this.#options.event('error', `worker ${member.id} cannot be replaced: ${error}`);
			this.#launch(member.id, member.restarts + 1).catch(failed);
		}, delay);
	}

	#look(): void {
		for (const member of this.#members.values()) {
			const beat = this.#cell(member.id, NodeCell.heartbeat);
			if (beat !== member.beat || member.state === 'starting') {
				member.beat = beat;
				member.still = 0;
			} else if (++member.still > HUNG_LOOKS && member.state !== 'hung') {
				member.state = 'hung';
				this.#options.event('error', `worker ${member.id} has not moved for ${this.#hungMs / 1000} s and is ended`);
				void member.thread.terminate();
			}
		}
	}

	#cell(id: number, cell: number): number {
		return Atomics.load(this.#cells, id * NodeCell.cells + cell);
	}

	#post(member: Member, message: ToWorker): void {
		member.thread.postMessage(message);
	}

	/** Says it to one worker and waits until it acknowledges, or is gone. Resolves to its error, or ''. */
	order(id: number, message: Order): Promise<string> {
		const member = this.#members.get(id);
		if (member === undefined) return Promise.resolve('');
		const seq = ++this.#seq;
		return new Promise((resolve) => {
			member.waiting.set(seq, resolve);
			this.#post(member, { ...message, seq });
		});
	}

	/** The same to all of them. */
	async orderAll(message: Order): Promise<void> {
		await Promise.all([...this.#members.keys()].map((id) => this.order(id, message)));
	}

	/** Has all workers build the plan; resolves to what was wrong with it, or ''. */
	async prepare(plan: Plan): Promise<string> {
		const errors = await Promise.all([...this.#members.values()].map((member) => this.#prepareOne(member, plan)));
		return errors.find((error) => error !== '') ?? '';
	}

	async #prepareOne(member: Member, plan: Plan): Promise<string> {
		const columns = Math.max(this.#options.board.workers, plan.workers);
		const error = await this.#generation(member, plan.generation, { type: 'prepare', plan: { ...plan, columns } });
		if (error === '') member.prepared = plan.generation;
		return error;
	}

	/** Has all workers serve by the plan that they prepared. */
	async commit(plan: Plan): Promise<void> {
		this.#plan = plan;
		const { generation } = plan;
		await Promise.all(
			[...this.#members.values()].map(async (member) => {
				// One that took the place of another in between has not heard of it yet.
				if (member.prepared !== generation) await this.#prepareOne(member, plan);
				await this.#generation(member, generation, { type: 'commit', generation });
			}),
		);
	}

	abort(generation: number): void {
		this.tell({ type: 'abort', generation });
	}

	#generation(member: Member, generation: number, message: ToWorker): Promise<string> {
		if (this.#members.get(member.id) !== member) return Promise.resolve('');
		return new Promise((resolve) => {
			member.waiting.set(-generation, resolve);
			this.#post(member, message);
		});
	}

	/** Says something that needs no answer to all. */
	tell(message: ToWorker): void {
		for (const member of this.#members.values()) this.#post(member, message);
	}

	thread(id: number): Worker | undefined {
		return this.#members.get(id)?.thread;
	}

	/** Connections and requests under way, over all workers. */
	load(): { connections: number; active: number } {
		let connections = 0;
		let active = 0;
		for (const id of this.#members.keys()) {
			connections += this.#cell(id, NodeCell.connections);
			active += this.#cell(id, NodeCell.active);
		}
		return { connections, active };
	}

	pressure(): WorkerPressure[] {
		return [...this.#members.keys()].map((id) => ({
			id,
			shed: this.#cell(id, NodeCell.shed),
			lagMs: this.#cell(id, NodeCell.lagMs),
			heap: this.#cell(id, NodeCell.heap),
		}));
	}

	view(): WorkerView[] {
		return [...this.#members.values()]
			.sort((a, b) => a.id - b.id)
			.map(({ id, state, restarts }) => ({
				id,
				state,
				connections: this.#cell(id, NodeCell.connections),
				restarts,
				sheds: SHEDS[this.#cell(id, NodeCell.shedding)] ?? 'nothing',
			}));
	}

	/** For metrics. */
	readings(): WorkerReading[] {
		return [...this.#members.keys()].map((id) => ({
			worker: String(id),
			connections: this.#cell(id, NodeCell.connections),
			shedding: this.#cell(id, NodeCell.shedding),
			lagSeconds: this.#cell(id, NodeCell.lagMs) / 1000,
			heapRatio: this.#cell(id, NodeCell.heap) / 1000,
		}));
	}

	/** Nothing is replaced any more. */
	async end(): Promise<void> {
		this.#ended = true;
		clearInterval(this.#watch);
		await Promise.all([...this.#members.values()].map((member) => member.thread.terminate()));
	}
}

/** Beside this file, in the language that this file is in. */
function workerFile(): URL {
	return new URL(import.meta.url.endsWith('.ts') ? './worker.ts' : './worker.js', import.meta.url);
}
