/** Requests of one worker that wait for an instance, first come first served in each service. */

/** One that waits. */
export interface Waiter {
	/** Tries again; false: there still is nothing for it. */
	tryAgain(): boolean;
	/** It waits no longer: its time is over, or its memory more than there is room for. */
	turnedAway(why: 'timeout' | 'full'): void;
	/** Memory that it holds now. */
	readonly bytesHeld: number;
	/** It still waits: is its client still there? */
	lookAfter(): void;
}

/** What bounds all workers' waiting requests together. */
export interface HoldCount {
	/** False: there is no room for one more of so many bytes. */
	enter(bytes: number): boolean;
	/** One holds so many bytes more, or (negative) less; false: there is no room for them. */
	grow(bytes: number): boolean;
	leave(bytes: number): void;
}

/** How long one waits, in ticks of the timer wheel. */
export interface Wait {
	untilTick: number;
	/** It is not tried before. */
	fromTick: number;
}

/** Ticks after which those that wait are looked after: about a second. */
const LOOK_TICKS = 20;

interface Place extends Wait {
	waiter: Waiter;
	/** What of the node's room it has. */
	bytes: number;
	/** When it is looked after next. */
	lookTick: number;
}

interface Queue {
	places: Place[];
	/** It is being gone through: who begins within that must not begin again. */
	busy: boolean;
}

export class HoldRoom {
	readonly #count: HoldCount;
	readonly #queues = new Map<string, Queue>();
	/** Called when the first one begins to wait, to be woken from other threads. */
	readonly #filled: () => void;
	size = 0;

	constructor(count: HoldCount, filled: () => void) {
		this.#count = count;
		this.#filled = filled;
	}

	/** False: there is no room. */
	add(service: string, waiter: Waiter, wait: Wait): boolean {
		const bytes = waiter.bytesHeld;
		if (!this.#count.enter(bytes)) return false;
		let queue = this.#queues.get(service);
		if (queue === undefined) this.#queues.set(service, (queue = { places: [], busy: false }));
		queue.places.push({ waiter, bytes, lookTick: wait.fromTick + LOOK_TICKS, ...wait });
		this.size++;
		if (this.size === 1) this.#filled();
		return true;
	}

	/** It waits no longer: its client left. */
	remove(service: string, waiter: Waiter): void {
		const queue = this.#queues.get(service);
		const at = queue?.places.findIndex((place) => place.waiter === waiter) ?? -1;
		if (queue !== undefined && at >= 0) this.#take(queue, at);
	}

	#take(queue: Queue, at: number): Place {
		const [place] = queue.places.splice(at, 1) as [Place];
		this.size--;
		this.#count.leave(place.bytes);
		return place;
	}

	/** Something may have become free for this service. */
	wake(service: string, tick: number): void {
		const queue = this.#queues.get(service);
		if (queue === undefined || queue.busy || queue.places.length === 0) return;
		queue.busy = true;
		try {
			this.#serve(queue, tick);
		} finally {
			queue.busy = false;
		}
	}

	#serve(queue: Queue, tick: number): void {
		let at = 0;
		while (at < queue.places.length) {
			const place = queue.places[at] as Place;
			if (place.fromTick > tick) {
				at++;
				continue;
			}
			// Whoever begins may end at once and come back: it is out of the queue meanwhile.
			queue.places.splice(at, 1);
			let begun = true;
			try {
				begun = place.waiter.tryAgain();
			} finally {
				if (begun) {
					this.size--;
					this.#count.leave(place.bytes);
				} else queue.places.splice(at, 0, place);
			}
			if (!begun) return;
		}
	}

	wakeAll(tick: number): void {
		for (const service of this.#queues.keys()) this.wake(service, tick);
	}

	/** Once in a while: has its client left, and is there room for what it holds by now? */
	#lookAfter(place: Place, tick: number): boolean {
		if (tick < place.lookTick) return true;
		place.lookTick = tick + LOOK_TICKS;
		const more = place.waiter.bytesHeld - place.bytes;
		if (!this.#count.grow(more)) return false;
		place.bytes += more;
		place.waiter.lookAfter();
		return true;
	}

	/** At each tick: whose time is over leaves, and the others are tried. */
	onTick(tick: number): void {
		if (this.size === 0) return;
		for (const [service, queue] of this.#queues) {
			for (let at = queue.places.length - 1; at >= 0; at--) {
				const place = queue.places[at] as Place;
				if (place.untilTick <= tick) this.#take(queue, at).waiter.turnedAway('timeout');
				else if (!this.#lookAfter(place, tick)) this.#take(queue, at).waiter.turnedAway('full');
			}
			if (queue.places.length === 0 && !queue.busy) this.#queues.delete(service);
			else this.wake(service, tick);
		}
	}
}
