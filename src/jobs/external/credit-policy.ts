/** How it is asked what is left at a place upstream, resolved. Plain data: it is sent to threads. */
export interface CreditPolicy {
	/** Path of the question, which goes out with the fields of each place. */
	path: string;
	/** JSON pointers into the answer: the first at which there is a number counts, less what there is at `less`. */
	left: readonly CreditPointer[];
	everyMs: number;
	/** It is low where less than this is left, in the upstream's own unit. */
	below: number;
}

export interface CreditPointer {
	at: string;
	/** null: nothing is taken away. */
	less: string | null;
}
