import type { MessagePort } from 'node:worker_threads';

/** Idempotency keys whose requests are being stored, and by whom. */
export class KeyReservations {
	readonly #by = new Map<string, string>();
	readonly #ports = new Map<string, MessagePort>();

	/** False: another request has it. */
	reserve(key: string, by: string): boolean {
		const known = this.#by.get(key);
		if (known === undefined) this.#by.set(key, by);
		return known === undefined || known === by;
	}

	/** It is given back when this port ends. */
	holds(key: string, port: MessagePort): void {
		this.#ports.set(key, port);
	}

	release(key: string, by: string): void {
		if (this.#by.get(key) !== by) return;
		this.#by.delete(key);
		this.#ports.delete(key);
	}

	ended(port: MessagePort): void {
		for (const [key, by] of this.#ports) {
			if (by !== port) continue;
			this.#ports.delete(key);
			this.#by.delete(key);
		}
	}
}
