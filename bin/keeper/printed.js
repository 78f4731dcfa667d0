// Brings what instances print to the core that leads, in batches, one at a time on its way.
import { LineQueue } from './lines.js';

const BATCH_MS = 20;

export class Printed {
	#queue = new LineQueue();
	#leader;
	#timer;
	/** The core that has not taken its last batch yet. */
	#sending;

	/** `leader()`: the core that gets the lines; undefined keeps them waiting. */
	constructor(leader) {
		this.#leader = leader;
	}

	add(id, stream, lines) {
		this.#queue.add(id, stream, lines);
		this.#timer ??= setTimeout(() => this.flush(), BATCH_MS);
	}

	/** One batch to the core, if it has taken the one before; `urgent`: in any case, ahead of other news. */
	flush({ urgent = false } = {}) {
		clearTimeout(this.#timer);
		this.#timer = undefined;
		const core = this.#leader();
		if (this.#queue.isEmpty || !core?.watches || (this.#sending === core && !urgent)) return;
		this.#sending = core;
		const done = () => {
			if (this.#sending !== core) return;
			this.#sending = undefined;
			this.flush();
		};
		core.send({ type: 'lines', ...this.#queue.take() }, { done });
	}
}
