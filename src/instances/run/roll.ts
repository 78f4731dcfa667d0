/** Replaces outdated instances one by one: the old one goes only once its successor is ready. */
import { BallastError } from '../../core/errors.ts';
import type { InstanceEvent } from '../provider.ts';
import { inSeconds } from '../wording.ts';
import type { Unit } from './unit.ts';

/** What a roll needs of its service. */
export interface RollPort {
	readonly service: string;
	/** The instance to replace next; undefined when none is outdated, or when this core may not act. */
	nextOutdated(): Unit | undefined;
	/** Starts one more than desired. */
	surge(): Unit;
	/** The successor counts from here on, the old one leaves. Resolves once the old one is gone. */
	swap(old: Unit, fresh: Unit): Promise<void>;
	/** Its configuration has changed since it was started. */
	outdated(unit: Unit): boolean;
	discard(fresh: Unit): void;
	active(): boolean;
	event(event: InstanceEvent): void;
}

export class Roll {
	readonly #port: RollPort;
	#running: Promise<void> | null = null;

	constructor(port: RollPort) {
		this.#port = port;
	}

	/**
	 * Runs until nothing is outdated; joins a roll that is under way.
	 * @throws BallastError `start_failed` when a successor never becomes ready
	 */
	run(): Promise<void> {
		this.#running ??= this.#run().finally(() => {
			this.#running = null;
		});
		return this.#running;
	}

	async #run(): Promise<void> {
		const began = Date.now();
		let replaced = 0;
		for (let old = this.#port.nextOutdated(); old; old = this.#port.nextOutdated()) {
			const fresh = this.#port.surge();
			const failure = await fresh.settled;
			if (!this.#port.active()) return;
			// Whatever became of it: it is not what is wanted now.
			if (this.#port.outdated(fresh)) {
				this.#port.discard(fresh);
				continue;
			}
			if (failure !== null) this.#giveUp(fresh, failure);
			await this.#port.swap(old, fresh);
			replaced++;
		}
		if (replaced === 0) return;
		const what = replaced === 1 ? '1 instance was replaced' : `${replaced} instances were replaced`;
		const text = `${this.#port.service}: ${what} in ${inSeconds(Date.now() - began)}`;
		this.#port.event({ instance: null, kind: 'rolled', level: 'info', text });
	}

	#giveUp(fresh: Unit, failure: string): never {
		this.#port.discard(fresh);
		const message = `${this.#port.service}: the rolling replacement stopped and the old instances stay: ${failure}`;
		this.#port.event({ instance: fresh.id, kind: 'roll_failed', level: 'error', text: message });
		throw new BallastError('start_failed', message, { service: this.#port.service, instance: fresh.id });
	}
}
