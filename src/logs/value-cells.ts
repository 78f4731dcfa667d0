/** Weighted percentiles of values that are told only by their cells: each is 1 % wider than the one before, so 0.5 % off at most. */

const CELLS_A_TIMES_E = 100;
/** The cell of 0 and of what is negative. */
const NONE = -1_000_000;

/** The cell of a value, as SQL. `value`: a fixed piece of SQL. */
export function cellSql(value: string): string {
	return `CASE WHEN ${value} > 0 THEN CAST(round(ln(${value}) * ${CELLS_A_TIMES_E}) AS INTEGER) ELSE ${NONE} END`;
}

/** The same of a number. */
export function cellOf(value: number): number {
	return value > 0 ? Math.round(Math.log(value) * CELLS_A_TIMES_E) : NONE;
}

export class ValueCells {
	count = 0;
	readonly #cells = new Map<number, number>();

	add(cell: number, weight: number): void {
		this.#cells.set(cell, (this.#cells.get(cell) ?? 0) + weight);
		this.count += weight;
	}

	addAll(other: ValueCells): void {
		for (const [cell, weight] of other.#cells) this.add(cell, weight);
	}

	/** To be kept: cell and weight in turn, each cell as its distance from the one before. */
	packed(): number[] {
		const packed: number[] = [];
		let last = 0;
		for (const [cell, weight] of this.#sorted()) {
			packed.push(cell - last, weight);
			last = cell;
		}
		return packed;
	}

	/** What `packed` gave. */
	addPacked(packed: readonly number[]): void {
		let cell = 0;
		for (let at = 0; at + 1 < packed.length; at += 2) {
			cell += packed[at] as number;
			this.add(cell, packed[at + 1] as number);
		}
	}

	/** The values that these shares (0…1) of all are at or below; null: there are none. */
	percentiles(shares: readonly number[]): (number | null)[] {
		const sorted = this.#sorted();
		return shares.map((share) => {
			let rest = share * this.count;
			for (const [cell, weight] of sorted) {
				rest -= weight;
				if (rest <= 1e-9 * this.count) return middleOf(cell);
			}
			const last = sorted.at(-1);
			return last === undefined ? null : middleOf(last[0]);
		});
	}

	#sorted(): [cell: number, weight: number][] {
		return [...this.#cells].sort(([one], [other]) => one - other);
	}
}

const middleOf = (cell: number) => (cell === NONE ? 0 : Math.exp(cell / CELLS_A_TIMES_E));
