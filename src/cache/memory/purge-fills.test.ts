/** What is asked for while something is purged: spoilt only if it is of the purge, however many there are. */
import assert from 'node:assert/strict';
import test from 'node:test';
import { type AnswerEntry, type Asking, FillState, type PurgeSelect } from '../answer-store.ts';
import { RecentPurges } from '../purges/recent-purges.ts';
import { AnswerMemory } from './answer-memory.ts';
import { type MemoryStore, openAnswerStore } from './memory-store.ts';
import { cacheKey, storedAnswer } from './testing/answers.ts';

const KEY = cacheKey('ha.example/k');
const any = (): boolean => true;
const isComing = ({ state }: AnswerEntry): boolean => state <= FillState.whole;
const BODY = Buffer.from('hello');
const ANSWER = storedAnswer({ length: 5, tags: ['t'] });
const WHOLE = { answer: ANSWER, bytes: BODY, start: 0, end: 5, variantsMost: 32 };

const OTHERS: readonly PurgeSelect[] = [
	{ urls: ['http://a.example/other', 'http://a.example/k/x'] },
	{ prefixes: ['b.example', 'a.example/other/'] },
	{ tags: ['u', 'v'] },
];
const OURS: readonly PurgeSelect[] = [
	{ urls: ['https://A.example:443/k'] },
	{ prefixes: ['a.example'] },
	{ tags: ['u', 't'] },
	{ everything: true },
];

/** Two workers and the control plane on one memory. */
function stores(): { one: MemoryStore; other: MemoryStore; control: MemoryStore } {
	const buffer = AnswerMemory.create(2 * 1024 * 1024);
	const recent = RecentPurges.create();
	const store = (worker: number): MemoryStore => openAnswerStore(buffer, worker, { recent });
	return { one: store(0), other: store(1), control: store(2) };
}

function asks(store: MemoryStore): Asking {
	const asking: Asking = { place: 0, entry: null, purges: store.purges };
	assert.equal(store.find(KEY, any), null);
	assert.equal(store.ask(KEY, isComing, asking), null);
	return asking;
}

/** As the control plane, of which fills see every step. */
async function purgeOthers(control: MemoryStore, soft: boolean): Promise<void> {
	for (let times = 0; times < 4; times++) for (const select of OTHERS) await control.purge(select, soft);
}

/** Since when what is stored is stale, epoch ms; null: nothing is. */
function staleFrom(store: MemoryStore): number | null {
	const entry = store.find(KEY, any);
	entry?.release();
	return entry?.staleFromMs ?? null;
}

const forget = (store: MemoryStore): void => void store.purgeKey(KEY, false);

/** The ways in which an answer comes into the store, from the question on; whether it did. */
const WAYS: Readonly<Record<string, (store: MemoryStore, between: () => Promise<void>) => Promise<boolean>>> = {
	'at once': async (store, between) => {
		const asking = asks(store);
		await between();
		const done = store.put(KEY, asking, WHOLE);
		store.leave(KEY, asking)?.release();
		return done;
	},
	'by and by': async (store, between) => {
		const asking = asks(store);
		await between();
		const entry = store.open(KEY, asking);
		const done = entry?.setAnswer(ANSWER) === true && entry.append(BODY, 0, 5);
		if (done) entry?.complete(null);
		entry?.release();
		return done;
	},
	'while its head is known': async (store, between) => {
		const asking = asks(store);
		const entry = store.open(KEY, asking);
		assert.ok(entry !== null);
		assert.ok(entry.setAnswer(ANSWER));
		await between();
		entry.append(BODY, 0, 5);
		entry.complete(null);
		entry.release();
		return staleFrom(store) !== null;
	},
	'without a place': async (store, between) => {
		const since = store.purges;
		await between();
		const entry = store.begin(KEY, undefined, since);
		const done = entry?.setAnswer(ANSWER) === true && entry.append(BODY, 0, 5);
		if (done) entry?.complete(null);
		entry?.release();
		return done;
	},
};

for (const [way, stored] of Object.entries(WAYS)) {
	test(`${way}: purges of others change nothing`, async () => {
		const { one, control } = stores();
		for (const soft of [false, true]) {
			assert.ok(await stored(one, () => purgeOthers(control, soft)));
			assert.equal(staleFrom(one), 0);
			forget(one);
		}
		assert.deepEqual(one.usage.entries, 0);
	});

	test(`${way}: what is purged meanwhile is not stored, or stale`, async () => {
		for (const select of OURS) {
			const { one, control } = stores();
			// Whether it is of it, others before and behind do not hide.
			const between = (soft: boolean) => async (): Promise<void> => {
				await purgeOthers(control, soft);
				await control.purge(select, soft);
				await purgeOthers(control, soft);
			};
			assert.equal(await stored(one, between(false)), false, JSON.stringify(select));
			assert.equal(staleFrom(one), null);
			assert.ok(await stored(one, between(true)));
			assert.ok((staleFrom(one) as number) > 0, JSON.stringify(select));
			forget(one);
			assert.equal(one.usage.bytes, one.memory.arena, 'nothing is left of it');
			assert.ok(await stored(one, async () => {}), 'what is asked for behind the purge is stored');
			assert.equal(staleFrom(one), 0);
		}
	});
}

test('a renewal holds over purges of others, and over none of its own, by the tags of before or after', async () => {
	const { one, control } = stores();
	const renewed = storedAnswer({ length: 5, tags: ['later'], etag: '"2"' });
	const etagOf = (): string | null | undefined => {
		const found = one.find(KEY, any);
		found?.release();
		return found?.answer?.etag;
	};
	for (const select of [...OURS, { tags: ['later'] }])
		for (const soft of [false, true]) {
			assert.ok(one.put(KEY, asks(one), WHOLE));
			const entry = one.find(KEY, any) as AnswerEntry;
			const since = one.purges;
			await purgeOthers(control, soft);
			const between = one.update(entry, storedAnswer({ length: 5, tags: ['t'] }), since);
			assert.ok(between !== null);
			await control.purge(select, soft);
			assert.equal(one.update(between, renewed, since), null, JSON.stringify([select, soft]));
			if (soft) assert.equal(etagOf(), '"abc"');
			between.remove();
			for (const each of [entry, between]) each.release();
			assert.equal(one.usage.bytes, one.memory.arena);
		}
});

test('who comes behind a purge of the key asks for himself; behind others he follows', async () => {
	const { one, other, control } = stores();
	for (const soft of [false, true])
		for (const select of OURS) {
			const asking = asks(one);
			await purgeOthers(control, soft);
			const follower = other.find(KEY, any) ?? other.ask(KEY, isComing, { place: 0, entry: null, purges: 0 });
			assert.equal(follower?.state, FillState.asked, 'he follows');
			follower?.release();
			const entry = one.open(KEY, asking);
			entry?.fail(FillState.refused);
			entry?.release();
			const again = asks(one);
			await control.purge(select, soft);
			other.find(KEY, any);
			const own: Asking = { place: 0, entry: null, purges: other.purges };
			const followed = other.ask(KEY, isComing, own);
			// Of whose tags it is shows only later.
			assert.equal(followed === null, !('tags' in select), JSON.stringify(select));
			followed?.release();
			for (const [store, each] of [
				[one, again],
				[other, own],
			] as const) {
				const left = store.leave(KEY, each);
				left?.fail(FillState.refused);
				left?.release();
			}
			assert.equal(one.usage.bytes, one.memory.arena);
		}
});

test('who waits for what proves to be purged by a tag looks again', async () => {
	const { one, other, control } = stores();
	const asking = asks(one);
	other.find(KEY, any);
	const follower = other.ask(KEY, isComing, { place: 0, entry: null, purges: other.purges });
	await control.purge({ tags: ['t'] }, false);
	const entry = one.open(KEY, asking);
	assert.equal(entry?.setAnswer(ANSWER), false);
	assert.equal(follower?.state, FillState.purged);
	for (const each of [entry, follower]) each?.release();
	assert.equal(one.usage.bytes, one.memory.arena);
});

test('who waited before his key was purged gets what he waited for; nobody else does', async () => {
	const { one, other, control } = stores();
	const asking = asks(one);
	other.find(KEY, any);
	const follower = other.ask(KEY, isComing, { place: 0, entry: null, purges: other.purges });
	await control.purge({ urls: ['http://a.example/k'] }, false);
	assert.equal(other.find(KEY, any), null);
	const entry = one.open(KEY, asking);
	assert.ok(entry !== null);
	assert.ok(entry.setAnswer(ANSWER) && entry.append(BODY, 0, 5));
	entry.complete(null);
	assert.equal(follower?.read(0).toString(), 'hello');
	assert.equal(follower?.state, FillState.whole);
	assert.equal(staleFrom(one), null);
	for (const each of [entry, follower]) each?.release();
	assert.equal(one.usage.bytes, one.memory.arena);
});

test('the count of purges may wrap', async () => {
	const buffer = AnswerMemory.create(1024 * 1024);
	const recent = RecentPurges.create();
	const store = openAnswerStore(buffer, 0, { recent });
	new Float64Array(recent)[0] = 2 ** 31 - 2;
	await store.purge({ tags: ['t'] }, false);
	const before = asks(store);
	assert.equal(before.purges, 2 ** 31 - 1);
	await store.purge({ tags: ['u'] }, false);
	assert.ok(store.purges < 0);
	assert.ok(store.put(KEY, before, WHOLE));
	forget(store);
	const asking = asks(store);
	await store.purge({ tags: ['t'] }, false);
	assert.equal(store.put(KEY, asking, WHOLE), false);
	assert.equal(store.leave(KEY, asking), null);
});

test('purges that come while one is under way are one walk together, and each counts what is its own', async () => {
	const { one, control } = stores();
	const put = (name: string, tag: string): boolean =>
		one.put(
			cacheKey(`ha.example/${name}`),
			{ place: 0, entry: null, purges: one.purges },
			{ ...WHOLE, answer: storedAnswer({ length: 5, tags: [tag] }) },
		);
	for (let at = 0; at < 30; at++) assert.ok(put(`${at}`, `t${at % 3}`));
	let looks = 0;
	const { table } = control;
	const collect = table.collectBucket.bind(table);
	table.collectBucket = (bucket, suits) => {
		if (bucket === 0) looks++;
		return collect(bucket, suits);
	};
	const first = control.purge({ urls: ['http://a.example/0'] }, false);
	const rest = [
		control.purge({ tags: ['t0', 't1'] }, true),
		control.purge({ tags: ['t0'] }, false),
		control.purge({ prefixes: ['a.example/1'] }, false),
	];
	// Of before in any case, though the walk is still to come.
	const asking: Asking = { place: 0, entry: null, purges: 0 };
	assert.equal(one.put(cacheKey('ha.example/0'), asking, { ...WHOLE, answer: storedAnswer({ tags: ['t0'] }) }), false);
	assert.equal(await first, 1);
	// 30 less the one, of three tags; t1: 1, 10, 13, 16, 19; of the last also t2: 11, 14, 17.
	assert.deepEqual(await Promise.all(rest), [19, 9, 8]);
	assert.equal(looks, 2);
	assert.equal(one.usage.entries, 30 - 1 - 9 - 8);
});
