import { type Board, SlotState } from '../core/board.ts';
import type { MeterGroup } from '../metrics/counts.ts';
import type { FleetEvent, FleetSink, InstanceState, InstanceView } from './fleet-sink.ts';
import type { InstancePlan } from './plan.ts';
import type { WorkerGroup } from './worker-group.ts';

/** Gives instances their slots on the board and tells the workers of them. */
export class InstanceSlots implements FleetSink {
	readonly #board: Board;
	readonly #workers: WorkerGroup;
	readonly #meters: MeterGroup;
	readonly #event: (event: FleetEvent) => void;
	readonly #plans = new Map<number, InstancePlan>();
	/** Requests that another core of this keeper has in flight, by instance. */
	peerInFlight: Record<string, number> = {};

	constructor(parts: { board: Board; workers: WorkerGroup; meters: MeterGroup; event: (event: FleetEvent) => void }) {
		this.#board = parts.board;
		this.#workers = parts.workers;
		this.#meters = parts.meters;
		this.#event = parts.event;
	}

	/** What a worker that starts must know. */
	plans(): InstancePlan[] {
		return [...this.#plans.values()];
	}

	async add({ id, service, host, port, tls, weight }: Omit<InstanceView, 'slot'>): Promise<number> {
		let slot = this.#board.take();
		if (slot < 0) {
			const buffer = this.#board.grow();
			// Taken before the workers answer: another instance may ask meanwhile.
			slot = this.#board.take();
			await this.#workers.orderAll({ type: 'board', buffer });
		}
		this.#meters.clear(slot);
		this.#board.setWeight(slot, Math.round(weight * 1000));
		const instance = { slot, id, service, host, port, tls };
		this.#plans.set(slot, instance);
		await this.#workers.orderAll({ type: 'instance', instance });
		return slot;
	}

	state(slot: number, state: InstanceState): void {
		this.#board.setState(slot, SlotState[state]);
	}

	weight(slot: number, weight: number): void {
		this.#board.setWeight(slot, Math.round(weight * 1000));
	}

	inFlight(slot: number): number {
		const id = this.#plans.get(slot)?.id;
		return this.#board.inFlight(slot) + (id === undefined ? 0 : (this.peerInFlight[id] ?? 0));
	}

	/** By instance, for the other core. */
	allInFlight(): Record<string, number> {
		return Object.fromEntries([...this.#plans.values()].map(({ id, slot }) => [id, this.#board.inFlight(slot)]));
	}

	async remove(slot: number): Promise<void> {
		await this.#workers.orderAll({ type: 'remove', slot });
		this.#plans.delete(slot);
		this.#board.free(slot);
	}

	event(event: FleetEvent): void {
		this.#event(event);
	}
}
