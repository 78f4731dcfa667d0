/** Pools in memory that size themselves at once: what the scaler acts on in tests of its own. */
import type { FigureSource } from '../../../core/metric.ts';
import { Counter } from '../../../metrics/meter.ts';
import type { DecisionRecord } from '../../../scaling/decision.ts';
import type { InstanceSize } from '../../../scaling/policy.ts';
import { poolKey } from '../../pool-key.ts';
import type { InstanceReading } from '../instance-usage.ts';
import type { ScaledPool, ScaledPoolInstance } from '../scaled-pool.ts';
import type { ScalerPort } from '../scaler.ts';

export class TestingPool implements ScaledPool {
	desired: number;
	startTimeMs: number | null = null;
	trouble: ScaledPool['trouble'] = { out: null, in: null };
	usage: ScaledPool['usage'] = null;
	size: InstanceSize = { cpu: null, memoryBytes: null };
	/** Of each instance, by its slot. */
	readonly requests: number[] = [];
	readonly inFlight: number[] = [];
	readonly failed: number[] = [];
	readonly #name: string;
	readonly #firstSlot: number;

	constructor(name: string, desired: number, firstSlot: number) {
		this.#name = name;
		this.desired = desired;
		this.#firstSlot = firstSlot;
	}

	get instances(): ScaledPoolInstance[] {
		return Array.from({ length: this.desired }, (_, at) => ({
			...{ id: `${this.#name}-${at + 1}`, state: 'ready', readySinceMs: 0, slot: this.#firstSlot + at },
			inFlight: this.inFlight[at] ?? 0,
		}));
	}

	/** So many requests were answered, shared among all. */
	answer(count: number): void {
		for (let at = 0; at < this.desired; at++)
			this.requests[at] = (this.requests[at] ?? 0) + count / Math.max(1, this.desired);
	}
}

const SLOTS = 1000;

export class TestingScalerPort implements ScalerPort {
	readonly pools = new Map<string, TestingPool>();
	readonly #bySlot: TestingPool[] = [];
	readonly said: string[] = [];
	readonly kept: DecisionRecord[] = [];
	readonly outcomes: string[] = [];
	readonly rollouts = new Set<string>();
	readonly waiting = new Map<string, number>();
	readings: InstanceReading[] = [];

	add(key: string, desired: number): TestingPool {
		const pool = new TestingPool(key, desired, this.pools.size * SLOTS);
		this.pools.set(key, pool);
		this.#bySlot.push(pool);
		return pool;
	}

	key: ScalerPort['key'] = (service, pool) => poolKey(service.name, pool.name);
	pool: ScalerPort['pool'] = (key) => this.pools.get(key) ?? null;
	held: ScalerPort['held'] = (service) => this.waiting.get(service) ?? 0;
	rollout: ScalerPort['rollout'] = (service) => this.rollouts.has(service);

	resize: ScalerPort['resize'] = (key, count) => {
		(this.pools.get(key) as TestingPool).desired = count;
	};

	counts: ScalerPort['counts'] = {
		count: (slot, counter) => {
			const pool = this.#bySlot[Math.floor(slot / SLOTS)];
			const counts = counter === Counter.requests ? pool?.requests : counter === Counter.broken ? [] : pool?.failed;
			return counts?.[slot % SLOTS] ?? 0;
		},
	};

	figures: FigureSource = { find: () => undefined, list: () => [], at: async () => [], range: async () => [] };
	usage: ScalerPort['usage'] = () => this.readings;
	machineBytes: ScalerPort['machineBytes'] = () => 8e9;
	event: ScalerPort['event'] = (_, __, text) => void this.said.push(text);
	keep: ScalerPort['keep'] = (_, record) => void this.kept.push(record);
	ended: ScalerPort['ended'] = (_, outcome) => void this.outcomes.push(outcome);
}
