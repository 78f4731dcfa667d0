import type { BodyFolder } from '../jobs/body-folder.ts';
import type { JobStore } from '../jobs/job-store.ts';

/** A file that no job names is removed when it is this old: whoever wrote it would have handed it in, ms. */
const ORPHAN_MS = 3_600_000;
/** A look through the whole folder is seldom worth its while, ms. */
const LOOK_MS = 600_000;

/** Has the store do what time alone does, and removes files that nothing names any more. */
export class JobSweeper {
	readonly #store: JobStore;
	readonly #bodies: BodyFolder;
	#lookedMs = Number.NEGATIVE_INFINITY;
	#sweeping = false;

	constructor(store: JobStore, bodies: BodyFolder) {
		this.#store = store;
		this.#bodies = bodies;
	}

	/** One at a time: who asks the store again has seen to the files that it told before. @param nowMs by the store's clock */
	async sweep(nowMs: number): Promise<void> {
		if (this.#sweeping) return;
		this.#sweeping = true;
		try {
			await this.#sweepFiles(nowMs, []);
			if (nowMs - this.#lookedMs <= LOOK_MS) return;
			this.#lookedMs = nowMs;
			for await (const page of this.#bodies.olderThan(Date.now() - ORPHAN_MS)) await this.#sweepFiles(nowMs, page);
		} finally {
			this.#sweeping = false;
		}
	}

	async #sweepFiles(nowMs: number, present: readonly string[]): Promise<void> {
		const { files } = await this.#store.sweep(nowMs, present);
		await this.#bodies.remove(files);
	}
}
