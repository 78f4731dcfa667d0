/** Cells of an entry's record, which its first unit begins with; its key follows, then what is known of the answer. */
export const Cell = {
	/** The next entry of its bucket. */
	next: 0,
	high: 1,
	low: 2,
	/** Another one for each entry, so that what a worker keeps of an earlier one in the same place is seen to be old. */
	generation: 3,
	/** Who holds it: the table counts as one. */
	refs: 4,
	/** 1: it is in the table. */
	linked: 5,
	/** The queue that it is in: a control cell; 0: none. */
	queue: 6,
	newer: 7,
	older: 8,
	/** How often it was given, at most `FREQUENCY_MOST`. */
	frequency: 9,
	/** Units of all that it holds. */
	units: 10,
	/** A `FillState`. */
	state: 11,
	/** Bytes of the body that are there. */
	received: 12,
	/** Who fills it: a worker's number + 1. */
	filler: 13,
	/** Since when it counts as stale, epoch ms, as a 64-bit float. */
	staleFrom: 14,
	/** Bits of the workers that follow it. */
	watchers: 16,
	/** When somebody began to fetch it anew, ticks; 0: nobody. */
	claimed: 17,
	/** Units of the run that begins with this record. */
	own: 18,
	keyLength: 19,
	era: 20,
	softEra: 21,
	/** Run of the head and of the first of the body: unit, units. 0: its head is not known yet. */
	content: 22,
	contentUnits: 23,
	/** Bytes of what is known of the answer, of those before its variant ends, and of the head. They lie in this order. */
	aboutLength: 24,
	varyLength: 25,
	headLength: 26,
	/** Bytes of the body that the content's run has room for. */
	room: 27,
	/** The run with the next of the body; 0: none. It begins with a header of its own. */
	more: 28,
	/** Another entry, held by this one, whose body is also this one's; 0: it has its own. */
	bodyOf: 29,
	/** Run of the trailers: unit, bytes. */
	trailers: 30,
	trailersLength: 31,
} as const;

export const RECORD_BYTES = 128;
export const FREQUENCY_MOST = 3;

/** Header of a run that a body goes on in: cells. */
export const More = { next: 0, units: 1, room: 2 } as const;
export const MORE_BYTES = 16;
