/** Which requests the new version gets, as the workers see it: cells of the service. */
import { ServiceCell, ServiceColumn } from '../core/service-cells.ts';
import type { Sample } from '../deploy/sample.ts';
import type { Stage } from '../deploy/stages.ts';
import type { ServiceCellsIndex } from './service-cells-index.ts';

const WHOLE = 1000;

export class RolloutTraffic {
	readonly #cells: ServiceCellsIndex;
	readonly #service: string;
	readonly #pools: { readonly old: string; readonly fresh: string };
	readonly #copiesBefore: { readonly copied: number; readonly failed: number };

	constructor(cells: ServiceCellsIndex, service: string, pools: { old: string; fresh: string }) {
		this.#cells = cells;
		this.#service = service;
		this.#pools = pools;
		this.#copiesBefore = this.#copies();
	}

	/** null: none; `all`: every one. */
	set(stage: Stage | null | 'all'): void {
		const cells = this.#cells.of(this.#service);
		const share = stage === 'all' ? WHOLE : stage?.kind === 'share' ? Math.round(stage.share * WHOLE) : 0;
		const marked = stage !== 'all' && stage?.kind === 'marked' ? 1 : 0;
		const copies = stage !== 'all' && stage?.kind === 'mirror' ? Math.round(stage.share * WHOLE) : 0;
		// The old version's first: in between nobody is without a pool.
		if (share < WHOLE) this.#cells.setShare(this.#service, this.#pools.old, WHOLE - share);
		this.#cells.setShare(this.#service, this.#pools.fresh, share);
		if (share === WHOLE) this.#cells.setShare(this.#service, this.#pools.old, 0);
		cells.set(ServiceCell.marked, marked);
		cells.set(ServiceCell.copies, copies);
	}

	/** What became of the requests that were copied, at the old version; how long they took is not known. */
	copied(): Sample {
		const { copied, failed } = this.#copies();
		const attempts = (copied - this.#copiesBefore.copied) | 0;
		return { attempts, failed: (failed - this.#copiesBefore.failed) | 0, latency: [] };
	}

	#copies(): { copied: number; failed: number } {
		const cells = this.#cells.of(this.#service);
		return { copied: cells.sum(ServiceColumn.copied), failed: cells.sum(ServiceColumn.copiedFailed) };
	}
}
