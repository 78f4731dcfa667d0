/** Watches the workload and its pods, of whatever selector it has now. */
import type { ClusterApi } from './cluster-api.ts';
import { ListWatch } from './list-watch.ts';

export class WorkloadWatch {
	readonly #changed: () => void;
	readonly #signal: AbortSignal;
	#pods: { readonly of: string; readonly list: ListWatch; readonly stop: AbortController } | null = null;
	#follows = false;

	constructor(changed: () => void, signal: AbortSignal) {
		this.#changed = changed;
		this.#signal = signal;
	}

	/** The pods that bear these labels; null: they are not known for sure, and are watched from now on. */
	podsOf(api: ClusterApi, selector: string): readonly unknown[] | null {
		if (this.#signal.aborted) return null;
		if (!this.#follows) {
			this.#follows = true;
			void this.#list(api, api.workloads()).run(this.#signal);
		}
		if (this.#pods?.of === selector) return this.#pods.list.items;
		this.#pods?.stop.abort();
		const stop = new AbortController();
		const list = this.#list(api, api.pods(selector));
		this.#pods = { of: selector, list, stop };
		void list.run(AbortSignal.any([this.#signal, stop.signal]));
		return null;
	}

	#list({ client }: ClusterApi, call: ReturnType<ClusterApi['pods']>): ListWatch {
		return new ListWatch({ client, call, changed: this.#changed });
	}
}
