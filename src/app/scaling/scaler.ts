/** Looks at all pools once a second, decides on their sizes, sets them, and keeps what was decided and why. */
import type { Config, PoolConfig, ServiceConfig } from '../../config/config.ts';
import type { FigureSource } from '../../core/metric.ts';
import { isPlatform } from '../../instances/kinds.ts';
import type { Decision, DecisionRecord, ScalingState } from '../../scaling/decision.ts';
import { heldText } from '../../scaling/held-text.ts';
import type { ScalePolicy } from '../../scaling/policy.ts';
import type { HeldBack, ScalingSamples } from '../../scaling/samples.ts';
import { sentence } from '../../scaling/sentence.ts';
import { type InstanceReading, InstanceUsage } from './instance-usage.ts';
import { Outcomes } from './outcomes.ts';
import { NOT_YET, OuterValues } from './outer-values.ts';
import { mayAct, scalesItself } from './policy-facts.ts';
import { PoolScaler } from './pool-scaler.ts';
import { scaledName } from './scaled-name.ts';
import type { ScaledPool } from './scaled-pool.ts';
import type { InstanceCounts } from './traffic-count.ts';

/** A decision that changes nothing is kept this often, ms. */
const STEADY_MS = 60_000;

export interface ScalerPort {
	/** The pool that has the requests now: `videos`, `videos/next` behind a roll-out. */
	key(service: ServiceConfig, pool: PoolConfig): string;
	pool(key: string): ScaledPool | null;
	/** Requests of a service that wait for an instance. */
	held(service: string): number;
	rollout(service: string): boolean;
	resize(key: string, count: number): void;
	counts: InstanceCounts;
	figures: FigureSource;
	usage(): Iterable<InstanceReading>;
	machineBytes(): number;
	event(level: 'info' | 'warn', service: string, text: string): void;
	keep(id: string, record: DecisionRecord): void;
	ended(id: string, outcome: string): void;
}

interface Scaled {
	service: string;
	name: string;
	scaler: PoolScaler;
	/** What the last decision that was kept said, and when; ''. */
	said: string;
	keptMs: number;
	last: DecisionRecord | null;
	/** The trouble that was told of. */
	trouble: HeldBack;
	/** Signals from elsewhere that were told to be unknown. */
	unknown: ReadonlySet<string>;
	outcomes: Outcomes;
}

/** What `snapshot` gives and `adopt` takes. */
export type ScalingSnapshot = Readonly<Record<string, { state: ScalingState; desired: number; atMs: number }>>;

export class Scaler {
	readonly #port: ScalerPort;
	readonly usage: InstanceUsage = new InstanceUsage();
	readonly #pools = new Map<string, Scaled>();
	#config: Config | null = null;
	#adopted: ScalingSnapshot = {};
	#count = 0;
	#leads = false;

	constructor(port: ScalerPort) {
		this.#port = port;
	}

	/** Only who leads decides. */
	get leads(): boolean {
		return this.#leads;
	}

	/** With the lead come the counts of the core before: behind them, and not before. */
	set leads(leads: boolean) {
		if (leads && !this.#leads) for (const { scaler } of this.#pools.values()) scaler.countAnew();
		this.#leads = leads;
	}

	configure(config: Config, nowMs: number = Date.now()): void {
		this.#config = config;
		const names = new Set<string>();
		for (const service of config.services) {
			for (const pool of service.pools) {
				const bounded = isPlatform(pool.instances) && pool.scale.mode !== 'off';
				if (!scalesItself(pool.scale) && !bounded) continue;
				const name = scaledName(service, pool);
				names.add(name);
				const known = this.#pools.get(name);
				if (known !== undefined) known.scaler.policy = pool.scale;
				else this.#pools.set(name, this.#make(service.name, name, pool.scale, nowMs));
			}
		}
		for (const name of this.#pools.keys()) if (!names.has(name)) this.#pools.delete(name);
	}

	#make(service: string, name: string, policy: ScalePolicy, nowMs: number): Scaled {
		const outer = new OuterValues(this.#port.figures);
		const scaler = new PoolScaler(policy, { counts: this.#port.counts, outer, nowMs });
		const left = this.#adopted[name];
		if (left !== undefined) scaler.state = left.state;
		const outcomes = new Outcomes((id, text) => this.#port.ended(id, text));
		return {
			service,
			name,
			scaler,
			said: '',
			keptMs: 0,
			last: null,
			trouble: { out: null, in: null },
			unknown: new Set(),
			outcomes,
		};
	}

	/** What an earlier core, or an earlier run of the program, had decided. */
	adopt(snapshot: unknown): void {
		this.#adopted = readSnapshot(snapshot);
		for (const [name, { scaler }] of this.#pools) {
			const left = this.#adopted[name];
			if (left !== undefined) scaler.state = left.state;
		}
	}

	snapshot(nowMs: number = Date.now()): ScalingSnapshot {
		const entries = [...this.#pools.values()].map(({ name, scaler, last }) => [
			name,
			{ state: scaler.state, desired: scaler.decided ?? last?.decision.desired ?? 0, atMs: nowMs },
		]);
		return Object.fromEntries(entries) as ScalingSnapshot;
	}

	everySecond(nowMs: number = Date.now()): void {
		if (this.#config === null) return;
		this.usage.read(this.#port.usage(), nowMs);
		if (this.#pools.size === 0) return;
		const machineBytes = this.#port.machineBytes();
		for (const service of this.#config.services) {
			for (const [at, pool] of service.pools.entries()) {
				const scaled = this.#pools.get(scaledName(service, pool));
				if (scaled !== undefined) this.#look(scaled, { service, pool, first: at === 0, machineBytes, nowMs });
			}
		}
	}

	/** Requests wait for a pool that sleeps: it is not waited for the next second. */
	wake(nowMs: number = Date.now()): void {
		for (const service of this.#config?.services ?? []) {
			const [pool] = service.pools;
			const scaled = pool === undefined ? undefined : this.#pools.get(scaledName(service, pool));
			if (pool === undefined || scaled === undefined || scaled.last?.decision.desired !== 0) continue;
			if (this.#port.held(service.name) === 0) continue;
			this.#look(scaled, { service, pool, first: true, machineBytes: this.#port.machineBytes(), nowMs });
		}
	}

	/** Whether a pool has no instance and gets one by the next request. */
	sleeps(service: ServiceConfig): boolean {
		const [pool] = service.pools;
		if (pool === undefined || pool.scale.min > 0) return false;
		return this.#pools.has(scaledName(service, pool)) && mayAct(pool.scale);
	}

	#look(
		scaled: Scaled,
		at: { service: ServiceConfig; pool: PoolConfig; first: boolean; machineBytes: number; nowMs: number },
	): void {
		const { service, first, machineBytes, nowMs } = at;
		const key = this.#port.key(service, at.pool);
		const pool = this.#port.pool(key);
		if (pool === null) return;
		const held = first ? this.#port.held(service.name) : 0;
		const rollout = this.#port.rollout(service.name);
		const now = { pool, held, rollout, usage: this.usage, machineBytes };
		const { samples, decision } = scaled.scaler.decide(now, nowMs);
		scaled.outcomes.look(samples, nowMs);
		if (!this.#leads) return;
		this.#tellTrouble(scaled, pool.trouble);
		this.#tellUnknown(scaled, samples);
		if (decision.desired !== samples.desired) this.#port.resize(key, decision.desired);
		this.#remember(scaled, samples, decision, nowMs);
	}

	#tellTrouble(scaled: Scaled, now: HeldBack): void {
		const { name, service, trouble } = scaled;
		const isNew = (direction: keyof HeldBack) => now[direction] !== null && now[direction] !== trouble[direction];
		if (now.out === now.in) {
			if (isNew('out')) this.#port.event('warn', service, `${name}: the size stays as it is: ${now.out}`);
		} else
			for (const direction of ['out', 'in'] as const)
				if (isNew(direction)) this.#port.event('warn', service, `${name}: ${heldText(now, direction)}`);
		scaled.trouble = now;
	}

	/** Of figures of this node, having no value is common: nobody asked for anything. */
	#tellUnknown(scaled: Scaled, { failures }: ScalingSamples): void {
		const { name, service, scaler, unknown } = scaled;
		const { signals, steps } = scaler.policy;
		const outer = [...signals, ...steps].filter(({ source }) => source.from === 'prometheus');
		const now = new Set(outer.map((one) => one.name).filter((one) => (failures[one] ?? NOT_YET) !== NOT_YET));
		for (const one of now)
			if (!unknown.has(one)) this.#port.event('warn', service, `${name}: ${one} is not known: ${failures[one]}`);
		for (const one of unknown) if (!now.has(one)) this.#port.event('info', service, `${name}: ${one} is known again`);
		scaled.unknown = now;
	}

	#remember(scaled: Scaled, samples: ScalingSamples, { state: _, ...decision }: Decision, nowMs: number): void {
		const { policy } = scaled.scaler;
		const changed = decision.desired !== decision.before;
		const unknown = Object.keys(samples.failures).join();
		const said = `${decision.wanted} ${decision.limitedBy} ${decision.panic} ${unknown}`;
		if (!changed && said === scaled.said && nowMs - scaled.keptMs < STEADY_MS) {
			if (scaled.last !== null) scaled.last = { ...scaled.last, atMs: nowMs, samples, decision };
			return;
		}
		const text = sentence(scaled.name, decision, policy);
		const heldBack = decision.wanted !== decision.desired && decision.wanted !== decision.before;
		const outcome = changed ? '' : heldBack ? `held back: ${policy.mode}` : 'nothing to do';
		const record = { atMs: nowMs, pool: scaled.name, mode: policy.mode, samples, decision, sentence: text, outcome };
		const id = `${nowMs.toString(36)}-${(++this.#count).toString(36)}`;
		const news = heldBack && said !== scaled.said;
		scaled.said = said;
		scaled.keptMs = nowMs;
		scaled.last = record;
		this.#port.keep(id, record);
		if (changed) scaled.outcomes.begin(id, decision, nowMs);
		if (changed || news) this.#port.event('info', scaled.service, text);
	}

	/** Instances that pools would need beyond the most that they may have, by pool. */
	short(): ReadonlyMap<string, number> {
		const found = new Map<string, number>();
		for (const [name, { last }] of this.#pools) {
			const limit = last?.decision.clamps.findLast(({ by }) => by === 'max');
			if (limit !== undefined) found.set(name, limit.from - limit.to);
		}
		return found;
	}

	/** The last decision of each pool that scales itself. */
	view(): { pool: string; policy: ScalePolicy; last: DecisionRecord | null }[] {
		return [...this.#pools.values()].map(({ name, scaler, last }) => ({ pool: name, policy: scaler.policy, last }));
	}
}

/** What is not understood is left out. */
export function readSnapshot(value: unknown): ScalingSnapshot {
	const entries = Object.entries((value ?? {}) as Record<string, unknown>).filter(([, one]) => {
		const { state, desired, atMs } = (one ?? {}) as Record<string, unknown>;
		return typeof state === 'object' && state !== null && Number.isInteger(desired) && typeof atMs === 'number';
	});
	return Object.fromEntries(entries) as ScalingSnapshot;
}
