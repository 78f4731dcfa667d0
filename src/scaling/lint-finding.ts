/** What is wrong, or hardly meant, in a policy. */
export interface LintFinding {
	/** `error`: it cannot work. `warn`: it works, but not as one would think. */
	level: 'error' | 'warn';
	/** Within `scale`: `in.window`, `steps.0`. */
	path: string;
	/** A whole sentence. */
	message: string;
}

export type Report = (level: LintFinding['level'], path: string, message: string) => void;
