/** How many instances a pool has, and what each is given: what the configuration says, or what was set since. */
import { isDeepStrictEqual } from 'node:util';
import type { PoolConfig } from '../config/config.ts';
import { BallastError } from '../core/errors.ts';
import type { InstanceSize, InstancesConfig } from '../instances/config.ts';
import { type InstanceEvent, isResizable, type Provider, sizesInstances } from '../instances/provider.ts';
import type { FleetMemory } from './fleet-snapshot.ts';
import { resizeAnew } from './scaling/policy-facts.ts';

interface PoolSizeParts {
	/** See `poolKey`. */
	name: string;
	memory: FleetMemory;
	config(): PoolConfig;
	/** null: the pool left the configuration. */
	provider(): Provider<InstancesConfig> | null;
	event(event: InstanceEvent): void;
	/** An error that says why it cannot be scaled. */
	refuse(what: string): BallastError;
}

export class PoolSize {
	readonly #parts: PoolSizeParts;

	constructor(parts: PoolSizeParts) {
		this.#parts = parts;
	}

	/** Instances that there should be. */
	get desired(): number {
		const provider = this.#parts.provider();
		if (provider === null) return 0;
		return isResizable(provider) ? provider.desired : provider.list().filter((each) => each.life !== 'leaving').length;
	}

	/** How many there should be by what is known here. A platform has the number that it has, as far as that is within bounds. */
	get wanted(): number {
		const { memory, name, config } = this.#parts;
		const { scale, instances } = config();
		const set = memory.scale.get(name);
		if (set !== undefined || instances.kind === 'run') return set ?? scale.min;
		return Math.min(scale.max, Math.max(scale.min, this.desired));
	}

	/** What each instance is given. */
	get given(): InstanceSize {
		const { memory, name, config } = this.#parts;
		return memory.sizes.get(name) ?? config().scale.size;
	}

	/** What the instances are made from, with what each is given. */
	get instances(): InstancesConfig {
		const { instances } = this.#parts.config();
		const { cpu, memoryBytes } = this.given;
		return instances.kind !== 'run' || (cpu === null && memoryBytes === null)
			? instances
			: { ...instances, size: { cpu, memoryBytes } };
	}

	/** Another configuration: `before` and the present one. */
	changed(before: PoolConfig): void {
		const { memory, name, config } = this.#parts;
		const { scale } = config();
		resizeAnew(memory.scale, name, before.scale, scale);
		if (!isDeepStrictEqual([before.scale.size, before.scale.vertical], [scale.size, scale.vertical]))
			memory.sizes.delete(name);
	}

	/** Takes up what the memory holds. */
	recall(): void {
		const provider = this.#parts.provider();
		if (provider !== null && isResizable(provider) && provider.desired !== this.wanted) provider.resize(this.wanted);
	}

	/** @throws BallastError `bad_command` when the number of instances is not Ballast's to set */
	scale(count: number): void {
		const { name, memory, event, refuse } = this.#parts;
		const provider = this.#parts.provider();
		if (provider === null || !isResizable(provider)) throw refuse('scaled');
		const before = provider.desired;
		memory.scale.set(name, count);
		provider.resize(count);
		const text = `${name}: the number of instances is set to ${count} (before: ${before})`;
		event({ instance: null, kind: 'scaled', level: 'info', text });
	}

	/** Gives each instance this from now on; null: what the configuration says. False: that is not Ballast's to do. */
	give(size: InstanceSize | null): boolean {
		const { memory, name } = this.#parts;
		const provider = this.#parts.provider();
		if (provider === null) return false;
		const sizes = sizesInstances(provider);
		if (!sizes && provider.kind !== 'run') return false;
		if (size === null) memory.sizes.delete(name);
		else memory.sizes.set(name, size);
		if (sizes) provider.giveSize(this.given);
		else provider.apply(this.instances);
		return true;
	}

	/**
	 * Resolves once those that are wanted were ready.
	 * @throws BallastError `start_failed`
	 */
	async settled(): Promise<void> {
		const provider = this.#parts.provider();
		const failure = provider !== null && isResizable(provider) ? await provider.settled() : null;
		if (failure === null) return;
		const { name } = this.#parts;
		throw new BallastError('start_failed', `${name}: not all of the ${this.desired} became ready: ${failure}`);
	}
}
