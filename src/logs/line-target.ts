/** Where lines go: a file, or the terminal. Synchronous; never throws: what cannot be written is counted. */
export interface LineTarget {
	/** Whole lines, in one write. */
	append(lines: Uint8Array, count: number): void;
	/** About once a second: what hangs on time. */
	tick(): void;
	/** Opens what stands at the path now: after another program has moved the file. */
	reopen(): void;
	close(): void;
	/** Lines that could not be written. */
	readonly lost: number;
}
