/**
 * Cells of an entry's record, which its first unit begins with; its key follows. What a hit looks at lies in the first
 * 64 bytes, which the processor fetches at once.
 */
export const Cell = {
	/** The next entry of its bucket. */
	next: 0,
	high: 1,
	low: 2,
	/** Another one for each entry, so that what a worker keeps of an earlier one in the same place is seen to be old. */
	generation: 3,
	/** Who holds it: the table counts as one. */
	refs: 4,
	keyLength: 5,
	era: 6,
	softEra: 7,
	/** Since when it counts as stale, epoch ms, as a 64-bit float. */
	staleFrom: 8,
	/** A `FillState`. */
	state: 10,
	/** Bytes of the body that are there. */
	received: 11,
	/** How often it was given, in parts of `GIVEN`, at most `GIVEN_MOST`. */
	frequency: 12,
	/** Another entry, held by this one, whose body is also this one's; 0: it has its own. */
	bodyOf: 13,
	/** Run of what is known of the answer, of its head and of the first of the body: its own one if they stand behind the key; 0: its head is not known yet. */
	content: 14,
	/** 1: it is in the table. */
	linked: 15,
	/** Who fills it: a worker's number + 1. */
	filler: 16,
	/** Bits of the workers that follow it. */
	watchers: 17,
	/** When somebody began to fetch it anew, ticks; 0: nobody. */
	claimed: 18,
	/** The queue that it is in: a control cell; 0: none. */
	queue: 19,
	newer: 20,
	older: 21,
	/** Units of all that it holds. */
	units: 22,
	/** Units of the run that begins with this record. */
	own: 23,
	contentUnits: 24,
	/** Bytes of what is known of the answer, where its variant ends, and of the head. They lie in this order. */
	aboutLength: 25,
	varyEnd: 26,
	headLength: 27,
	/** Bytes of the body that the content's run has room for; of a body on disk, the pages that it takes there. */
	room: 28,
	/** The run with the next of the body; 0: none. It begins with a header of its own. Below 0: the body is the file with this number. */
	more: 29,
	/** Run of the trailers: how many bytes they have, and these. */
	trailers: 30,
	/** Run that says who reads a body of unknown length while it comes; -1: nobody yet, 0: nobody may. */
	readers: 31,
} as const;

export const RECORD_BYTES = 128;
/** What once given counts, and the most that is counted: what happened long ago is to be forgotten. */
export const GIVEN = 16;
export const GIVEN_MOST: number = 3 * GIVEN;

/** Header of a run that a body goes on in: cells. */
export const More = { next: 0, units: 1, room: 2 } as const;
export const MORE_BYTES = 16;

/** The run that `Cell.readers` names: cells. */
export const Readers = {
	/** For each worker: all its readers have taken the body up to here (it wraps); from when it proved too long on. */
	passed: 0,
	/** For each worker: 1: it has readers. */
	reads: 32,
	/** 1: the body is too long to be stored. Nobody new reads it: what all have taken is given back. */
	outgrown: 64,
	/** 1: all of such a body has come. */
	ended: 65,
	/** For each worker: the first of its readers has taken the body up to here. */
	furthest: 66,
	/** 1: who has taken no more than what comes before `cutAt` is cut. */
	cut: 98,
	cutAt: 99,
	/** 1: nobody begins to read it any more. */
	shut: 100,
	cells: 101,
} as const;
export const READERS_UNITS = 2;
/** Bytes in front of trailers. */
export const TRAILERS_AT = 4;
