/** Watches the workload, its pods of whatever selector it has now, and the EndpointSlices of its Service. */
import { PlatformError } from '../platform/platform-error.ts';
import type { ApiCall } from './api-client.ts';
import type { ClusterApi } from './cluster-api.ts';
import { ListWatch } from './list-watch.ts';

interface Watched {
	readonly api: ClusterApi;
	readonly selector: string;
	readonly workload: ListWatch;
	readonly pods: ListWatch;
	/** null: there is no Service to go by. */
	readonly slices: ListWatch | null;
	readonly stop: AbortController;
}

/** null: not known for sure; who needs it lists. */
export interface WatchedObjects {
	readonly pods: readonly unknown[] | null;
	readonly slices: readonly unknown[] | null;
}

const NOTHING: WatchedObjects = { pods: null, slices: null };

export class WorkloadWatch {
	readonly #service: string | null;
	readonly #changed: () => void;
	readonly #signal: AbortSignal;
	#watched: Watched | null = null;

	/** @param service whose EndpointSlices are watched, too; null: none */
	constructor(service: string | null, changed: () => void, signal: AbortSignal) {
		this.#service = service;
		this.#changed = changed;
		this.#signal = signal;
	}

	/**
	 * The pods that bear these labels, and the slices; what is not known yet is watched from now on.
	 * @throws PlatformError `denied`: it may not watch. What else is wrong passes, or is told by who lists
	 */
	seen(api: ClusterApi, selector: string): WatchedObjects {
		if (this.#signal.aborted) return NOTHING;
		const before = this.#watched;
		if (before?.api === api && before.selector === selector) {
			for (const problem of [before.workload, before.pods, before.slices].map((one) => one?.problem))
				if (problem instanceof PlatformError && problem.fault === 'denied') throw problem;
			return { pods: before.pods.items, slices: before.slices?.items ?? null };
		}
		before?.stop.abort();
		const stop = new AbortController();
		const until = AbortSignal.any([this.#signal, stop.signal]);
		const begin = (call: ApiCall): ListWatch => {
			const list = new ListWatch({ client: api.client, call, changed: this.#changed });
			void list.run(until);
			return list;
		};
		const slices = this.#service === null ? null : begin(api.slices(this.#service));
		this.#watched = { api, selector, workload: begin(api.workloads()), pods: begin(api.pods(selector)), slices, stop };
		return NOTHING;
	}
}
