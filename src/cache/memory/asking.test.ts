import assert from 'node:assert/strict';
import test from 'node:test';
import { type Asking, FillState } from '../answer-store.ts';
import { AnswerMemory } from './answer-memory.ts';
import { type MemoryStore, openAnswerStore } from './memory-store.ts';
import { cacheKey, storedAnswer } from './testing/answers.ts';

const MIB = 1024 * 1024;
const any = (): boolean => true;
const isComing = ({ state }: { state: FillState }): boolean => state <= FillState.whole;
const nobody = (): Asking => ({ place: 0, entry: null, purges: 0 });
const BODY = Buffer.from('hello');
const whole = (text = BODY, changes = {}) => ({
	answer: storedAnswer({ length: text.length, tags: ['t'], ...changes }),
	bytes: text,
	start: 0,
	end: text.length,
	variantsMost: 32,
});

/** Two workers on one memory. */
function workers(bytes = 4 * MIB): [MemoryStore, MemoryStore] {
	const buffer = AnswerMemory.create(bytes);
	return [openAnswerStore(buffer, 0), openAnswerStore(buffer, 1)];
}

/** Asks for a key that nobody has. */
function asks(store: MemoryStore, name: string): Asking {
	const asking = { ...nobody(), purges: store.purges };
	assert.equal(store.find(cacheKey(name), any), null);
	assert.equal(store.ask(cacheKey(name), isComing, asking), null);
	return asking;
}

function textOf(store: MemoryStore, name: string): string | null {
	const found = store.find(cacheKey(name), any);
	const text = found === null ? null : found.read(0).toString();
	found?.release();
	return text;
}

test('what is all here is put in at once: head, tags, trailers none; nothing is left of it once it goes', () => {
	const [store, other] = workers();
	for (const length of [0, 5, 300, 20_000]) {
		const name = `k${length}`.padEnd(length % 97, 'k');
		const body = Buffer.alloc(length, 'abcdefg');
		const asking = asks(store, name);
		assert.equal(store.usage.entries, 0, 'nobody else has asked: there is no entry');
		assert.ok(store.put(cacheKey(name), asking, whole(body, { vary: [{ name: 'accept', value: 'x' }] })));
		assert.equal(asking.place, 0);
		const found = other.find(cacheKey(name), any);
		assert.ok(found !== null);
		assert.equal(found.state, FillState.whole);
		assert.deepEqual(found.answer?.tags, ['t']);
		assert.deepEqual(found.answer?.vary, [{ name: 'accept', value: 'x' }]);
		assert.equal(found.answer?.etag, '"abc"');
		assert.deepEqual(found.answer?.head, storedAnswer().head);
		assert.equal(found.trailers, null);
		assert.equal(found.received, length);
		if (length > 0) assert.ok(found.read(0).equals(body));
		found.remove();
		found.release();
	}
	assert.deepEqual(store.usage, { bytes: store.memory.arena, most: store.memory.buffer.byteLength, entries: 0 });
});

test('it takes the place of an older one, and keeps to the most of a key', () => {
	const [store] = workers();
	const key = cacheKey('k');
	for (const text of ['older', 'newer']) assert.ok(store.put(key, nobody(), whole(Buffer.from(text))));
	assert.equal(textOf(store, 'k'), 'newer');
	assert.equal(store.usage.entries, 1);
	for (const value of ['a', 'b', 'c']) {
		const one = whole(Buffer.from(value), { vary: [{ name: 'accept', value }] });
		assert.ok(store.put(key, nobody(), { ...one, variantsMost: 2 }));
	}
	assert.equal(store.usage.entries, 2);
	assert.equal(textOf(store, 'k'), 'c');
});

test('who comes second, in this worker or another, makes the entry that both follow; the first one fills it', () => {
	const [store, other] = workers();
	for (const second of [store, other]) {
		const asking = asks(store, 'k');
		const followed = second.ask(cacheKey('k'), isComing, nobody());
		assert.equal(followed?.state, FillState.asked);
		const third = other.ask(cacheKey('k'), isComing, nobody());
		assert.equal(third?.unit, followed?.unit);
		assert.equal(store.put(cacheKey('k'), asking, whole()), false, 'others follow it already');
		const entry = store.open(cacheKey('k'), asking);
		assert.equal(entry?.unit, followed?.unit);
		assert.equal(asking.place, 0);
		assert.ok(entry?.setAnswer(whole().answer));
		assert.ok(entry?.append(BODY, 0, BODY.length));
		entry?.complete(null);
		for (const one of [followed, third]) {
			assert.equal(one?.state, FillState.whole);
			assert.equal(one?.read(0).toString(), 'hello');
			one?.release();
		}
		entry?.remove();
		entry?.release();
		assert.equal(store.usage.bytes, store.memory.arena);
	}
});

test('who gives up tells those who followed, and leaves nothing', () => {
	const [store, other] = workers();
	const asking = asks(store, 'k');
	const followed = other.ask(cacheKey('k'), isComing, nobody());
	const left = store.leave(cacheKey('k'), asking);
	left?.fail(FillState.refused);
	left?.release();
	assert.equal(followed?.state, FillState.refused);
	followed?.release();
	const again = asks(other, 'k');
	assert.equal(other.leave(cacheKey('k'), again), null);
	assert.equal(other.leave(cacheKey('k'), again), null);
	assert.deepEqual(store.usage, { bytes: store.memory.arena, most: store.memory.buffer.byteLength, entries: 0 });
});

test('what was put in between the look and the question is found', () => {
	const [store, other] = workers();
	assert.equal(store.find(cacheKey('k'), any), null);
	assert.ok(other.put(cacheKey('k'), nobody(), whole()));
	const asking = nobody();
	const coming = store.ask(cacheKey('k'), isComing, asking);
	assert.equal(coming?.read(0).toString(), 'hello');
	assert.equal(asking.place, 0);
	coming?.release();
});

test('what is asked for is not stored once it was purged, by its key, by a tag, or as part of all; nor waited for', async () => {
	const [store, other] = workers();
	const purges: ((soft: boolean) => unknown)[] = [
		(soft) => assert.equal(other.purgeKey(cacheKey('k'), soft), 1),
		(soft) => other.purge({ tags: ['any'] }, soft),
		(soft) => other.purge({ prefixes: ['nobody/'] }, soft),
		(soft) => other.purge({ everything: true }, soft),
	];
	for (const purge of purges)
		for (const soft of [false, true]) {
			const asking = asks(store, 'k');
			await purge(soft);
			const later = asks(other, 'k');
			assert.equal(store.put(cacheKey('k'), asking, whole()), false);
			assert.equal(store.open(cacheKey('k'), asking), null);
			assert.equal(textOf(store, 'k'), null);
			assert.ok(other.put(cacheKey('k'), later, whole()), 'what was asked for behind the purge is stored');
			const found = store.find(cacheKey('k'), any);
			found?.remove();
			found?.release();
		}
	assert.deepEqual(store.usage, { bytes: store.memory.arena, most: store.memory.buffer.byteLength, entries: 0 });
});

test('of two keys with the same hash neither gets what the other one brings', () => {
	const [store] = workers();
	const [one, two] = ['one', 'two'].map((name) => ({ ...cacheKey(name), high: 5, low: 7 })) as [
		ReturnType<typeof cacheKey>,
		ReturnType<typeof cacheKey>,
	];
	const asking = nobody();
	store.find(one, any);
	assert.equal(store.ask(one, isComing, asking), null);
	store.find(two, any);
	const followed = store.ask(two, isComing, nobody());
	assert.equal(followed?.state, FillState.asked);
	const entry = store.open(one, asking);
	assert.equal(followed?.state, FillState.refused);
	assert.notEqual(entry?.unit, followed?.unit);
	followed?.release();
	entry?.fail(FillState.refused);
	entry?.release();
	assert.equal(store.usage.bytes, store.memory.arena);
});

test('where all places are taken others find an entry at once', () => {
	const [store, other] = workers();
	const key = (name: string) => ({ ...cacheKey(name), low: 9 });
	const asked = Array.from({ length: 5 }, (_, at) => {
		const asking = nobody();
		store.find(key(`k${at}`), any);
		assert.equal(store.ask(key(`k${at}`), isComing, asking), null);
		return asking;
	});
	assert.deepEqual(
		asked.map(({ place, entry }) => [place > 0, entry !== null]),
		[...new Array(3).fill([true, false]), ...new Array(2).fill([false, true])],
	);
	for (const [at, asking] of asked.entries()) {
		const followed = other.ask(key(`k${at}`), isComing, nobody());
		assert.equal(followed?.state, FillState.asked);
		const entry = asking.entry ?? store.open(key(`k${at}`), asking);
		assert.equal(entry, asking.entry ?? entry);
		entry?.fail(FillState.refused);
		entry?.release();
		followed?.release();
	}
	assert.deepEqual(store.usage, { bytes: store.memory.arena, most: store.memory.buffer.byteLength, entries: 0 });
});

test('in a scan few are stored; what comes again is, and what is given ends it', () => {
	const [store] = workers(MIB);
	const seen = { stored: 0 };
	const ask = (name: string): void => {
		const key = cacheKey(name);
		const found = store.find(key, any);
		found?.touch();
		found?.release();
		if (found !== null || !store.admits(key)) return;
		assert.ok(store.put(key, nobody(), whole(Buffer.alloc(600))));
		seen.stored++;
	};
	for (let at = 0; at < 5000; at++) ask(`scan ${at}`);
	seen.stored = 0;
	for (let at = 0; at < 3200; at++) ask(`more ${at}`);
	assert.equal(seen.stored, 100, 'one in 32');
	const again = Array.from({ length: 8 }, (_, at) => `again ${at}`);
	for (const name of again) ask(name);
	for (const name of again) ask(name);
	for (const name of again) assert.notEqual(textOf(store, name), null);
	for (let at = 0; at < 4000; at++) for (let times = 0; times < 3; times++) ask(`often ${at}`);
	seen.stored = 0;
	for (let at = 0; at < 100; at++) ask(`new ${at}`);
	assert.equal(seen.stored, 100);
});
