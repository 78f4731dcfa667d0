import { type Board, SlotState } from '../core/board.ts';
import type { MeterGroup } from '../metrics/counts.ts';
import type { FleetEvent, FleetSink, InstanceState, InstanceView } from './fleet-sink.ts';
import { PeerCores } from './peer-cores.ts';
import type { InstancePlan } from './plan.ts';
import type { WorkerGroup } from './worker-group.ts';

/** One life of an instance: a process that is started again under the same name has another port. */
const lifeOf = ({ id, host, port }: InstancePlan): string => `${id} ${host} ${port}`;

/** Gives instances their slots on the board and tells the workers of them. */
export class InstanceSlots implements FleetSink {
	readonly board: Board;
	readonly #workers: WorkerGroup;
	readonly #meters: MeterGroup;
	readonly #event: (event: FleetEvent) => void;
	readonly #changed: () => void;
	readonly #plans = new Map<number, InstancePlan>();
	/** Whether this core decides about instances; set by the control plane. */
	leads = true;
	readonly peers: PeerCores;

	constructor(parts: {
		board: Board;
		workers: WorkerGroup;
		meters: MeterGroup;
		event: (event: FleetEvent) => void;
		/** The state of an instance changed. */
		changed: () => void;
		toPeer: (message: unknown) => void;
	}) {
		this.board = parts.board;
		this.#workers = parts.workers;
		this.#meters = parts.meters;
		this.#event = parts.event;
		this.#changed = parts.changed;
		this.peers = new PeerCores(parts.toPeer, () => this.#ownInFlight());
		this.peers.onLeaving = (life) => {
			for (const [slot, plan] of this.#plans) if (lifeOf(plan) === life) this.board.setState(slot, SlotState.draining);
		};
	}

	#serial = 0;

	/** The slot of each life. */
	lives(): Record<string, number> {
		return Object.fromEntries([...this.#plans.values()].map((plan) => [lifeOf(plan), plan.slot]));
	}

	/** What a worker that starts must know. */
	plans(): InstancePlan[] {
		return [...this.#plans.values()];
	}

	async add({ id, service, pool, host, port, tls, weight }: Omit<InstanceView, 'slot'>): Promise<number> {
		let slot = this.board.take();
		if (slot < 0) {
			const buffer = this.board.grow();
			// Taken before the workers answer: another instance may ask meanwhile.
			slot = this.board.take();
			await this.#workers.orderAll({ type: 'board', buffer });
		}
		this.#meters.clear(slot);
		this.board.setWeight(slot, Math.round(weight * 1000));
		const instance = { slot, serial: ++this.#serial, id, service, pool, host, port, tls };
		this.#plans.set(slot, instance);
		await this.#workers.orderAll({ type: 'instance', instance });
		return slot;
	}

	state(slot: number, state: InstanceState): void {
		const plan = this.#plans.get(slot);
		if (plan === undefined) return;
		if (this.leads && (state === 'draining' || state === 'down')) this.peers.leave(lifeOf(plan));
		else if (this.leads) this.peers.forget(lifeOf(plan));
		// While another core leads, what it takes out stays out, whatever our own probes say.
		const stays = !this.leads && this.peers.leaves(lifeOf(plan)) && state === 'ready';
		this.board.setState(slot, stays ? SlotState.draining : SlotState[state]);
		this.#changed();
	}

	weight(slot: number, weight: number): void {
		this.board.setWeight(slot, Math.round(weight * 1000));
	}

	inFlight(slot: number): number {
		const plan = this.#plans.get(slot);
		return this.board.inFlight(slot) + (plan === undefined ? 0 : this.peers.inFlight(lifeOf(plan)));
	}

	#ownInFlight(): Record<string, number> {
		return Object.fromEntries([...this.#plans.values()].map((plan) => [lifeOf(plan), this.board.inFlight(plan.slot)]));
	}

	async remove(slot: number): Promise<void> {
		await this.#workers.orderAll({ type: 'remove', slot });
		const plan = this.#plans.get(slot);
		if (plan !== undefined) this.peers.forget(lifeOf(plan));
		this.#plans.delete(slot);
		this.board.free(slot);
		this.#changed();
	}

	event(event: FleetEvent): void {
		this.#event(event);
	}
}
