/** Requests for objects whose popularity falls as 1 / rank^0.9, each independent of those before. */
export interface Trace {
	readonly requests: Int32Array;
	/** Share of the requests that are for an object. */
	readonly share: Float64Array;
	/** Body bytes of each object. */
	readonly lengths: Int32Array;
}

export const EXPONENT = 0.9;

/** Repeatable: a number in [0, 1) at each call. */
export function randomOf(seed: number): () => number {
	let state = seed;
	return () => {
		state = (state + 0x6d2b79f5) | 0;
		let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
		mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
		return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
	};
}

/** `lengthOf` gives each object its size; popularity and size have nothing to do with one another. */
export function zipfTrace(objects: number, requests: number, lengthOf: (random: () => number) => number): Trace {
	const random = randomOf(12_345);
	const upTo = new Float64Array(objects);
	let sum = 0;
	for (let rank = 0; rank < objects; rank++) upTo[rank] = sum += (rank + 1) ** -EXPONENT;
	const order = shuffled(objects, random);
	const share = new Float64Array(objects);
	for (let rank = 0; rank < objects; rank++) share[order[rank] as number] = (rank + 1) ** -EXPONENT / sum;
	const lengths = new Int32Array(objects).map(() => lengthOf(random));
	const trace = new Int32Array(requests).map(() => order[rankAt(upTo, random() * sum)] as number);
	return { requests: trace, share, lengths };
}

/** Lengths as the web has them: log-normal around 4 KB, up to 1 MiB. */
export function webLength(random: () => number): number {
	const normal = Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
	return Math.round(Math.min(1024 * 1024 - 4096, Math.exp(Math.log(4000) + 1.5 * normal)));
}

function shuffled(count: number, random: () => number): Int32Array {
	const order = new Int32Array(count).map((_, at) => at);
	for (let at = count - 1; at > 0; at--) {
		const other = Math.floor(random() * (at + 1));
		const moved = order[at] as number;
		order[at] = order[other] as number;
		order[other] = moved;
	}
	return order;
}

function rankAt(upTo: Float64Array, value: number): number {
	let low = 0;
	let high = upTo.length - 1;
	while (low < high) {
		const middle = (low + high) >> 1;
		if ((upTo[middle] as number) < value) low = middle + 1;
		else high = middle;
	}
	return low;
}
