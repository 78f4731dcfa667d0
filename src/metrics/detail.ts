/**
 * Requests of a route by method and status, with the bounds that OpenTelemetry's HTTP metrics have, and
 * failures by cause. One worker writes it, in shared memory; readers add up what the workers have.
 */

/** Upper bounds in µs of `http.server.request.duration`; what is above all of them has a cell of its own. */
export const BOUNDS_US: readonly number[] = [
	5000, 10_000, 25_000, 50_000, 75_000, 100_000, 250_000, 500_000, 750_000, 1_000_000, 2_500_000, 5_000_000, 7_500_000,
	10_000_000,
];

/** OpenTelemetry's known methods; any other is `_OTHER`. */
export const METHODS: readonly string[] = [
	'_OTHER',
	'GET',
	'POST',
	'PUT',
	'DELETE',
	'HEAD',
	'OPTIONS',
	'PATCH',
	'CONNECT',
	'TRACE',
	'QUERY',
];

const Row = { key: 0, count: 1, sumUs: 2, cells: 3, length: 18 } as const;
const CHUNK_ROWS = 64;
/** Most rows of a worker; what finds none is counted in the first, which has no key. */
const ROWS_MOST = 8192;
/** Keys below are of a method and a status, those above of a cause. */
const CAUSES = 12_000;
const KEYS = 16_384;

const methodCodes = new Map(METHODS.map((method, code) => [method, code]));

/** What a row is about. */
export interface DetailRow {
	series: number;
	/** '' where it is about a cause. */
	method: string;
	/** 0: no answer began. */
	status: number;
	/** Index of the failure's cause, from 1; 0: it is about a method and status. */
	cause: number;
	count: number;
	sumUs: number;
	/** How many were at most each bound, and above the one before; last: above all. */
	cells: number[];
}

export class DetailMeter {
	readonly #rows: Float64Array[] = [];
	readonly #at = new Map<number, number>();
	readonly #onChunk: (index: number, buffer: SharedArrayBuffer) => void;
	#count = 1;

	/** `onChunk` learns of each chunk that is made, so that it can tell the readers. */
	constructor(onChunk: (index: number, buffer: SharedArrayBuffer) => void) {
		this.#onChunk = onChunk;
	}

	/** Counts a request. `cause`: index of its failure, from 1; 0: none. */
	observe(series: number, method: string, status: number, us: number, cause: number): void {
		const code = methodCodes.get(method) ?? 0;
		const at = this.#row(series * KEYS + code * 1000 + status);
		const rows = this.#rows[(at / CHUNK_ROWS) | 0] as Float64Array;
		const base = (at % CHUNK_ROWS) * Row.length;
		rows[base + Row.count] = (rows[base + Row.count] as number) + 1;
		rows[base + Row.sumUs] = (rows[base + Row.sumUs] as number) + us;
		const cell = base + Row.cells + boundOf(us);
		rows[cell] = (rows[cell] as number) + 1;
		if (cause > 0) this.#count1(this.#row(series * KEYS + CAUSES + cause));
	}

	#count1(at: number): void {
		const rows = this.#rows[(at / CHUNK_ROWS) | 0] as Float64Array;
		const cell = (at % CHUNK_ROWS) * Row.length + Row.count;
		rows[cell] = (rows[cell] as number) + 1;
	}

	#row(key: number): number {
		return this.#at.get(key) ?? this.#newRow(key);
	}

	#newRow(key: number): number {
		const at = this.#count >= ROWS_MOST ? 0 : this.#count;
		const chunk = Math.floor(at / CHUNK_ROWS);
		if (this.#rows[chunk] === undefined) this.#makeChunk(chunk);
		if (at === 0) return 0;
		this.#count++;
		this.#at.set(key, at);
		(this.#rows[chunk] as Float64Array)[(at % CHUNK_ROWS) * Row.length] = key + 1;
		return at;
	}

	#makeChunk(index: number): void {
		const buffer = new SharedArrayBuffer(CHUNK_ROWS * Row.length * 8);
		this.#rows[index] = new Float64Array(buffer);
		this.#onChunk(index, buffer);
	}
}

/** The cell of a duration: the first bound that is not below it. */
function boundOf(us: number): number {
	let at = us <= 250_000 ? 0 : 7;
	while (at < BOUNDS_US.length && us > (BOUNDS_US[at] as number)) at++;
	return at;
}

/** The workers' details, read as one. */
export class DetailGroup {
	readonly #chunks = new Map<number, Float64Array[]>();
	/** What workers counted that are no more; by key. */
	readonly #past = new Map<number, Float64Array>();
	#lost = 0;

	chunk(worker: number, index: number, buffer: SharedArrayBuffer): void {
		const chunks = this.#chunks.get(worker) ?? [];
		chunks[index] = new Float64Array(buffer);
		this.#chunks.set(worker, chunks);
	}

	/** A worker ended: what it counted is kept. */
	retire(worker: number): void {
		for (const chunk of this.#chunks.get(worker) ?? []) this.#lost += add(chunk, this.#past);
		this.#chunks.delete(worker);
	}

	/** All rows, added up, and how many requests found no row. Once a second: not for each request. */
	read(): { rows: DetailRow[]; lost: number } {
		const sums = new Map([...this.#past].map(([key, sum]) => [key, sum.slice()]));
		let lost = this.#lost;
		for (const chunks of this.#chunks.values()) for (const chunk of chunks) lost += add(chunk, sums);
		return { rows: [...sums].map(([key, sum]) => rowOf(key, sum)), lost };
	}
}

/** Adds a chunk's rows to sums; returns what its rows without a key counted. */
function add(chunk: Float64Array, sums: Map<number, Float64Array>): number {
	let lost = 0;
	for (let base = 0; base < chunk.length; base += Row.length) {
		const key = chunk[base] as number;
		if (key === 0) {
			lost += chunk[base + Row.count] as number;
			continue;
		}
		const sum = sums.get(key);
		if (sum === undefined) sums.set(key, chunk.slice(base, base + Row.length));
		else for (let i = Row.count; i < Row.length; i++) sum[i] = (sum[i] as number) + (chunk[base + i] as number);
	}
	return lost;
}

function rowOf(stored: number, sum: Float64Array): DetailRow {
	const key = stored - 1;
	const within = key % KEYS;
	const cause = within >= CAUSES ? within - CAUSES : 0;
	return {
		series: Math.floor(key / KEYS),
		method: cause > 0 ? '' : (METHODS[Math.floor(within / 1000)] ?? '_OTHER'),
		status: cause > 0 ? 0 : within % 1000,
		cause,
		count: sum[Row.count] as number,
		sumUs: sum[Row.sumUs] as number,
		cells: [...sum.subarray(Row.cells, Row.cells + BOUNDS_US.length + 1)],
	};
}
