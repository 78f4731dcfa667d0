import { ENDED, type Job } from '../jobs/job.ts';
import type { Awaited } from './jobs-messages.ts';

/** Calls that wait at once; beyond them nobody waits. */
const WATCHERS_MOST = 20_000;

interface Watcher {
	of: Awaited;
	resolve(job: Job | null): void;
	timer: NodeJS.Timeout;
}

/** Who waits for a change of which job. */
export class JobWatchers {
	readonly #watchers = new Map<string, Set<Watcher>>();
	readonly #get: (id: string) => Promise<Job | null>;
	#count = 0;

	constructor(get: (id: string) => Promise<Job | null>) {
		this.#get = get;
	}

	/** The job once it changed so, or as it is when the time is over. `stoppable` is given what ends it at once, with null. */
	async wait(id: string, of: Awaited, stoppable?: (stop: () => void) => void): Promise<Job | null> {
		if (this.#count >= WATCHERS_MOST) return this.#get(id);
		// First of all: what changes while it is looked up must not be missed.
		const { promise, resolve } = Promise.withResolvers<Job | null>();
		const timer = setTimeout(() => void this.#late(id, watcher), of.ms);
		const watcher: Watcher = { of, resolve, timer };
		const known = this.#watchers.get(id) ?? new Set();
		this.#watchers.set(id, known.add(watcher));
		this.#count++;
		stoppable?.(() => this.#settle(id, watcher, null));
		const job = await this.#get(id).catch(() => null);
		if (job === null || isMet(of, job)) this.#settle(id, watcher, job);
		return promise;
	}

	async #late(id: string, watcher: Watcher): Promise<void> {
		this.#settle(id, watcher, await this.#get(id).catch(() => null));
	}

	#settle(id: string, watcher: Watcher, job: Job | null): void {
		clearTimeout(watcher.timer);
		const known = this.#watchers.get(id);
		if (known?.delete(watcher) === true) this.#count--;
		if (known?.size === 0) this.#watchers.delete(id);
		watcher.resolve(job);
	}

	/** The job is another one now. */
	changed(id: string): void {
		if (this.#watchers.size > 0 && this.#watchers.has(id)) void this.#look(id);
	}

	async #look(id: string): Promise<void> {
		const job = await this.#get(id).catch(() => null);
		for (const watcher of [...(this.#watchers.get(id) ?? [])])
			if (job === null || isMet(watcher.of, job)) this.#settle(id, watcher, job);
	}
}

/** A parked job may wait for a person for days. */
const isMet = ({ version, ended, taken = false }: Awaited, job: Job): boolean => {
	if (taken && job.externalId !== null) return true;
	return ended || taken ? ENDED.has(job.state) || job.state === 'parked' : job.version > version;
};
