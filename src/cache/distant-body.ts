/** A stored body that does not lie in memory: an optional extension of `AnswerEntry` and `FillingEntry`. */

/** How it is read. */
export interface DistantBody {
	/** Of a body that proved long the first bytes, up to here, are in memory still; 0: none is. */
	readonly from: number;
	/** It can be read: it was looked at a moment ago. */
	readonly ready: boolean;
	/** Looks at it. `gone`: or damaged; `busy`: it cannot be looked at now, since too many are read at the moment. */
	prepare(then: (state: 'ready' | 'busy' | 'gone') => void): void;
	/** For one reader; `came` is called once bytes that `take` could not give are there (`true`), or cannot be had. */
	read(came: (ok: boolean) => void): BodyPieces;
}

export interface BodyPieces {
	/** Bytes from `at`, up to `end`, both within what is there; null: they are fetched. They stay until the next call. */
	take(at: number, end: number): Buffer | null;
	close(): void;
}

/** How it is filled: what is appended is there only a while later. */
export interface DistantFill {
	/** Bytes that were appended. */
	readonly taken: number;
	/** More is on its way there than should be: `drained` follows. */
	readonly full: boolean;
	/** null: nobody. */
	listener: DistantFillListener | null;
	/** Of one that could not be filled: what was appended and is not there. Once. */
	takeBack(): Buffer[];
}

export interface DistantFillListener {
	/** It is not full any more. */
	drained(): void;
	/** After `complete`: it is whole; or, at any time: it could not be filled. */
	settled(whole: boolean): void;
}
