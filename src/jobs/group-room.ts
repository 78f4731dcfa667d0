/** Groups of a queue that are told apart in an hour: a field that a client fills as it likes must not fill the memory. */
const GROUPS_MOST = 10_000;
const FORGOTTEN_MS = 3_600_000;

/** Which groups of a queue are told apart; those beyond share one. */
export class GroupRoom {
	#known = new Map<string, Set<string>>();
	#sinceMs = Number.NEGATIVE_INFINITY;
	readonly #most: number;

	constructor(most: number = GROUPS_MOST) {
		this.#most = most;
	}

	/** The group that a job counts to. */
	of(queue: string, group: string, nowMs: number): string {
		if (group === '') return '';
		if (nowMs - this.#sinceMs > FORGOTTEN_MS) {
			this.#known = new Map();
			this.#sinceMs = nowMs;
		}
		const known = this.#known.get(queue) ?? new Set();
		this.#known.set(queue, known);
		if (known.has(group)) return group;
		if (known.size >= this.#most) return '';
		known.add(group);
		return group;
	}
}
