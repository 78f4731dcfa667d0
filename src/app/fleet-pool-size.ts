/** How many instances a pool has, and what each is given: what the configuration says, or what was set since; and what its provider tells of it. */
import { isDeepStrictEqual } from 'node:util';
import type { PoolConfig } from '../config/config.ts';
import { BallastError } from '../core/errors.ts';
import type { InstanceSize, InstancesConfig } from '../instances/config.ts';
import {
	type HeldBack,
	type InstanceEvent,
	isResizable,
	type Provider,
	sizesInstances,
	type TellsUsage,
	tellsTrouble,
	tellsUsage,
} from '../instances/provider.ts';
import type { FleetMemory } from './fleet-snapshot.ts';
import { PlatformSize } from './platform-size.ts';
import { changesSizes, resizeAnew, whyOutside } from './scaling/policy-facts.ts';

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

const plural = (count: number): string => `${count} instance${count === 1 ? '' : 's'}`;

export class PoolSize {
	readonly #parts: PoolSizeParts;
	readonly #platform: PlatformSize;

	constructor(parts: PoolSizeParts) {
		this.#parts = parts;
		const { name, memory, event } = parts;
		this.#platform = new PlatformSize({ name, event, given: (size) => memory.sizes.set(name, size) });
	}

	/** Instances that there should be. */
	get desired(): number {
		const provider = this.#parts.provider();
		if (provider === null) return 0;
		return isResizable(provider) ? provider.desired : provider.list().filter((each) => each.life !== 'leaving').length;
	}

	/** How many there should be by what is known here. A platform has the number that it has. */
	get wanted(): number {
		const { memory, name, config } = this.#parts;
		const { scale, instances } = config();
		const set = memory.scale.get(name);
		return set ?? (instances.kind === 'run' ? scale.min : this.desired);
	}

	/** What its provider holds back. */
	get trouble(): HeldBack {
		const provider = this.#parts.provider();
		return provider !== null && tellsTrouble(provider) ? provider.trouble : { out: null, in: null };
	}

	/** Its size is known: a platform has been looked at. */
	get known(): boolean {
		const provider = this.#parts.provider();
		return provider === null || !tellsTrouble(provider) || provider.known;
	}

	/** Resolves once its platform was looked at, whatever came of it. */
	async looked(): Promise<void> {
		const provider = this.#parts.provider();
		if (provider !== null && tellsTrouble(provider)) await provider.firstLook;
	}

	/** What is wrong with its provider, for people. */
	get complaint(): string | null {
		const provider = this.#parts.provider();
		return provider !== null && tellsTrouble(provider) ? provider.complaint : null;
	}

	/** Its platform refuses something for want of a permission. */
	get permissionMissing(): boolean {
		const provider = this.#parts.provider();
		return provider !== null && tellsTrouble(provider) && provider.permissionMissing;
	}

	/** What a platform says of what its instances use, by id; null: it does not. */
	get usage(): ReturnType<TellsUsage['usage']> | null {
		const provider = this.#parts.provider();
		return provider !== null && tellsUsage(provider) ? provider.usage() : null;
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
		this.#platform.forget();
		const provider = this.#parts.provider();
		if (provider !== null && 'nativeAutoscaler' in provider) provider.nativeAutoscaler = scale.nativeAutoscaler;
		if (provider !== null && 'scales' in provider) provider.scales = changesSizes(scale);
	}

	/** Takes up what the memory holds. */
	recall(): void {
		const provider = this.#parts.provider();
		if (provider !== null && isResizable(provider) && !provider.keepsSize && provider.desired !== this.wanted)
			provider.resize(this.wanted);
	}

	/** Has so many; null: as `scale` says. What a platform keeps may be changed there: remembered here, it would be set back. */
	set(count: number | null): void {
		const { memory, name } = this.#parts;
		const provider = this.#parts.provider();
		if (provider !== null && isResizable(provider) && provider.keepsSize) {
			if (count !== null) provider.resize(count);
			return;
		}
		if (count === null) memory.scale.delete(name);
		else memory.scale.set(name, count);
		this.recall();
	}

	/** @throws BallastError `bad_command` when the number of instances is not Ballast's to set, or outside of `scale` */
	scale(count: number): void {
		const { name, event, refuse, config } = this.#parts;
		const provider = this.#parts.provider();
		if (provider === null || !isResizable(provider)) throw refuse('scaled');
		const why = whyOutside(count, config().scale, Date.now());
		if (why !== null) throw new BallastError('bad_command', `${name} cannot have ${plural(count)}: ${why}`);
		const before = provider.desired;
		this.set(count);
		const text = `${name}: the number of instances is set to ${count} (before: ${before})`;
		event({ instance: null, kind: 'scaled', level: 'info', text });
	}

	/** Gives each instance this from now on; null: what the configuration says. False: that is not Ballast's to do. */
	give(size: InstanceSize | null): boolean {
		const { memory, name } = this.#parts;
		const provider = this.#parts.provider();
		if (provider === null) return false;
		if (sizesInstances(provider)) {
			this.#platform.give(size ?? this.#parts.config().scale.size);
			return true;
		}
		if (provider.kind !== 'run') return false;
		if (size === null) memory.sizes.delete(name);
		else memory.sizes.set(name, size);
		provider.apply(this.instances);
		return true;
	}

	/** It is left: nothing is brought to a platform any more. */
	close(): void {
		this.#platform.forget();
	}

	/** Each second, by who leads: a platform is to give its instances what they are to have. */
	keep(nowMs: number): void {
		const provider = this.#parts.provider();
		if (provider !== null && sizesInstances(provider) && this.known) this.#platform.keep(provider, this.given, nowMs);
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
