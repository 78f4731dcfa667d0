/** The instances of one pool: its providers, its members, and how members leave. */
import { isDeepStrictEqual } from 'node:util';
import { BallastError } from '../core/errors.ts';
import type { Prober } from '../health/prober.ts';
import { type InstanceEvent, isRestartable, learnsStartTimes, type ProvidedInstance } from '../instances/provider.ts';
import type { Processes } from '../instances/run/processes.ts';
import { Departures, type Source } from './fleet-departures.ts';
import { untilIdle } from './fleet-drain.ts';
import { Member, type MemberContext } from './fleet-member.ts';
import { type OutlierFigures, PoolOutliers } from './fleet-outliers.ts';
import { PoolSize } from './fleet-pool-size.ts';
import { probeSettings, probeTarget } from './fleet-probes.ts';
import { createProvider } from './fleet-providers.ts';
import { Ramps } from './fleet-ramps.ts';
import type { FleetSink } from './fleet-sink.ts';
import type { FleetMemory } from './fleet-snapshot.ts';
import { type PoolOf, poolKey } from './pool-key.ts';
import { countProbe, type ProbeFigures, probeFigures } from './probe-count.ts';
import { changesSizes, mayAct } from './scaling/policy-facts.ts';

export interface PoolFleetNeeds {
	readonly sink: FleetSink;
	readonly prober: Prober;
	readonly processes: Processes;
	readonly memory: FleetMemory;
	active(): boolean;
	event(from: PoolFleet, event: InstanceEvent): void;
	/** Others that take the requests of the same service, those that leave not counted. */
	siblings(of: PoolFleet): PoolFleet[];
	/** The pool, or an instance of it, is not what it was: pools that wait for it look again. */
	changed(pool: PoolFleet): void;
}

export class PoolFleet {
	/** Unique in the node: see `poolKey`. */
	readonly name: string;
	readonly service: string;
	readonly pool: string;
	readonly size: PoolSize;
	readonly probes: ProbeFigures = probeFigures();
	readonly #needs: PoolFleetNeeds;
	#config: PoolOf;
	#graceMs: number;
	#sources: Source[] = [];
	/** The source of the present configuration; null: the pool left it. */
	#current: Source | null = null;
	#retired = false;
	readonly #farewells = new Set<Promise<void>>();
	#emptied: (() => void)[] = [];
	readonly #departures: Departures;
	readonly #outliers: PoolOutliers;
	readonly #ramps = new Ramps(() => this.#config.service.slowStartMs);

	/** @param graceMs for instances whose kind has no grace of its own */
	constructor(config: PoolOf, graceMs: number, needs: PoolFleetNeeds) {
		this.service = config.service.name;
		this.pool = config.pool.name;
		this.name = poolKey(this.service, this.pool);
		this.#config = config;
		this.#graceMs = graceMs;
		this.#needs = needs;
		this.#departures = new Departures({
			sources: () => this.#sources,
			current: () => this.#current,
			graceMs: () => this.graceMs,
			event: (event) => this.#event(event),
			reviewed: () => this.#checkEmpty(),
			others: () => needs.siblings(this),
		});
		this.size = new PoolSize({
			name: this.name,
			memory: needs.memory,
			config: () => this.#config.pool,
			provider: () => this.#current?.provider ?? null,
			event: (event) => this.#event(event),
			refuse: (what) => this.refuse(what),
		});
		this.#outliers = new PoolOutliers({
			board: needs.sink.board,
			config: () => this.#config.service.outliers,
			members: () => this.members,
			answerMs: () => this.#config.service.timeouts.connectMs + this.#config.service.timeouts.firstByteMs,
			event: (event) =>
				this.#event(event.instance === null ? { ...event, text: `${this.name}: ${event.text}` } : event),
			relieved: () =>
				this.#config.service.failover !== null && needs.siblings(this).some((pool) => pool.#outliers.enough),
			returned: (member) => this.#ramps.begin(member),
		});
		this.#open();
	}

	/** Ejections and panic. */
	get outliers(): OutlierFigures {
		return this.#outliers.figures();
	}

	get members(): Member[] {
		return this.#sources.flatMap((source) => [...source.members.values()]);
	}

	/** It left the configuration and only drains. */
	get retired(): boolean {
		return this.#retired;
	}

	/** Instances that there should be. */
	get desired(): number {
		return this.size.desired;
	}

	/** It has no instance, and gets one by the next request. */
	get sleeps(): boolean {
		const { scale } = this.#config.pool;
		return scale.min === 0 && this.desired === 0 && !this.#retired && mayAct(scale);
	}

	/** How long an instance may take to start, ms; null: not Ballast's to start. */
	get startMs(): number | null {
		return this.#config.pool.instances.kind === 'run' ? this.#config.pool.instances.startMs : null;
	}

	get startTimeMs(): number | null {
		const provider = this.#current?.provider;
		return provider && learnsStartTimes(provider) ? provider.startTimeMs : null;
	}

	/** Takes a new configuration: what it does not change stays untouched. */
	apply(config: PoolOf, graceMs: number): void {
		const before = this.#config;
		const given = this.size.instances;
		this.#config = config;
		this.#graceMs = graceMs;
		this.#retired = false;
		const { instances } = config.pool;
		this.size.changed(before.pool);
		if (this.#current?.provider.kind !== instances.kind) {
			const old = this.#current;
			this.#current = null;
			this.#open();
			old?.provider.retire();
			this.#departures.review();
		} else {
			const { instances } = this.size;
			if (!isDeepStrictEqual(given, instances)) this.#current.provider.apply(instances);
			this.recall();
		}
		if (!isDeepStrictEqual(probeSettings(before), probeSettings(config)))
			for (const member of this.members) member.probeAnew();
	}

	/** Takes up what the memory holds: sizes set by hand, learned times, drained instances. */
	recall(): void {
		const { memory } = this.#needs;
		const provider = this.#current?.provider;
		this.size.recall();
		const times = memory.startTimes.get(this.name);
		if (provider && learnsStartTimes(provider) && provider.startTimes.length === 0 && times)
			provider.startTimes = times;
		this.redrain();
	}

	/** Takes its instances out, or back in, as the memory says. */
	redrain(): void {
		for (const member of this.members) member.setDrained(this.#drainedBy(member.id));
	}

	get region(): string | null {
		return this.#config.pool.region;
	}

	/** The operator drained its region. */
	get drained(): boolean {
		return this.region !== null && this.#needs.memory.regions.has(this.region);
	}

	#drainedBy(id: string): string | null {
		if (this.#needs.memory.drained.has(id)) return 'drained by the operator';
		return this.drained ? `its region ${this.region} is drained by the operator` : null;
	}

	/** Requests under way at its instances. */
	get inFlight(): number {
		return this.members.reduce((sum, member) => sum + member.inFlight, 0);
	}

	/** Puts what was learned into the memory. */
	remember(): void {
		const provider = this.#current?.provider;
		if (provider && learnsStartTimes(provider)) this.#needs.memory.startTimes.set(this.name, provider.startTimes);
	}

	setActive(active: boolean): void {
		for (const source of this.#sources) source.provider.setActive(active);
	}

	/**
	 * Resolves once those that are wanted were ready and those that leave are gone.
	 * @throws BallastError `start_failed`
	 */
	async settled(): Promise<void> {
		await this.size.settled();
		const leaving = (): number => this.members.filter((member) => member.leaving).length;
		await untilIdle(
			leaving,
			() => Number.POSITIVE_INFINITY,
			() => false,
		);
	}

	get restartable(): boolean {
		return this.#current !== null && isRestartable(this.#current.provider);
	}

	/** @throws BallastError `bad_command`, or `start_failed` when a successor never became ready */
	async restart(): Promise<void> {
		const provider = this.#current?.provider;
		if (!provider || !isRestartable(provider)) throw this.refuse('restarted');
		await provider.restart();
	}

	/** Why it cannot be restarted or scaled. */
	refuse(what: string): BallastError {
		const { kind } = this.#config.pool.instances;
		const why = `has instances of the kind '${kind}', which Ballast does not run`;
		return new BallastError('bad_command', `${this.name} cannot be ${what}: it ${why}`, { service: this.service });
	}

	/** Once a second: what the requests say of the instances, and what they are given. `now`: ms of the monotonic clock. */
	look(now: number): void {
		this.#outliers.look(now);
		if (this.#needs.active() && !this.#retired) this.size.keep(Date.now());
	}

	/** Requests failed at one of its instances. */
	suspect(member: Member): void {
		member.suspect();
		this.#outliers.suspected(performance.now());
	}

	/** A worker closed or opened the breaker of one of its instances. */
	guardChanged(member: Member): void {
		this.#outliers.guardChanged(member, performance.now());
	}

	/** Most time for what an instance has in flight, ms. */
	get graceMs(): number {
		const { instances } = this.#config.pool;
		return instances.kind === 'run' ? instances.graceMs : this.#graceMs;
	}

	/** Drains all instances for good, once others of the service can take over. Resolves once none is left. */
	retire(): Promise<void> {
		this.#retired = true;
		this.size.close();
		this.#current = null;
		for (const source of this.#sources) source.provider.retire();
		this.#departures.review();
		this.#needs.changed(this);
		return this.#empty();
	}

	/** Looks again whether what is to leave can. */
	review(): void {
		this.#departures.reviewSoon();
	}

	/** Like `retire`, with everything gone after `graceMs`. */
	async stop(graceMs: number): Promise<void> {
		this.#departures.hurry(graceMs);
		await this.retire();
	}

	/** Lets go of everything and leaves the instances as they are. */
	close(): Promise<void> {
		this.#departures.close();
		this.size.close();
		this.#ramps.close();
		this.#outliers.close();
		for (const source of this.#sources) {
			source.provider.close();
			for (const member of source.members.values()) this.#farewell(member.close());
		}
		this.#sources = [];
		this.#current = null;
		return this.#empty();
	}

	#open(): void {
		const { processes, memory } = this.#needs;
		const provider = createProvider(this.name, this.size.instances, {
			processes,
			desired: this.size.wanted,
			nativeAutoscaler: this.#config.pool.scale.nativeAutoscaler,
			scales: changesSizes(this.#config.pool.scale),
		});
		const source: Source = { provider, members: new Map() };
		this.#sources.push(source);
		this.#current = source;
		const times = memory.startTimes.get(this.name);
		if (learnsStartTimes(provider) && times) provider.startTimes = times;
		provider.watch({
			changed: (instance) => this.#changed(source, instance),
			gone: (id) => this.#gone(source, id),
			event: (event) => this.#event(event),
		});
		provider.setActive(this.#needs.active());
	}

	#changed(source: Source, instance: ProvidedInstance): void {
		let member = source.members.get(instance.id);
		if (!member) {
			member = new Member(instance, this.#drainedBy(instance.id), this.#context(source));
			source.members.set(instance.id, member);
		}
		member.update(instance);
	}

	#context(source: Source): MemberContext {
		const { sink, prober } = this.#needs;
		return {
			service: this.service,
			pool: this.pool,
			sink,
			prober,
			target: (instance) => probeTarget(this.#config, instance),
			event: (event) => this.#event(event),
			probed: (outcome, tookMs) => countProbe(this.probes, outcome, tookMs),
			reached: (member, up, why) => source.provider.reached(member.id, up, why),
			changed: (member) => {
				this.#outliers.changed(member, performance.now());
				this.#departures.reviewSoon();
				this.#needs.changed(this);
			},
			readying: (member) => this.#ramps.begin(member),
			breaker: (member) => this.#outliers.view(member, performance.now()),
		};
	}

	#gone(source: Source, id: string): void {
		const member = source.members.get(id);
		if (!member) return;
		source.members.delete(id);
		this.#farewell(member.close());
		const { active, memory } = this.#needs;
		if (active()) {
			// The next one of this name is another process; an address stays what it was.
			if (source.provider.kind === 'run') memory.drained.delete(id);
			this.#event({ instance: id, kind: 'removed', level: 'info', text: `${id} removed` });
		}
		this.#departures.review();
	}

	#farewell(promise: Promise<void>): void {
		this.#farewells.add(promise);
		void promise.finally(() => {
			this.#farewells.delete(promise);
			this.#checkEmpty();
		});
	}

	#checkEmpty(): void {
		this.#sources = this.#sources.filter((source) => {
			if (source === this.#current || source.members.size > 0) return true;
			source.provider.close();
			return false;
		});
		if (this.#sources.length > 0 || this.#farewells.size > 0) return;
		this.#departures.close();
		for (const resolve of this.#emptied) resolve();
		this.#emptied = [];
	}

	#empty(): Promise<void> {
		return new Promise((resolve) => {
			this.#emptied.push(resolve);
			this.#checkEmpty();
		});
	}

	#event(event: InstanceEvent): void {
		this.#needs.event(this, event);
	}
}
