/** How many attempts of a request are kept: the first ones, and the last. */
const MOST = 4;

/** What is kept of each attempt. Times in µs, -1: it did not come so far. */
export const AttemptCell = {
	/** The instance's serial number. */
	instance: 0,
	/** Since the request began. */
	start: 1,
	/** From there until there was a connection; 0: a kept one. */
	connect: 2,
	/** From `start` to the head of the answer. */
	head: 3,
	/** From `start` to its end. */
	end: 4,
	/** Status of the answer, and behind it, 16 bits up, the index of what failed. */
	result: 5,
	cells: 6,
} as const;

/** When what happened to the attempts of one request, for the access log and traces. Used again for the next. */
export class AttemptTimes {
	readonly cells: Int32Array = new Int32Array(MOST * AttemptCell.cells);
	/** How many are kept. */
	count = 0;
	#base = 0;

	/** Takes over what others of the kind hold. */
	copy(from: AttemptTimes): void {
		this.count = from.count;
		for (let i = 0, cells = from.count * AttemptCell.cells; i < cells; i++) this.cells[i] = from.cells[i] as number;
	}

	begin(instance: number, startUs: number): void {
		if (this.count < MOST) this.count++;
		const base = (this.count - 1) * AttemptCell.cells;
		const { cells } = this;
		cells[base] = instance;
		cells[base + AttemptCell.start] = clamp(startUs);
		cells[base + AttemptCell.connect] = 0;
		cells[base + AttemptCell.head] = -1;
		cells[base + AttemptCell.end] = -1;
		cells[base + AttemptCell.result] = 0;
		this.#base = base;
	}

	/** Since the request began. */
	get startUs(): number {
		return this.cells[this.#base + AttemptCell.start] as number;
	}

	set(cell: number, us: number): void {
		this.cells[this.#base + cell] = clamp(us);
	}

	answered(status: number, us: number): void {
		this.set(AttemptCell.head, us);
		this.cells[this.#base + AttemptCell.result] = status;
	}

	/** `cause`: index of what failed. */
	failed(cause: number, us: number): void {
		const at = this.#base + AttemptCell.result;
		this.cells[at] = ((this.cells[at] as number) & 0xffff) | (cause << 16);
		this.set(AttemptCell.end, us);
	}
}

/** More than half an hour is as good as half an hour. */
const clamp = (us: number): number => (us > 0x7fffffff ? 0x7fffffff : us | 0);
