import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { Member } from './port.ts';
import { BUCKETS, Rendezvous } from './rendezvous.ts';
import { times } from './testing-pool.ts';

function membersOf(ids: readonly number[]): Member[] {
	const named = ids.map((id) => ({ slot: id, id: `legacy@10.1.0.${id}:80` }));
	return named.toSorted((a, b) => (a.id < b.id ? -1 : 1));
}

function ownersOf(rendezvous: Rendezvous, members: Member[], buckets = BUCKETS): string[] {
	return times(buckets, (bucket) => members[rendezvous.owner(bucket)]?.id ?? 'none');
}

function rendezvousOf(members: Member[], weights: (id: Member) => number = () => 1000): Rendezvous {
	const rendezvous = new Rendezvous();
	rendezvous.set(
		members.map(({ id }) => id),
		Float64Array.from(members, weights),
	);
	return rendezvous;
}

test('each member owns its share of the weights', () => {
	const members = membersOf(times(10, (id) => id));
	const owners = ownersOf(
		rendezvousOf(members, ({ slot }) => 1000 * (1 + slot)),
		members,
	);
	for (const { id, slot } of members) {
		const expected = (BUCKETS * (1 + slot)) / 55;
		const owned = owners.filter((owner) => owner === id).length;
		assert.ok(Math.abs(owned - expected) < 5 * Math.sqrt(expected), `${id} owns ${owned}, not ${expected}`);
	}
});

test('who leaves gives up its own buckets, who joins takes its own, and nothing else moves', () => {
	const all = membersOf(times(12, (id) => id));
	const rendezvous = rendezvousOf(all);
	const before = ownersOf(rendezvous, all);
	const rest = all.filter(({ slot }) => slot !== 5);
	rendezvous.set(
		rest.map(({ id }) => id),
		new Float64Array(11).fill(1000),
	);
	const without = ownersOf(rendezvous, rest);
	const gone = all.find(({ slot }) => slot === 5)?.id;
	before.forEach((owner, bucket) => {
		if (owner !== gone) assert.equal(without[bucket], owner);
	});
	rendezvous.set(
		all.map(({ id }) => id),
		new Float64Array(12).fill(1000),
	);
	assert.deepEqual(ownersOf(rendezvous, all), before);
});

test('a member that gains weight only takes, one that loses weight only gives', () => {
	const members = membersOf(times(8, (id) => id));
	const rendezvous = rendezvousOf(members);
	const before = ownersOf(rendezvous, members);
	rendezvous.setWeight(3, 2000);
	const heavier = ownersOf(rendezvous, members);
	const moved = before.filter((owner, bucket) => owner !== heavier[bucket]).length;
	before.forEach((owner, bucket) => {
		if (owner !== heavier[bucket]) assert.equal(heavier[bucket], members[3]?.id);
	});
	assert.ok(Math.abs(moved / BUCKETS - (2 / 9 - 1 / 8)) < 0.01, `${moved} moved`);
	rendezvous.setWeight(3, 1000);
	assert.deepEqual(ownersOf(rendezvous, members), before);
});

test('whatever happened before, the owners are those of a fresh table', () => {
	const change = fc.oneof(
		fc.record({ ids: fc.uniqueArray(fc.nat(30), { maxLength: 20 }) }),
		fc.record({ at: fc.nat(19), weight: fc.constantFrom(0, 1, 700, 1000, 5000) }),
		fc.record({ ask: fc.integer({ min: 1, max: 400 }) }),
	);
	fc.assert(
		fc.property(fc.array(change, { minLength: 1, maxLength: 25 }), (changes) => {
			let members = membersOf([1, 2, 3, 4]);
			const weights = new Map(times(31, (id) => [id, 1000]));
			const rendezvous = rendezvousOf(members);
			for (const step of changes) {
				if ('ids' in step) {
					members = membersOf(step.ids);
					rendezvous.set(
						members.map(({ id }) => id),
						Float64Array.from(members, ({ slot }) => weights.get(slot) as number),
					);
				} else if ('at' in step && members[step.at]) {
					weights.set((members[step.at] as Member).slot, step.weight);
					rendezvous.setWeight(step.at, step.weight);
				} else if ('ask' in step) ownersOf(rendezvous, members, step.ask);
			}
			const fresh = rendezvousOf(members, ({ slot }) => weights.get(slot) as number);
			assert.deepEqual(ownersOf(rendezvous, members, 500), ownersOf(fresh, members, 500));
		}),
		{ seed: 19, numRuns: 60 },
	);
});
