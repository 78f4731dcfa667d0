/**
 * Who follows entries that grow. Those of this worker are called in a later turn, once however much came meanwhile.
 * For those of others a bit in the entry says that they are there: only then their cell is changed, which wakes them.
 */
import type { EntryListener } from '../answer-store.ts';
import { type AnswerMemory, Control } from './answer-memory.ts';
import { Cell } from './entry-record.ts';

interface Watched {
	readonly unit: number;
	readonly listeners: Set<EntryListener>;
	/** What was there when they were told last. */
	state: number;
	received: number;
}

export class Watchers {
	readonly #memory: AnswerMemory;
	readonly #worker: number;
	readonly #watched = new Map<number, Watched>();
	/** Entries that this worker changed, and the workers that follow them. */
	readonly #changed = new Set<number>();
	/** Who fills here what others read on, and waits for them. */
	readonly #attending = new Set<() => void>();
	#others = 0;
	#planned = false;
	#listens = false;
	readonly #tell = (): void => this.#tellAll();

	constructor(memory: AnswerMemory, worker: number) {
		this.#memory = memory;
		this.#worker = worker;
	}

	/** The listener is called once at least, since what it saw last may be old by now. */
	watch(unit: number, listener: EntryListener): void {
		const { cells } = this.#memory;
		const at = this.#memory.cell(unit);
		let watched = this.#watched.get(unit);
		if (watched === undefined) {
			watched = { unit, listeners: new Set(), state: -1, received: -1 };
			this.#watched.set(unit, watched);
		}
		watched.listeners.add(listener);
		if (cells[at + Cell.filler] !== this.#worker + 1) {
			Atomics.or(cells, at + Cell.watchers, 1 << this.#worker);
			if (!this.#listens) this.#listen();
		}
		this.#changed.add(unit);
		this.#plan();
	}

	unwatch(unit: number, listener: EntryListener): void {
		const watched = this.#watched.get(unit);
		if (watched?.listeners.delete(listener) && watched.listeners.size === 0) this.#watched.delete(unit);
	}

	/** It is called whenever another worker wakes this one. */
	attend(listener: () => void): void {
		this.#attending.add(listener);
		if (!this.#listens) this.#listen();
	}

	leave(listener: () => void): void {
		this.#attending.delete(listener);
	}

	/** This worker changed an entry. */
	changed(unit: number): void {
		const others = Atomics.load(this.#memory.cells, this.#memory.cell(unit) + Cell.watchers);
		const watched = this.#watched.has(unit);
		if (others === 0 && !watched) return;
		this.#others |= others & ~(1 << this.#worker);
		if (watched) this.#changed.add(unit);
		this.#plan();
	}

	#plan(): void {
		if (this.#planned) return;
		this.#planned = true;
		setImmediate(this.#tell);
	}

	#tellAll(): void {
		this.#planned = false;
		const { cells } = this.#memory;
		for (let left = this.#others; left !== 0; left &= left - 1) {
			const cell = Control.wake + 31 - Math.clz32(left & -left);
			Atomics.add(cells, cell, 1);
			Atomics.notify(cells, cell);
		}
		this.#others = 0;
		const changed = [...this.#changed];
		this.#changed.clear();
		for (const unit of changed) {
			const watched = this.#watched.get(unit);
			if (watched !== undefined) this.#call(watched);
		}
	}

	#call(watched: Watched): void {
		const at = this.#memory.cell(watched.unit);
		watched.state = Atomics.load(this.#memory.cells, at + Cell.state);
		watched.received = Atomics.load(this.#memory.cells, at + Cell.received);
		for (const listener of [...watched.listeners]) if (watched.listeners.has(listener)) listener.entryChanged();
	}

	/** While somebody follows what another worker fills. */
	#listen(): void {
		const cell = Control.wake + this.#worker;
		this.#listens = true;
		const { cells } = this.#memory;
		const woken = Atomics.waitAsync(cells, cell, Atomics.load(cells, cell));
		const then = (): void => {
			this.#listens = false;
			if (this.#watched.size > 0 || this.#attending.size > 0) this.#listen();
			this.#look();
		};
		// Between the look and the wait it was changed.
		if (woken.async) void woken.value.then(then);
		else setImmediate(then);
	}

	#look(): void {
		for (const advance of [...this.#attending]) advance();
		const { cells } = this.#memory;
		const dead = Atomics.load(cells, Control.dead);
		for (const watched of [...this.#watched.values()]) {
			const at = this.#memory.cell(watched.unit);
			const changed =
				watched.state !== Atomics.load(cells, at + Cell.state) ||
				watched.received !== Atomics.load(cells, at + Cell.received);
			if (changed || (dead & (1 << ((cells[at + Cell.filler] as number) - 1))) !== 0) this.#call(watched);
		}
	}
}
