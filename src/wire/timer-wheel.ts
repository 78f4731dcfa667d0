/**
 * One coarse timer wheel for all the time limits of a worker: a limit costs a field's write, where a
 * `setTimeout` each costs microseconds.
 *
 * A deadline is never early and at most two ticks late. Moving it later (every byte of a stream
 * does) only writes the field; the slot is corrected when it comes round.
 */

/** Milliseconds between ticks. */
export const TICK_MS = 50;
const SLOTS = 2048;

/** `performance.now()` counts from each thread's own start, and its `timeOrigin` from a wall clock that may jump. */
const SINCE_BOOT_MS = Number(process.hrtime.bigint() / 1000n) / 1000 - performance.now();

/** Milliseconds by a clock that does not jump and is the same in all threads and processes of the machine. */
export const sharedNow = (): number => sharedTime(performance.now());

/** A time of this thread's `performance.now()`, by that clock. */
export const sharedTime = (ownMs: number): number => SINCE_BOOT_MS + ownMs;

export interface TimerOwner {
	/** The deadline has passed; set a new one to go on. */
	onTimer(): void;
}

export class Timer {
	/** In ticks; 0 = off. */
	deadline = 0;
	/** The tick whose slot it stands in; 0 = in none. */
	slotTick = 0;
	next: Timer | null = null;
	prev: Timer | null = null;
	readonly owner: TimerOwner;

	constructor(owner: TimerOwner) {
		this.owner = owner;
	}
}

export class TimerWheel {
	/** Ticks since the start. Starts above 0, since 0 means off. */
	tick = 1;
	/** Milliseconds at the last tick, monotonic and the same in all threads. */
	nowMs = sharedNow();
	readonly #slots: (Timer | null)[] = new Array(SLOTS).fill(null);
	/** What is left of the slot that is being run. */
	#due: Timer | null = null;
	readonly #startMs = this.nowMs - TICK_MS;
	#interval: NodeJS.Timeout | undefined;
	readonly #faults: unknown[] = [];
	readonly #onTick: (() => void) | undefined;
	readonly #onFault: (error: unknown) => void;

	/**
	 * `onTick` runs at every tick: the heartbeat. `onFault` is told what an owner throws; without it the error is
	 * thrown once all others have run.
	 */
	constructor(onTick?: () => void, onFault?: (error: unknown) => void) {
		this.#onTick = onTick;
		this.#onFault = onFault ?? ((error) => this.#faults.push(error));
	}

	start(): void {
		this.#interval = setInterval(() => this.advance(sharedNow()), TICK_MS);
	}

	stop(): void {
		clearInterval(this.#interval);
	}

	/** Sets, moves or (0) clears the deadline, in ms from the last tick. */
	set(timer: Timer, ms: number): void {
		if (ms <= 0) {
			timer.deadline = 0;
			return;
		}
		const deadline = this.tick + Math.ceil(ms / TICK_MS) + 1;
		timer.deadline = deadline;
		if (timer.slotTick !== 0) {
			if (timer.slotTick <= deadline) return;
			this.#unlink(timer);
		}
		this.#link(timer, deadline);
	}

	/** Whoever has a timer that is on. */
	owners(): TimerOwner[] {
		const found: TimerOwner[] = [];
		for (const head of this.#slots)
			for (let timer = head; timer !== null; timer = timer.next) if (timer.deadline !== 0) found.push(timer.owner);
		return found;
	}

	/** Takes the timer out for good. */
	remove(timer: Timer): void {
		timer.deadline = 0;
		if (timer.slotTick !== 0) this.#unlink(timer);
	}

	/** Runs what is due up to this time. Called by the interval; by tests with a clock of their own. */
	advance(nowMs: number): void {
		this.nowMs = nowMs;
		const target = Math.floor((nowMs - this.#startMs) / TICK_MS);
		// After a long stall each slot is visited once at most: every timer in it is compared by its deadline.
		const from = Math.max(this.tick, target - SLOTS);
		// The time is now before any owner runs: what they set counts from now, not from some moment of the stall.
		if (target > this.tick) this.tick = target;
		for (let tick = from + 1; tick <= target; tick++) this.#run(tick % SLOTS);
		this.#onTick?.();
		if (this.#faults.length > 0) throw this.#faults.splice(0)[0];
	}

	#run(slot: number): void {
		this.#due = this.#slots[slot] as Timer | null;
		this.#slots[slot] = null;
		// Always the head: an owner that runs may take any other timer out of the list.
		for (let timer = this.#due; timer !== null; timer = this.#due) {
			this.#unlink(timer);
			if (timer.deadline > this.tick) this.#link(timer, timer.deadline);
			else if (timer.deadline !== 0) {
				timer.deadline = 0;
				try {
					timer.owner.onTimer();
				} catch (error) {
					this.#onFault(error);
				}
			}
		}
	}

	#link(timer: Timer, deadline: number): void {
		// A deadline further away than the wheel is long waits in its last slot and is looked at again there.
		const tick = Math.min(deadline, this.tick + SLOTS - 1);
		const slot = tick % SLOTS;
		const head = this.#slots[slot] as Timer | null;
		timer.slotTick = tick;
		timer.next = head;
		timer.prev = null;
		if (head !== null) head.prev = timer;
		this.#slots[slot] = timer;
	}

	#unlink(timer: Timer): void {
		if (timer.prev !== null) timer.prev.next = timer.next;
		else if (this.#due === timer) this.#due = timer.next;
		else if (this.#slots[timer.slotTick % SLOTS] === timer) this.#slots[timer.slotTick % SLOTS] = timer.next;
		if (timer.next !== null) timer.next.prev = timer.prev;
		timer.next = null;
		timer.prev = null;
		timer.slotTick = 0;
	}
}
