import type { MessagePort } from 'node:worker_threads';

/** Calls of workers that wait for a change: they end with whoever waits, not only in their time. */
export class WaitingCalls {
	readonly #stops = new Map<MessagePort, Map<number, () => void>>();

	add(port: MessagePort, id: number, stop: () => void): void {
		const known = this.#stops.get(port) ?? new Map<number, () => void>();
		this.#stops.set(port, known.set(id, stop));
	}

	answered(port: MessagePort, id: number): void {
		const known = this.#stops.get(port);
		known?.delete(id);
		if (known?.size === 0) this.#stops.delete(port);
	}

	/** Nobody waits for it any more. */
	stop(port: MessagePort, id: number): void {
		this.#stops.get(port)?.get(id)?.();
	}

	/** The worker is no more. */
	ended(port: MessagePort): void {
		for (const stop of [...(this.#stops.get(port)?.values() ?? [])]) stop();
		this.#stops.delete(port);
	}
}
