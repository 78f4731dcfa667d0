/**
 * Locks of a few microseconds in shared memory: a cell is 0, or who holds it. A thread that was stopped while it held
 * one never gives it back; so nobody waits longer than its patience, and nobody at all once the memory is abandoned.
 */
import { Control } from './answer-memory.ts';

/** Looks between two looks at the clock. */
const SPINS = 100;
/** Turns of spinning before it sleeps: the holder may not be running, and wants this processor. */
const TURNS = 2;
const SLEEP_MS = 0.05;

/** Patience, ms: of who looks up (it is a miss then), and of who writes: on a busy machine the holder may not run for long. */
export const LOOK_MS = 0.8;
/** Of who is about to ask the origin, which costs more: another one's request must not be overlooked. */
export const BEGIN_MS = 60;
export const WRITE_MS = 250;

/** True: got it. `owner` is not 0. */
export function lock(cells: Int32Array, at: number, owner: number, patienceMs: number): boolean {
	return Atomics.compareExchange(cells, at, 0, owner) === 0 || waitFor(cells, at, owner, patienceMs);
}

export function unlock(cells: Int32Array, at: number): void {
	Atomics.store(cells, at, 0);
}

function waitFor(cells: Int32Array, at: number, owner: number, patienceMs: number): boolean {
	const until = performance.now() + patienceMs;
	for (let turn = 0; ; turn++) {
		for (let spin = 0; spin < SPINS; spin++) {
			if (Atomics.load(cells, at) === 0 && Atomics.compareExchange(cells, at, 0, owner) === 0) return true;
		}
		if (performance.now() >= until || (turn >= TURNS && Atomics.load(cells, Control.abandoned) !== 0)) return false;
		// Nobody wakes it: a time-out that lets others run.
		if (turn >= TURNS) Atomics.wait(cells, at, Atomics.load(cells, at) || owner, SLEEP_MS);
	}
}
