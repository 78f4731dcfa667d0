/** Watches the workload and its pods, of whatever selector it has now. */
import { PlatformError } from '../platform/platform-error.ts';
import type { ApiCall } from './api-client.ts';
import type { ClusterApi } from './cluster-api.ts';
import { ListWatch } from './list-watch.ts';

interface Watched {
	readonly api: ClusterApi;
	readonly selector: string;
	readonly workload: ListWatch;
	readonly pods: ListWatch;
	readonly stop: AbortController;
}

export class WorkloadWatch {
	readonly #changed: () => void;
	readonly #signal: AbortSignal;
	#watched: Watched | null = null;

	constructor(changed: () => void, signal: AbortSignal) {
		this.#changed = changed;
		this.#signal = signal;
	}

	/**
	 * The pods that bear these labels; null: they are not known for sure, and are watched from now on.
	 * @throws PlatformError `denied`: it may not watch. What else is wrong passes, or is told by who lists
	 */
	podsOf(api: ClusterApi, selector: string): readonly unknown[] | null {
		if (this.#signal.aborted) return null;
		const before = this.#watched;
		if (before?.api === api && before.selector === selector) {
			for (const { problem } of [before.workload, before.pods])
				if (problem instanceof PlatformError && problem.fault === 'denied') throw problem;
			return before.pods.items;
		}
		before?.stop.abort();
		const stop = new AbortController();
		const until = AbortSignal.any([this.#signal, stop.signal]);
		const begin = (call: ApiCall): ListWatch => {
			const list = new ListWatch({ client: api.client, call, changed: this.#changed });
			void list.run(until);
			return list;
		};
		this.#watched = { api, selector, workload: begin(api.workloads()), pods: begin(api.pods(selector)), stop };
		return null;
	}
}
