import assert from 'node:assert/strict';
import test from 'node:test';
import { gcraScale } from './gcra-scale.ts';
import { GcraTable } from './gcra-table.ts';

// What two threads do at once, one step at a time: the second does all of its work between two atomic operations of the
// first, and that is tried for each place between two.

const OPTIONS = { count: 100, perMs: 1000, burst: 1, entries: 64, full: 'refuse' } as const;
const NOW = 10_000;

type Operation = 'load' | 'compareExchange' | 'add' | 'sub';
const OPERATIONS: Operation[] = ['load', 'compareExchange', 'add', 'sub'];

/** Runs `first` with `second` in front of its operation number `at`; false: it has fewer. */
function interleave(first: () => void, second: () => void, at: number): boolean {
	const atomics = Atomics as unknown as Record<Operation, (...args: unknown[]) => unknown>;
	const own = {
		...atomics,
		load: atomics.load,
		compareExchange: atomics.compareExchange,
		add: atomics.add,
		sub: atomics.sub,
	};
	const restore = (): void => {
		for (const name of OPERATIONS) atomics[name] = own[name];
	};
	let seen = 0;
	for (const name of OPERATIONS) {
		atomics[name] = (...args) => {
			if (seen++ === at) {
				restore();
				second();
			}
			return own[name](...args);
		};
	}
	try {
		first();
	} finally {
		restore();
	}
	return seen > at;
}

interface Scenario {
	before?: (table: GcraTable) => void;
	first: (table: GcraTable) => boolean;
	second: (table: GcraTable, cells: Int32Array) => boolean;
	/** What must hold, whatever the order was. */
	after: (table: GcraTable, admitted: { first: boolean; second: boolean }) => void;
}

function inEveryOrder({ before, first, second, after }: Scenario): number {
	for (let at = 0; ; at++) {
		const memory = GcraTable.memory(OPTIONS.entries);
		const [one, other] = [new GcraTable(memory, OPTIONS), new GcraTable(memory, OPTIONS)];
		before?.(one);
		const admitted = { first: false, second: false };
		const reached = interleave(
			() => (admitted.first = first(one)),
			() => (admitted.second = second(other, new Int32Array(memory))),
			at,
		);
		if (!reached) return at;
		after(one, admitted);
	}
}

const takes = (table: GcraTable, key: number, nowMs = NOW): boolean => table.take(key, 0, nowMs) === 0;
/** A window in which entry 0 was key 1's and entry 1 another's, both over by now, and six others are in use. */
function nearlyFull(table: GcraTable): void {
	for (const key of [1, 100]) assert.ok(takes(table, key, NOW - 10.5));
	for (let key = 200; key < 206; key++) assert.ok(takes(table, key, NOW - 1));
	assert.deepEqual([table.used(NOW - 1), table.used(NOW), table.full], [8, 6, 0]);
}

test('a new key from two threads is admitted once', () => {
	const orders = inEveryOrder({
		first: (table) => takes(table, 1),
		second: (table) => takes(table, 1),
		after: (table, { first, second }) => {
			assert.equal(Number(first) + Number(second), 1);
			assert.equal(takes(table, 1), false);
			assert.equal(table.used(NOW), 1);
		},
	});
	assert.ok(orders > 10, `${orders}`);
});

test('two new keys that want the same entry get one each', () => {
	inEveryOrder({
		first: (table) => takes(table, 1),
		second: (table) => takes(table, 2),
		after: (table, { first, second }) => {
			assert.ok(first && second);
			assert.ok(!takes(table, 1) && !takes(table, 2));
			assert.equal(table.used(NOW), 2);
		},
	});
});

test('a charge on an entry that another key has just taken over is put back', () => {
	/** The cell of entry 0. */
	const entry = 16;
	const now = NOW * gcraScale(OPTIONS.count, OPTIONS.perMs, OPTIONS.burst).ticksPerMs;
	let claims = 0;
	inEveryOrder({
		before: nearlyFull,
		first: (table) => takes(table, 1),
		// The other thread claims the entry, if its time is over, and gets no further until the first is done.
		second: (_, cells) => (cells[entry + 1] as number) <= now && Atomics.compareExchange(cells, entry, 1, 2) === 1,
		after: (table, { first, second }) => {
			if (second) claims++;
			assert.ok(first && takes(table, 2));
			assert.ok(!takes(table, 1) && !takes(table, 2));
		},
	});
	assert.ok(claims >= 3, `${claims}`);
});

test('a key whose entry another takes over meanwhile puts its charge back and finds another entry', () => {
	inEveryOrder({
		before: nearlyFull,
		first: (table) => takes(table, 1),
		second: (table) => takes(table, 2),
		after: (table, { first, second }) => {
			assert.ok(first && second);
			assert.ok(!takes(table, 1) && !takes(table, 2));
		},
	});
});

test('a key that comes back while another takes its entry over: one too many, in one order of all', () => {
	let tooMany = 0;
	const orders = inEveryOrder({
		before: nearlyFull,
		first: (table) => takes(table, 2),
		second: (table) => takes(table, 1),
		after: (table, { second }) => {
			assert.ok(second);
			const again = takes(table, 1);
			if (again) tooMany++;
			assert.ok(!takes(table, 1) && !takes(table, 2));
		},
	});
	assert.ok(tooMany <= 1 && orders > 15, `in ${tooMany} of ${orders} orders`);
});

test('two threads whose clocks see another entry free do not keep two of the same key', () => {
	for (const [early, late] of [
		[NOW, NOW + 9.5],
		[NOW + 9.5, NOW],
	] as const) {
		inEveryOrder({
			// The first entry is free for the later clock only, the second for both.
			before: (table) => {
				assert.ok(takes(table, 200, NOW - 1) && takes(table, 201, 0));
			},
			first: (table) => takes(table, 1, early),
			second: (table) => takes(table, 1, late),
			after: (table, { first, second }) => {
				assert.equal(Number(first) + Number(second), 1, `${early}`);
				assert.ok(!takes(table, 1, NOW + 9.6));
			},
		});
	}
});

test('what is put back while another thread takes is neither lost nor there twice', () => {
	inEveryOrder({
		before: (table) => assert.ok(takes(table, 1)),
		first: (table) => {
			table.give(1, 0, NOW);
			return true;
		},
		second: (table) => takes(table, 1),
		after: (table, { second }) => assert.equal(takes(table, 1), !second),
	});
	inEveryOrder({
		before: (table) => assert.ok(takes(table, 1)),
		first: (table) => takes(table, 1),
		second: (table) => {
			table.give(1, 0, NOW);
			return true;
		},
		after: (table, { first }) => assert.equal(takes(table, 1), !first),
	});
});

test('a sweep takes no charge away', () => {
	inEveryOrder({
		before: (table) => assert.ok(takes(table, 1, 0)),
		first: (table) => {
			table.sweep(NOW, 0, 64);
			return true;
		},
		second: (table) => takes(table, 1),
		after: (table, { second }) => assert.ok(second && !takes(table, 1)),
	});
	inEveryOrder({
		before: (table) => assert.ok(takes(table, 1, 0)),
		first: (table) => takes(table, 1),
		second: (table) => {
			table.sweep(NOW, 0, 64);
			return true;
		},
		after: (table, { first }) => assert.ok(first && !takes(table, 1)),
	});
});
