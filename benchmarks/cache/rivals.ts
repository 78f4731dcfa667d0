/** Hit ratios of other ways to choose what is kept, over the second half of a trace. */
export interface Load {
	readonly requests: Int32Array;
	readonly share: Float64Array;
	/** What each object takes of `room`. */
	readonly sizes: Int32Array;
	readonly room: number;
}

export function lru({ requests, sizes, room }: Load): number {
	const kept = new Set<number>();
	let used = 0;
	return ratio(requests, (object) => {
		if (kept.delete(object)) {
			kept.add(object);
			return true;
		}
		kept.add(object);
		used += sizes[object] as number;
		for (const oldest of kept) {
			if (used <= room) break;
			kept.delete(oldest);
			used -= sizes[oldest] as number;
		}
		return false;
	});
}

/**
 * The best that can be done without knowing the future where each request is independent of those before: what is most
 * often asked for, by its size, is there from the start and stays.
 */
export function bestFixed({ share, sizes, room }: Load): number {
	const worth = (object: number): number => (share[object] as number) / (sizes[object] as number);
	const order = Array.from(share.keys()).sort((a, b) => worth(b) - worth(a));
	let used = 0;
	let hits = 0;
	for (const object of order) {
		if (used + (sizes[object] as number) > room) continue;
		used += sizes[object] as number;
		hits += share[object] as number;
	}
	return hits;
}

/** Belady's: knows the future, and gives up what is asked for last (times its size: with sizes none is known to be best). */
export function belady({ requests, sizes, room }: Load): number {
	const next = nextRequests(requests, sizes.length);
	const kept = new Float64Array(sizes.length).fill(-1);
	const heap = new Heap();
	let used = 0;
	return ratio(requests, (object, at) => {
		const hit = (kept[object] as number) >= 0;
		const again = next[at] as number;
		if (!hit) used += sizes[object] as number;
		kept[object] = again;
		heap.push({ worth: (again - at) * (sizes[object] as number), object, again });
		while (used > room) {
			const last = heap.pop();
			if (last === undefined) break;
			// It was asked for since.
			if (kept[last.object] !== last.again) continue;
			kept[last.object] = -1;
			used -= sizes[last.object] as number;
		}
		return hit;
	});
}

/** Share of hits in the second half. */
export function ratio(requests: Int32Array, hit: (object: number, at: number) => boolean): number {
	const half = requests.length >> 1;
	let hits = 0;
	for (let at = 0; at < requests.length; at++) if (hit(requests[at] as number, at) && at >= half) hits++;
	return hits / (requests.length - half);
}

/** When each request's object is asked for again; far beyond the end: never. */
function nextRequests(requests: Int32Array, objects: number): Float64Array {
	const next = new Float64Array(requests.length);
	const last = new Float64Array(objects).fill(1e12);
	for (let at = requests.length - 1; at >= 0; at--) {
		const object = requests[at] as number;
		next[at] = last[object] as number;
		last[object] = at;
	}
	return next;
}

interface Kept {
	worth: number;
	object: number;
	again: number;
}

/** The largest first. */
class Heap {
	readonly #kept: Kept[] = [];

	push(one: Kept): void {
		const kept = this.#kept;
		let at = kept.length;
		kept.push(one);
		while (at > 0) {
			const above = (at - 1) >> 1;
			if ((kept[above] as Kept).worth >= one.worth) break;
			kept[at] = kept[above] as Kept;
			at = above;
		}
		kept[at] = one;
	}

	pop(): Kept | undefined {
		const kept = this.#kept;
		const top = kept[0];
		const last = kept.pop();
		if (last === undefined || kept.length === 0) return top;
		let at = 0;
		for (;;) {
			let below = 2 * at + 1;
			if (below >= kept.length) break;
			if (below + 1 < kept.length && (kept[below + 1] as Kept).worth > (kept[below] as Kept).worth) below++;
			if (last.worth >= (kept[below] as Kept).worth) break;
			kept[at] = kept[below] as Kept;
			at = below;
		}
		kept[at] = last;
		return top;
	}
}
