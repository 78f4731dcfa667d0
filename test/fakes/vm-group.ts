/**
 * A group of VMs as clouds run them, without a timer: what a VM is follows from when it was made and how long its
 * start and its end take. What is read may be behind by `lagMs`.
 */

export interface VmTimes {
	/** From its creation to running, ms. */
	readonly startMs: number;
	/** From its deletion to gone, ms. */
	readonly endMs: number;
}

export interface Vm {
	readonly name: string;
	/** Counts up in the group; a number is never used again. */
	readonly index: number;
	readonly createdAt: number;
	/** What it is made from. */
	template: string;
	/** Epoch ms from which on it runs; infinite: the cloud has no place for it, or it is stuck. */
	runsAt: number;
	/** The cloud has no place for it. */
	waits: boolean;
	deletedAt: number;
	goneAt: number;
}

/** Far away, but not never. */
const HELD = Number.MAX_SAFE_INTEGER;

export type VmState = 'creating' | 'waiting' | 'running' | 'deleting';

export interface SeenVm {
	readonly vm: Vm;
	readonly state: VmState;
}

export interface Operation {
	readonly id: string;
	/** Epoch ms; infinite: it never ends. */
	endsAt: number;
	readonly startedAt: number;
	readonly error: 'capacity' | 'partial' | null;
	/** It is told at once that it failed. */
	readonly refused: boolean;
}

export interface VmGroupParts extends VmTimes {
	readonly size: number;
	readonly nameOf: (index: number) => string;
}

export class VmGroup {
	lagMs = 0;
	/** What VMs are made from from now on. */
	template = '';
	readonly operations: Map<string, Operation> = new Map();
	/** Of the size, in order: `4`, and `-videos_1` for one that was removed. */
	readonly changes: string[] = [];
	readonly #parts: VmGroupParts;
	readonly #vms: Vm[] = [];
	readonly #sizes: { at: number; size: number }[];
	#places = Number.POSITIVE_INFINITY;
	#held: 'nothing' | 'starts' | 'all' = 'nothing';
	#stuck = false;
	#partial: 'late' | 'at once' | null = null;
	#made = 0;

	/** Those it begins with run at once. */
	constructor(parts: VmGroupParts) {
		this.#parts = parts;
		this.#sizes = [{ at: 0, size: parts.size }];
		for (let count = 0; count < parts.size; count++)
			this.#make({ runsAt: 0, createdAt: Date.now() - 60_000, waits: false });
	}

	/** The size now, whatever is read. */
	get size(): number {
		return this.#sizes.at(-1)?.size ?? 0;
	}

	/** Those that are there now, whatever is read. */
	get names(): string[] {
		return this.#seen(Date.now()).map(({ vm }) => vm.name);
	}

	get alive(): string[] {
		return this.#seen(Date.now())
			.filter(({ state }) => state !== 'deleting')
			.map(({ vm }) => vm.name);
	}

	/** From now on the cloud has places for so many VMs; those that waited start when there are more. */
	capacity(places: number): void {
		this.#places = places;
		for (const vm of this.#vms.filter((one) => one.waits)) {
			if (this.#placed() >= places) break;
			vm.waits = false;
			vm.runsAt = this.#after(this.#parts.startMs, 'start');
		}
	}

	/** Until `release` nothing starts, or nothing starts or ends. */
	hold(what: 'starts' | 'all' = 'all'): void {
		this.#held = what;
	}

	release(): void {
		this.#held = 'nothing';
		const now = Date.now();
		for (const vm of this.#vms) {
			if (!vm.waits && vm.runsAt === HELD) vm.runsAt = now;
			if (vm.goneAt === HELD) vm.goneAt = now;
		}
		for (const operation of this.operations.values()) if (operation.endsAt === HELD) operation.endsAt = now;
	}

	/** The next operation never ends, and what it began never gets on. */
	stick(): void {
		this.#stuck = true;
	}

	/** Of the next deletion of several only the first is done; it is told late, or at once. */
	failPartly(told: 'late' | 'at once' = 'late'): void {
		this.#partial = told;
	}

	resize(size: number): Operation {
		const alive = this.#vms.filter((vm) => vm.deletedAt === Number.POSITIVE_INFINITY);
		const stuck = this.#takeStuck();
		const before = alive.length;
		for (let count = before; count < size; count++) {
			const waits = this.#placed() >= this.#places;
			const never = waits || stuck;
			this.#make({
				createdAt: Date.now(),
				waits,
				runsAt: never ? Number.POSITIVE_INFINITY : this.#after(this.#parts.startMs, 'start'),
			});
		}
		for (const vm of alive.slice(size)) this.#end(vm, stuck);
		if (size !== this.size) this.changes.push(String(size));
		this.#sizes.push({ at: Date.now(), size });
		const short = alive.length < size && this.#vms.some((vm) => vm.waits);
		const tookMs = size === before ? 0 : size > before ? this.#parts.startMs : this.#parts.endMs;
		return this.#operation({ tookMs, stuck, error: short ? 'capacity' : null, refused: false });
	}

	/** @returns null when one of them is no VM of the group */
	delete(names: readonly string[]): Operation | null {
		const there = names.map((name) => this.#vms.find((vm) => vm.name === name && vm.goneAt > Date.now()));
		if (there.includes(undefined)) return null;
		const stuck = this.#takeStuck();
		const partial = names.length > 1 ? this.#partial : null;
		if (partial !== null) this.#partial = null;
		const ended = (partial === null ? there : there.slice(0, 1)).filter(
			(vm): vm is Vm => vm !== undefined && vm.deletedAt === Number.POSITIVE_INFINITY,
		);
		for (const vm of ended) {
			this.#end(vm, stuck);
			this.changes.push(`-${vm.name}`);
		}
		this.#sizes.push({ at: Date.now(), size: this.size - ended.length });
		return this.#operation({
			tookMs: this.#parts.endMs,
			stuck,
			error: partial === null ? null : 'partial',
			refused: partial === 'at once',
		});
	}

	/** Somebody else sets the size. */
	resizeOutside(size: number): void {
		const before = this.changes.length;
		this.resize(size);
		this.changes.length = before;
	}

	/** One that ends by itself and is replaced. */
	replace(name: string): void {
		this.evict(name);
		this.#make({ createdAt: Date.now(), waits: false, runsAt: this.#after(this.#parts.startMs, 'start') });
	}

	/** One that ends by itself and is not replaced, as a spot VM does; the size stays. */
	evict(name: string): void {
		const vm = this.#vms.find((one) => one.name === name);
		if (vm !== undefined) this.#end(vm, false);
	}

	/** What those that are there were made from. */
	setTemplate(template: string): void {
		for (const vm of this.#vms) vm.template = template;
	}

	/** An operation that is done with what it noted. */
	note(): Operation {
		return this.#operation({ tookMs: 0, stuck: false, error: null, refused: false });
	}

	/** Each VM is replaced by one of this template: so many at a time are made, then as many old ones go. */
	rollOut(template: string, surge: number): void {
		const old = this.#vms.filter((vm) => vm.deletedAt === Number.POSITIVE_INFINITY);
		this.template = template;
		const { startMs, endMs } = this.#parts;
		let at = Date.now();
		for (const [index, vm] of old.entries()) {
			if (index > 0 && index % surge === 0) at += startMs + endMs;
			const waits = this.#placed() >= this.#places;
			this.#make({ createdAt: at, waits, runsAt: waits ? Number.POSITIVE_INFINITY : at + startMs });
			if (waits) return;
			vm.deletedAt = at + startMs;
			vm.goneAt = vm.deletedAt + endMs;
		}
	}

	/** As it is read: behind by `lagMs`. */
	read(): { size: number; vms: SeenVm[] } {
		const at = Date.now() - this.lagMs;
		return { size: this.#sizes.findLast((one) => one.at <= at)?.size ?? this.size, vms: this.#seen(at) };
	}

	#seen(at: number): SeenVm[] {
		return this.#vms
			.filter((vm) => vm.createdAt <= at && vm.goneAt > at)
			.map((vm) => {
				if (vm.deletedAt <= at) return { vm, state: 'deleting' };
				if (vm.runsAt <= at) return { vm, state: 'running' };
				return { vm, state: vm.waits ? 'waiting' : 'creating' };
			});
	}

	#placed(): number {
		return this.#vms.filter((vm) => !vm.waits && vm.goneAt > Date.now()).length;
	}

	#make(facts: Pick<Vm, 'createdAt' | 'runsAt' | 'waits'>): Vm {
		const index = this.#made++;
		const never = Number.POSITIVE_INFINITY;
		const { template } = this;
		const vm = { name: this.#parts.nameOf(index), index, template, ...facts, deletedAt: never, goneAt: never };
		this.#vms.push(vm);
		return vm;
	}

	#end(vm: Vm, stuck: boolean): void {
		vm.deletedAt = Date.now();
		vm.goneAt = stuck ? Number.POSITIVE_INFINITY : this.#after(this.#parts.endMs, 'end');
	}

	#after(ms: number, what: 'start' | 'end'): number {
		const held = this.#held === 'all' || (this.#held === 'starts' && what === 'start');
		return held ? HELD : Date.now() + ms;
	}

	#takeStuck(): boolean {
		const stuck = this.#stuck;
		this.#stuck = false;
		return stuck;
	}

	#operation({
		tookMs,
		stuck,
		...more
	}: { tookMs: number; stuck: boolean } & Pick<Operation, 'error' | 'refused'>): Operation {
		const startedAt = Date.now();
		const endsAt = stuck ? Number.POSITIVE_INFINITY : this.#after(tookMs, 'end');
		const operation = { id: `operation-${this.operations.size + 1}`, startedAt, endsAt, ...more };
		this.operations.set(operation.id, operation);
		return operation;
	}
}
