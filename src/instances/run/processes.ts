/** Hands the one stream of news of a process host to those that own the processes. */
import type { ProcessHost, ProcessSpec, RunningProcess } from '../process-host.ts';

/** How a process ended. */
export interface Ending {
	readonly code: number | null;
	readonly signal: string | null;
}

export class Processes {
	readonly #host: ProcessHost;
	readonly #owners = new Map<string, (ending: Ending) => void>();

	constructor(host: ProcessHost) {
		this.#host = host;
		host.watch({
			exited: (id, code, signal) => {
				const owner = this.#owners.get(id);
				this.#owners.delete(id);
				owner?.({ code, signal });
			},
			lines: () => {},
		});
	}

	list(): RunningProcess[] {
		return this.#host.list();
	}

	/** Starts a process; `exited` is called at most once, and not when the start itself fails. */
	async spawn(spec: ProcessSpec, exited: (ending: Ending) => void): Promise<{ pid: number }> {
		this.own(spec.id, exited);
		try {
			return await this.#host.spawn(spec);
		} catch (error) {
			if (this.#owners.get(spec.id) === exited) this.#owners.delete(spec.id);
			throw error;
		}
	}

	/** Listens for the end of a process that already runs. */
	own(id: string, exited: (ending: Ending) => void): void {
		this.#owners.set(id, exited);
	}

	owned(id: string): boolean {
		return this.#owners.has(id);
	}

	disown(id: string): void {
		this.#owners.delete(id);
	}

	signal(id: string, signal: 'SIGTERM' | 'SIGKILL'): void {
		this.#host.signal(id, signal);
	}

	lastLines(id: string): string[] {
		return this.#host.lastLines(id);
	}
}
