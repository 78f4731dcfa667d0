/** Things put into bodies that are no bigger than the receiver takes. */

export interface Body<T> {
	bytes: Buffer;
	things: readonly T[];
}

export interface BodyBounds {
	/** Most bytes of a body. */
	maxBytes: number;
	/** Most things in one. */
	maxThings: number;
}

/**
 * Each body is made when it is asked for, so that what is sent meanwhile is not held up by all of them. A thing that
 * is too big on its own is in no body: `tooBig` is called with it.
 */
export function* bodiesOf<T>(
	things: readonly T[],
	bounds: BodyBounds,
	how: { encode(things: readonly T[]): Buffer; tooBig(thing: T): void },
): Generator<Body<T>, void, void> {
	const pending: (readonly T[])[] = [];
	for (let at = things.length; at > 0; at -= bounds.maxThings) {
		pending.push(things.slice(Math.max(0, at - bounds.maxThings), at));
	}
	for (let next = pending.pop(); next !== undefined; next = pending.pop()) {
		const bytes = how.encode(next);
		if (bytes.length <= bounds.maxBytes) yield { bytes, things: next };
		else if (next.length === 1) how.tooBig(next[0] as T);
		else {
			const half = Math.ceil(next.length / 2);
			pending.push(next.slice(half), next.slice(0, half));
		}
	}
}
