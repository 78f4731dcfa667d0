/** What an operator has done with the instances of all services: by `ballast restart`, `scale`, `drain` and the like. */
import { BallastError } from '../core/errors.ts';
import { inSeconds } from '../instances/wording.ts';
import { untilIdle } from './fleet-drain.ts';
import type { Member } from './fleet-member.ts';
import type { PoolFleet } from './fleet-pool.ts';
import type { FleetEvent } from './fleet-sink.ts';
import { type FleetMemory, isCount } from './fleet-snapshot.ts';
import { splitPoolKey } from './pool-key.ts';
import { drainRegion, type RegionPort, undrainRegion } from './region-drain.ts';

/** Instances of one pool, at most: a slip of the keyboard must not start a million processes. */
const MOST_INSTANCES = 1000;

/** What is needed of the fleet. */
export interface OrderedFleet {
	readonly memory: FleetMemory;
	/** Pools of the present configuration. */
	living(): PoolFleet[];
	/** Those that are retired too. */
	all(): PoolFleet[];
	/** Of the configuration. */
	services(): ReadonlySet<string>;
	/** Why nothing is changed now; null: it is. */
	idle(): string | null;
	listen(tap: (event: FleetEvent) => void): () => void;
}

export class FleetOrders {
	readonly #fleet: OrderedFleet;

	constructor(fleet: OrderedFleet) {
		this.#fleet = fleet;
	}

	/**
	 * Replaces the instances of one service or of one pool (`videos/standby`), or of all that Ballast
	 * runs, one by one.
	 * @throws BallastError `unknown_service`, `bad_command`, `start_failed` when a new instance never became ready
	 */
	async restart(target: string | null, onLine: (line: string) => void): Promise<void> {
		this.#mustLead();
		const all = target === null ? this.#fleet.living() : this.#poolsOf(target);
		const chosen = all.filter((pool) => pool.restartable);
		if (chosen.length === 0) throw this.#refuseRestart(target, all);
		for (const each of chosen) {
			await this.#told(each, onLine, () => each.restart());
		}
	}

	/** Tells what happens to a pool while something is done. */
	async #told(
		told: Pick<PoolFleet, 'service' | 'pool'>,
		onLine: (line: string) => void,
		work: () => Promise<void>,
	): Promise<void> {
		const end = this.#fleet.listen(
			({ service, pool, text }) => service === told.service && pool === told.pool && onLine(text),
		);
		try {
			await work();
		} finally {
			end();
		}
	}

	/**
	 * Sets the number of instances of a service's only pool or of one that is named (`videos/standby`),
	 * until its `scale` in the configuration changes.
	 * @throws BallastError `unknown_service`, `bad_command`
	 */
	scale(target: string, count: number): void {
		this.#mustLead();
		if (!isCount(count) || count > MOST_INSTANCES) {
			throw new BallastError(
				'bad_command',
				`the number of instances must be a whole number from 0 to ${MOST_INSTANCES}`,
			);
		}
		const [pool, ...more] = this.#poolsOf(target);
		if (pool === undefined) throw new BallastError('bad_command', `${target} cannot be scaled: it has no instances`);
		if (more.length > 0) {
			const names = [pool, ...more].map((each) => `${target}/${each.pool}`).join(', ');
			throw new BallastError('bad_command', `${target} has several pools; say which one: ${names}`);
		}
		pool.size.scale(count);
	}

	/**
	 * Resolves once a service (or one pool of it) has as many instances as it is to have, each of them ready once.
	 * @throws BallastError `unknown_service`, `start_failed` when one does not become ready; it is tried again
	 */
	async settled(target: string, onLine: (line: string) => void): Promise<void> {
		for (const pool of this.#poolsOf(target)) await this.#told(pool, onLine, () => pool.settled());
	}

	/**
	 * Takes one instance out of rotation and leaves it running. Resolves once nothing is in flight
	 * there, or at the end of its grace period.
	 * @throws BallastError `unknown_instance`
	 */
	async drain(instance: string, onLine: (line: string) => void): Promise<void> {
		this.#mustLead();
		const { member, pool } = this.#member(instance);
		this.#fleet.memory.drained.add(instance);
		pool.redrain();
		const { inFlight } = member;
		onLine(`${instance} takes no more requests; ${inFlight} in flight`);
		const until = Date.now() + pool.graceMs;
		const left = await untilIdle(
			() => member.inFlight,
			() => until,
			() => false,
		);
		if (left === 0) onLine(`${instance} is drained and keeps running`);
		else onLine(`${instance} still has ${left} in flight after ${inSeconds(pool.graceMs)}`);
	}

	/** Takes a drained instance back in. @throws BallastError `unknown_instance` */
	undrain(instance: string): void {
		this.#mustLead();
		const { pool } = this.#member(instance);
		this.#fleet.memory.drained.delete(instance);
		pool.redrain();
	}

	/** See `drainRegion`. */
	drainRegion(region: string, force: boolean, onLine: (line: string) => void): Promise<void> {
		this.#mustLead();
		return drainRegion(this.#regions, { region, force }, onLine);
	}

	/** See `undrainRegion`. */
	undrainRegion(region: string): void {
		this.#mustLead();
		undrainRegion(this.#regions, region);
	}

	get #regions(): RegionPort {
		return { memory: this.#fleet.memory, pools: () => this.#fleet.living() };
	}

	#refuseRestart(target: string | null, [first]: readonly PoolFleet[]): BallastError {
		if (target === null) return new BallastError('bad_command', 'no service here has instances that Ballast runs');
		if (first !== undefined) return first.refuse('restarted');
		return new BallastError('bad_command', `${target} cannot be restarted: it has no instances`);
	}

	/** The pools of `videos`, or the one of `videos/standby`. */
	#poolsOf(target: string): PoolFleet[] {
		const { service, pool } = splitPoolKey(target);
		const pools = this.#fleet.living().filter((each) => each.service === service);
		if (pool === null && this.#fleet.services().has(service)) return pools;
		const found = pools.filter((each) => each.pool === pool);
		if (found.length > 0) return found;
		const names = pools.length > 0 ? pools.map((each) => `${service}/${each.pool}`) : [...this.#fleet.services()];
		const what = pools.length > 0 ? `pool '${target}'` : `service '${service}'`;
		throw new BallastError('unknown_service', `there is no ${what}; there are: ${names.join(', ')}`, { service });
	}

	#member(id: string): { member: Member; pool: PoolFleet } {
		const pools = this.#fleet.all();
		for (const pool of pools) {
			const member = pool.members.find((each) => each.id === id && !each.leaving);
			if (member) return { member, pool };
		}
		const ids = pools.flatMap(({ members }) => members.map((member) => member.id));
		throw new BallastError('unknown_instance', `there is no instance '${id}'; there are: ${ids.join(', ')}`, {
			instance: id,
		});
	}

	#mustLead(): void {
		const why = this.#fleet.idle();
		if (why === null) return;
		throw new BallastError('command_failed', `this core does not change instances now: ${why}`);
	}
}
