import { ServiceColumn } from '../core/service-cells.ts';
import type { NodeLimits } from '../gateway/config.ts';
import type { Signals } from '../gateway/data-plane.ts';
import type { Service } from '../gateway/route.ts';
import { HoldRoom } from '../resilience/hold-room.ts';
import type { TimerWheel } from '../wire/timer-wheel.ts';
import { NodeHoldCount } from './hold-count.ts';
import { WAKE_CELL } from './plan.ts';

/** Ticks in which one instance is reported once. */
const REPORT_TICKS = 2;

interface WaitingParts {
	/** Memory of the node that all workers share. */
	node: Int32Array;
	worker: number;
	limits: NodeLimits;
	wheel: TimerWheel;
	/** Tells the control plane of an instance. */
	tell: (type: 'suspect' | 'guard', slot: number) => void;
}

/** The requests of a worker that wait, and what wakes them: its own ticks and ends, and other threads. */
export class Waiting implements Signals {
	readonly room: HoldRoom;
	readonly #parts: WaitingParts;
	readonly #count: NodeHoldCount;
	readonly #reported: number[] = [];
	/** Services in which a place became free in this turn. */
	readonly #freed = new Set<string>();
	#listening = false;

	constructor(parts: WaitingParts) {
		this.#parts = parts;
		this.#count = new NodeHoldCount(parts.node, parts.worker, parts.limits);
		this.room = new HoldRoom(this.#count, () => this.#listen());
	}

	configure(limits: NodeLimits, workers: number): void {
		this.#count.limits = limits;
		this.#count.workers = Math.max(this.#count.workers, workers);
	}

	onTick(): void {
		this.room.onTick(this.#parts.wheel.tick);
	}

	/** The next change of the wake cell, by whatever thread, lets all try again. */
	#listen(): void {
		if (this.#listening) return;
		const { node } = this.#parts;
		const wait = Atomics.waitAsync(node, WAKE_CELL, Atomics.load(node, WAKE_CELL));
		// Without a promise it changed just now; the next tick looks anyway.
		if (!wait.async) return;
		this.#listening = true;
		void wait.value.then(() => this.#woken());
	}

	#woken(): void {
		this.#listening = false;
		this.room.wakeAll(this.#parts.wheel.tick);
		if (this.room.size > 0) this.#listen();
	}

	suspect(slot: number): void {
		const { tick } = this.#parts.wheel;
		if (tick - (this.#reported[slot] ?? -REPORT_TICKS) < REPORT_TICKS) return;
		this.#reported[slot] = tick;
		this.#parts.tell('suspect', slot);
	}

	guardChanged(slot: number): void {
		this.#parts.tell('guard', slot);
	}

	freed({ name, cells }: Service): void {
		if (cells.sum(ServiceColumn.held) === 0) return;
		// Not from within the end of another request, whose message may be under construction.
		if (this.#freed.size === 0) setImmediate(() => this.#wakeFreed());
		this.#freed.add(name);
	}

	#wakeFreed(): void {
		const { node, wheel } = this.#parts;
		const freed = [...this.#freed];
		this.#freed.clear();
		for (const name of freed) this.room.wake(name, wheel.tick);
		// Who waits at another worker may take the place too.
		Atomics.add(node, WAKE_CELL, 1);
		Atomics.notify(node, WAKE_CELL);
	}
}
