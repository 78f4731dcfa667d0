/** Decides on the size of one pool, once a second. */
import { addChange } from '../../scaling/changes.ts';
import { classify, type InstanceValue } from '../../scaling/classify.ts';
import { decide, EMPTY_STATE } from '../../scaling/decide.ts';
import type { Decision, ScalingState } from '../../scaling/decision.ts';
import type { ScalePolicy, SignalSource } from '../../scaling/policy.ts';
import type { ScalingSamples, SignalReading, SignalValue } from '../../scaling/samples.ts';
import { SignalWindow } from '../../scaling/signal-window.ts';
import type { InstanceUsage } from './instance-usage.ts';
import type { OuterValues } from './outer-values.ts';
import type { ScaledPool } from './scaled-pool.ts';
import { type InstanceCounts, TrafficCount, type TrafficTick } from './traffic-count.ts';

/** Requests in the window below which a share of errors says nothing. */
const ENOUGH = 20;
/** Times a learned start, an instance is taken to be warm after. */
const WARM_UP_MOST_MS = 60_000;

/** Shorter times between two looks (a request wakes the pool) give no rate, ms. */
const LEAST_MS = 500;

/** What a pool is asked about each second. */
export interface PoolNow {
	pool: ScaledPool;
	held: number;
	rollout: boolean;
	usage: InstanceUsage;
	/** Memory of the machine, bytes; NaN: not known. */
	machineBytes: number;
}

interface Looked {
	now: PoolNow;
	traffic: TrafficTick;
	/** Requests that came, a second; null: nothing new is known. */
	perSecond: number | null;
	warmUpMs: number;
	nowMs: number;
}

export class PoolScaler {
	readonly #counts: InstanceCounts;
	#traffic: TrafficCount;
	readonly #outer: OuterValues;
	#policy: ScalePolicy;
	#windows = new Map<string, SignalWindow>();
	#ended: SignalWindow;
	#failed: SignalWindow;
	#state: ScalingState = EMPTY_STATE;
	#decided: number | null = null;
	#lastRequestMs: number;
	/** Requests that came since a time and are in no window yet; null: nothing was counted before. */
	#came: { requests: number; sinceMs: number } | null = null;

	constructor(policy: ScalePolicy, parts: { counts: InstanceCounts; outer: OuterValues; nowMs: number }) {
		this.#policy = policy;
		this.#counts = parts.counts;
		this.#traffic = new TrafficCount(parts.counts);
		this.#outer = parts.outer;
		this.#lastRequestMs = parts.nowMs;
		this.#ended = new SignalWindow({ windowMs: policy.windowMs, panic: null });
		this.#failed = new SignalWindow({ windowMs: policy.windowMs, panic: null });
	}

	get policy(): ScalePolicy {
		return this.#policy;
	}

	/** What was decided before stays known; values are gathered anew where their windows change. */
	set policy(policy: ScalePolicy) {
		const same =
			JSON.stringify([policy.windowMs, policy.panic]) === JSON.stringify([this.#policy.windowMs, this.#policy.panic]);
		const asked = ({ signals, steps, windowMs }: ScalePolicy): string => JSON.stringify([signals, steps, windowMs]);
		if (asked(policy) !== asked(this.#policy)) this.#outer.forget();
		this.#policy = policy;
		if (!same) this.#gatherAnew();
	}

	#gatherAnew(): void {
		const { windowMs } = this.#policy;
		this.#windows = new Map();
		this.#ended = new SignalWindow({ windowMs, panic: null });
		this.#failed = new SignalWindow({ windowMs, panic: null });
	}

	/** What instances have counted is another core's from here on, or was: the difference is no load. */
	countAnew(): void {
		this.#traffic = new TrafficCount(this.#counts);
		this.#came = null;
		this.#decided = null;
		this.#gatherAnew();
	}

	/** The size that was decided last; null: none yet, or by another core. */
	get decided(): number | null {
		return this.#decided;
	}

	get state(): ScalingState {
		return this.#state;
	}

	set state(state: ScalingState) {
		this.#state = state;
		this.#decided = null;
	}

	decide(now: PoolNow, nowMs: number): { samples: ScalingSamples; decision: Decision } {
		const samples = this.#samples(now, nowMs);
		const decision = decide(this.#stateBefore(samples.desired, nowMs), samples, this.#policy, nowMs);
		this.#state = decision.state;
		this.#decided = decision.desired;
		return { samples, decision };
	}

	/** A size that a person or a new configuration has set is a change as well: it is not undone before the cool-down. */
	#stateBefore(size: number, nowMs: number): ScalingState {
		const by = size - (this.#decided ?? size);
		if (by === 0) return this.#state;
		return { ...this.#state, changes: addChange(this.#state.changes, [nowMs, by], this.#policy) };
	}

	#samples(now: PoolNow, nowMs: number): ScalingSamples {
		const { pool, held } = now;
		const traffic = this.#traffic.tick(pool.instances, held);
		if (traffic.arrived > 0 || traffic.inFlight > 0) this.#lastRequestMs = nowMs;
		const perSecond = this.#perSecond(traffic.arrived, nowMs);
		const warmUpMs = this.#warmUpMs(pool);
		const ready = pool.instances.filter(({ state }) => state === 'ready');
		const { readings, failures } = this.#readings({ now, traffic, perSecond, warmUpMs, nowMs });
		return {
			desired: pool.desired,
			ready: ready.length,
			warming: ready.filter(({ readySinceMs }) => readySinceMs !== null && nowMs - readySinceMs < warmUpMs).length,
			starting: pool.instances.filter(({ state }) => state === 'pending').length,
			readings,
			failures,
			held,
			idleForMs: nowMs - this.#lastRequestMs,
			errorRate: this.#errorRate(traffic, nowMs),
			rollout: now.rollout,
			providerTrouble: pool.trouble,
		};
	}

	#warmUpMs({ startTimeMs }: ScaledPool): number {
		return this.#policy.warmUpMs ?? Math.min(WARM_UP_MOST_MS, startTimeMs ?? 0);
	}

	#errorRate({ ended, failed }: TrafficTick, nowMs: number): number | null {
		this.#ended.add(nowMs, { value: ended });
		this.#failed.add(nowMs, { value: failed });
		const all = plain(this.#ended.read(nowMs).stable);
		const bad = plain(this.#failed.read(nowMs).stable);
		return all * (this.#policy.windowMs / 1000) < ENOUGH ? null : bad / all;
	}

	/** Whatever the time between two looks is. null: it is too short to say anything, or there was no look before. */
	#perSecond(arrived: number, nowMs: number): number | null {
		const came = this.#came;
		if (came === null) {
			this.#came = { requests: 0, sinceMs: nowMs };
			return null;
		}
		came.requests += arrived;
		const ms = nowMs - came.sinceMs;
		if (ms < LEAST_MS) return null;
		this.#came = { requests: 0, sinceMs: nowMs };
		return (came.requests * 1000) / ms;
	}

	#readings(of: Looked): {
		readings: Record<string, SignalReading>;
		failures: Record<string, string>;
	} {
		const readings: Record<string, SignalReading> = {};
		const failures: Record<string, string> = {};
		for (const { name, source } of [...this.#policy.signals, ...this.#policy.steps]) {
			if (readings[name] !== undefined || failures[name] !== undefined) continue;
			const found = this.#read(name, source, of);
			if (typeof found === 'string') failures[name] = found;
			else readings[name] = found;
		}
		return { readings, failures };
	}

	#read(
		name: string,
		source: SignalSource,
		{ now, traffic, perSecond, warmUpMs, nowMs }: Looked,
	): SignalReading | string {
		const { pool, usage, machineBytes } = now;
		const { size } = pool;
		switch (source.from) {
			case 'cpu': {
				const values = orPlatform(usage.cpu(size), pool, 'cpu');
				return this.#windowed(name, classify(pool.instances, values, { cpu: true, warmUpMs }), nowMs);
			}
			case 'memory': {
				const values = orPlatform(usage.memory(size, machineBytes), pool, 'memory');
				return this.#windowed(name, classify(pool.instances, values, { cpu: false, warmUpMs }), nowMs);
			}
			case 'requests':
				return this.#windowed(name, perSecond === null ? null : { value: perSecond }, nowMs);
			case 'in-flight':
				return this.#windowed(name, { value: traffic.inFlight }, nowMs);
			default:
				return this.#outer.read(name, source, this.#policy, nowMs);
		}
	}

	#windowed(name: string, value: SignalValue | null, nowMs: number): SignalReading {
		let window = this.#windows.get(name);
		if (window === undefined) this.#windows.set(name, (window = new SignalWindow(this.#policy)));
		window.add(nowMs, value);
		return window.read(nowMs);
	}
}

/** What is measured here, else what the platform says. */
function orPlatform(
	measured: { get(id: string): InstanceValue | undefined },
	{ usage }: ScaledPool,
	what: 'cpu' | 'memory',
): { get(id: string): InstanceValue | undefined } {
	if (usage === null) return measured;
	return {
		get: (id) => {
			const told = usage.get(id);
			const value = told?.[what] ?? null;
			return measured.get(id) ?? (told === undefined || value === null ? undefined : { value, atMs: told.atMs });
		},
	};
}

const plain = (value: SignalValue | null): number => (value !== null && 'value' in value ? value.value : 0);
