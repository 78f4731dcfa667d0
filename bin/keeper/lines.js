// What instances print, line by line and within bounds.

/** Bytes of a line; the rest of a longer one is left out. */
const MOST_LINE = 64 * 1024;
const CUT = ' … [cut: the line is over 64 KiB]';
/** Characters that wait for a core, over all instances. */
const MOST_WAITING = 8 * 1024 * 1024;
/** Characters of one batch. */
const MOST_BATCH = 256 * 1024;
const RING_LINES = 20;
const RING_LINE = 4096;

/** Splits a stream of bytes; `emit` gets the lines of each chunk, without line ends. */
export class LineSplitter {
	#emit;
	#parts = [];
	#size = 0;
	#skipping = false;

	constructor(emit) {
		this.#emit = emit;
	}

	push(chunk) {
		const lines = [];
		let start = 0;
		while (start < chunk.length) {
			const found = chunk.indexOf(10, start);
			const end = found < 0 ? chunk.length : found;
			this.#add(chunk.subarray(start, end), lines);
			if (found >= 0) this.#endLine(lines);
			start = end + 1;
		}
		if (lines.length > 0) this.#emit(lines);
	}

	/** The last line may have no end. */
	end() {
		const lines = [];
		if (this.#size > 0) this.#endLine(lines);
		if (lines.length > 0) this.#emit(lines);
	}

	#add(bytes, lines) {
		if (this.#skipping || bytes.length === 0) return;
		const room = MOST_LINE - this.#size;
		// A copy: a short rest must not hold on to the whole chunk it came in.
		this.#parts.push(Buffer.from(bytes.subarray(0, room)));
		this.#size += Math.min(bytes.length, room);
		if (bytes.length <= room) return;
		lines.push(this.#text().replace(/\uFFFD+$/, '') + CUT);
		this.#skipping = true;
	}

	#endLine(lines) {
		if (!this.#skipping) lines.push(this.#text().replace(/\r$/, ''));
		this.#skipping = false;
	}

	#text() {
		const text = this.#parts.length === 1 ? this.#parts[0].toString() : Buffer.concat(this.#parts).toString();
		this.#parts = [];
		this.#size = 0;
		return text;
	}
}

/** The last lines of an instance. */
export class LineRing {
	#lines = [];

	add(lines) {
		for (const line of lines.slice(-RING_LINES)) {
			this.#lines.push(line.length > RING_LINE ? `${line.slice(0, RING_LINE)}…` : line);
		}
		if (this.#lines.length > RING_LINES) this.#lines = this.#lines.slice(-RING_LINES);
	}

	list() {
		return [...this.#lines];
	}
}

/** Lines on their way to the core: the oldest are dropped, and counted, when it does not keep up. */
export class LineQueue {
	#entries = [];
	#size = 0;
	#dropped = new Map();

	get isEmpty() {
		return this.#entries.length === 0;
	}

	add(id, stream, lines) {
		let size = 0;
		for (const line of lines) size += line.length + 32;
		this.#entries.push({ id, stream, lines, size });
		this.#size += size;
		while (this.#size > MOST_WAITING) {
			const gone = this.#shift();
			this.#dropped.set(gone.id, (this.#dropped.get(gone.id) ?? 0) + gone.lines.length);
		}
	}

	/** A message's worth; a line in its place says how many of an instance are missing. */
	take() {
		const batch = [];
		let dropped = 0;
		for (const [id, count] of this.#dropped) {
			dropped += count;
			batch.push({ id, stream: 'stderr', lines: [`[ballast: ${count} lines before this one were dropped]`] });
		}
		this.#dropped.clear();
		for (let size = 0; size < MOST_BATCH && !this.isEmpty; ) {
			const entry = this.#shift();
			size += entry.size;
			batch.push({ id: entry.id, stream: entry.stream, lines: entry.lines });
		}
		return { batch, dropped };
	}

	#shift() {
		const entry = this.#entries.shift();
		this.#size -= entry.size;
		return entry;
	}
}
