import { BallastError } from '../core/errors.ts';
import { inertLines } from '../core/inert.ts';
import type { EventLog } from './event-log.ts';
import type { FleetEvent } from './fleet-sink.ts';

/**
 * What happens to instances, on its way to the log. `ballast run` has a single command: where that cannot be
 * started there is nothing to serve, and Ballast ends; with a file (`up`) other services may serve on.
 */
export class InstanceEvents {
	readonly #log: EventLog;
	readonly #single: boolean;
	readonly #giveUp: () => void;
	#hopeless = '';
	#started = false;

	/** @param giveUp ends Ballast as a whole, with exit code 1 */
	constructor(log: EventLog, { single, giveUp }: { single: boolean; giveUp: () => void }) {
		this.#log = log;
		this.#single = single;
		this.#giveUp = giveUp;
	}

	add({ kind, level, service, pool, text }: FleetEvent): void {
		// That it is tried again, and the like, is no longer true.
		if (this.#hopeless !== '') return;
		if (kind !== 'cannot_start' || !this.#single) {
			this.#log.add({ level, subject: service, text, kind, pool });
			return;
		}
		this.#hopeless = text;
		if (!this.#started) return;
		process.stderr.write(`ballast: ${inertLines(text)}\n`);
		this.#giveUp();
	}

	/** The core is about to serve. @throws BallastError `start_failed` when there is nothing to serve */
	start(): void {
		this.#started = true;
		if (this.#hopeless !== '') throw new BallastError('start_failed', this.#hopeless);
	}
}
