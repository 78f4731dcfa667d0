/** What the fleet tells of its instances, and to whom: the data plane behind a port. */
import type { Board } from '../core/board.ts';
import type { BreakerState, Cause } from '../health/breaker.ts';
import type { InstanceState } from './fleet-state.ts';

export type { InstanceState } from './fleet-state.ts';

export interface InstanceView {
	/** Unique in the node but for the moment in which a kind of instances replaces another. */
	id: string;
	service: string;
	pool: string;
	host: string;
	port: number;
	tls: boolean;
	/** 1 is normal. */
	weight: number;
	state: InstanceState;
	pid: number | null;
	/** Epoch ms since when it is in this state. */
	since: number;
	/** Why, one sentence; may be empty. */
	note: string;
	restarts: number;
	/** Its place on the board; -1 while the workers do not know it. */
	slot: number;
	breaker: BreakerView;
}

export interface BreakerView {
	state: BreakerState;
	/** Epoch ms at which it is tried again; null: it is not open. */
	until: number | null;
	/** Ejections of its present life, by cause. */
	ejections: Record<Cause, number>;
}

export interface FleetEvent {
	service: string;
	pool: string;
	/** null: about the service. */
	instance: string | null;
	kind: string;
	text: string;
	/** Of a failure: what happened, without what is done about it. */
	cause?: string;
	/** Of `out_of_memory`: what it could have, where its platform says it; bytes. */
	memoryBytes?: number;
	level: 'info' | 'warn' | 'error';
}

/** What the fleet reads on the board and writes there by itself. */
export type FleetBoard = Pick<
	Board,
	'generation' | 'seen' | 'inFlight' | 'guard' | 'setGuard' | 'moveGuard' | 'forgetRows' | 'setSlowFrom'
>;

export interface FleetSink {
	readonly board: FleetBoard;
	/** Resolves to its slot once every worker knows the address. Its state starts as `starting`. */
	add(instance: Omit<InstanceView, 'slot'>): Promise<number>;
	/** Visible to all workers at once. */
	state(slot: number, state: InstanceState): void;
	weight(slot: number, weight: number): void;
	inFlight(slot: number): number;
	/** Resolves once the workers closed their idle connections to it and will not use the slot again. */
	remove(slot: number): Promise<void>;
	event(event: FleetEvent): void;
}
