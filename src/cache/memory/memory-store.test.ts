import assert from 'node:assert/strict';
import test from 'node:test';
import { type AnswerEntry, FillState } from '../answer-store.ts';
import type { StoredAnswer } from '../stored-answer.ts';
import { AnswerMemory } from './answer-memory.ts';
import { type MemoryStore, openAnswerStore } from './memory-store.ts';
import { cacheKey, storedAnswer } from './testing/answers.ts';

const MIB = 1024 * 1024;
const any = (): boolean => true;
const open = (bytes = 4 * MIB): MemoryStore => openAnswerStore(AnswerMemory.create(bytes), 0);

function put(store: MemoryStore, name: string, body: Buffer, answer: Partial<StoredAnswer> = {}): boolean {
	const entry = store.begin(cacheKey(name));
	if (entry === null) return false;
	const done = entry.setAnswer(storedAnswer({ length: body.length, ...answer })) && entry.append(body, 0, body.length);
	if (done) entry.complete(null);
	else entry.fail(FillState.broken);
	entry.release();
	return done;
}

function bodyOf(entry: AnswerEntry): Buffer {
	const parts: Buffer[] = [];
	for (let at = 0; at < entry.received; ) {
		const part = entry.read(at);
		assert.ok(part.length > 0);
		parts.push(part);
		at += part.length;
	}
	return Buffer.concat(parts);
}

function bytes(length: number, seed = 1): Buffer {
	const body = Buffer.allocUnsafe(length);
	let state = seed | 1;
	for (let at = 0; at < length; at++) {
		state = (Math.imul(state, 1664525) + 1013904223) | 0;
		body[at] = state >>> 24;
	}
	return body;
}

test('an answer is found again as it was, by its key alone', () => {
	const store = open();
	const answer = storedAnswer({
		vary: [{ name: 'accept-encoding', value: 'br' }],
		tags: ['one', 'zwei'],
		lastModifiedMs: 17,
		length: 5,
	});
	const filling = store.begin(cacheKey('https://a/b'));
	assert.ok(filling !== null);
	assert.ok(filling.setAnswer(answer));
	assert.equal(filling.state, FillState.filling);
	filling.append(Buffer.from('xhellox'), 1, 6);
	filling.complete(Buffer.from('T: 1\r\n'));
	filling.release();
	const entry = store.find(cacheKey('https://a/b'), any);
	assert.ok(entry !== null);
	assert.equal(entry.state, FillState.whole);
	for (const [name, value] of Object.entries(answer)) {
		assert.deepEqual(entry.answer?.[name as keyof StoredAnswer], value, name);
	}
	assert.equal(entry.read(0).toString(), 'hello');
	assert.equal(entry.read(3).toString(), 'lo');
	assert.equal(entry.trailers?.toString(), 'T: 1\r\n');
	entry.release();
	assert.equal(store.find(cacheKey('https://a/c'), any), null);
	const other = cacheKey('https://a/x');
	const liar = { ...other, high: cacheKey('https://a/b').high, low: cacheKey('https://a/b').low };
	assert.equal(store.find(liar, any), null);
});

for (const [what, known] of [
	['known', true],
	['unknown', false],
] as const) {
	test(`bodies of any size come back as they went in, their length ${what} beforehand`, () => {
		const store = open(32 * MIB);
		for (const length of [0, 1, 100, 255, 256, 2000, 5000, 70_000, MIB, MIB + 1, 3 * MIB + 77]) {
			const body = bytes(length, length);
			const filling = store.begin(cacheKey(`k${length}`));
			assert.ok(filling !== null);
			assert.ok(filling.setAnswer(storedAnswer({ length: known ? length : -1 })));
			for (let at = 0; at < length; at += 60_000) assert.ok(filling.append(body, at, Math.min(at + 60_000, length)));
			filling.complete(null);
			filling.release();
			const entry = store.find(cacheKey(`k${length}`), any);
			assert.ok(entry !== null);
			assert.ok(bodyOf(entry).equals(body), `${length}`);
			entry.release();
		}
		return store.purge({ everything: true }, false).then((count) => {
			assert.equal(count, 11);
			assert.equal(store.usage.bytes, store.memory.arena);
		});
	});
}

test('what is held stays as it is though it is purged, and its memory comes back with the last release', async () => {
	const store = open();
	const empty = store.usage.bytes;
	const body = bytes(100_000);
	assert.ok(put(store, 'a', body));
	const entry = store.find(cacheKey('a'), any);
	const again = store.find(cacheKey('a'), any);
	assert.ok(entry !== null && again !== null);
	assert.equal(store.purgeKey(cacheKey('a'), false), 1);
	assert.equal(store.find(cacheKey('a'), any), null);
	for (let i = 0; i < 200; i++) put(store, `b${i}`, bytes(50_000, i));
	assert.ok(bodyOf(entry).equals(body));
	entry.release();
	assert.ok(bodyOf(again).equals(body));
	again.release();
	assert.throws(() => again.release());
	await store.purge({ everything: true }, false);
	assert.equal(store.usage.bytes, empty);
});

test('the memory is never above what it may be; what is often given stays', () => {
	const store = open(2 * MIB);
	const hot = cacheKey('hot');
	put(store, 'hot', bytes(1000));
	for (let i = 0; i < 10_000; i++) {
		assert.ok(put(store, `k${i}`, bytes(500 + (i % 4000), i)));
		const entry = store.find(hot, any);
		assert.ok(entry !== null, `after ${i}`);
		entry.touch();
		entry.release();
		assert.ok(store.usage.bytes <= 2 * MIB);
	}
	assert.ok(store.memory.buffer.byteLength <= 2 * MIB);
	assert.ok(store.usage.bytes > 1.9 * MIB, `${store.usage.bytes}`);
});

test('one entry has a quarter of the memory at most', () => {
	const store = open(4 * MIB);
	assert.ok(put(store, 'a', bytes(900_000)));
	assert.ok(!put(store, 'b', bytes(1_100_000)));
	assert.ok(!put(store, 'c', bytes(1_100_000), { length: -1 }));
	assert.equal(store.find(cacheKey('c'), any), null);
});

test('variants of a key: the newest that suits; one of the same variant replaces the other', () => {
	const store = open();
	const vary = (value: string) => ({ vary: [{ name: 'accept-language', value }] });
	put(store, 'k', Buffer.from('de'), vary('de'));
	put(store, 'k', Buffer.from('en'), vary('en'));
	put(store, 'k', Buffer.from('DE'), vary('de'));
	assert.equal(store.usage.entries, 2);
	const read = (value: string): string | undefined => {
		const entry = store.find(cacheKey('k'), ({ answer }) => answer?.vary[0]?.value === value);
		const text = entry?.read(0).toString();
		entry?.release();
		return text;
	};
	assert.deepEqual([read('de'), read('en'), read('fr')], ['DE', 'en', undefined]);
	for (let i = 0; i < 50; i++) put(store, 'k', Buffer.from(`${i}`), vary(`x${i}`));
	assert.equal(store.usage.entries, 32);
	assert.deepEqual([read('de'), read('x49'), read('x18'), read('x17')], [undefined, '49', '18', undefined]);
	// What is asked for stays, whoever sends values that nobody else does.
	const asked = store.find(cacheKey('k'), ({ answer }) => answer?.vary[0]?.value === 'x20');
	asked?.touch();
	asked?.release();
	for (let i = 0; i < 50; i++) put(store, 'k', Buffer.from(`${i}`), vary(`y${i}`));
	assert.equal(store.usage.entries, 32);
	assert.deepEqual([read('x20'), read('x21'), read('y49')], ['20', undefined, '49']);
});

test('a 304 gives the same body another head', async () => {
	const store = open();
	const empty = store.usage.bytes;
	const body = bytes(30_000);
	put(store, 'k', body);
	let entry: AnswerEntry | null = store.find(cacheKey('k'), any);
	for (let i = 0; i < 5; i++) {
		assert.ok(entry !== null);
		const next: AnswerEntry | null = store.update(entry, storedAnswer({ etag: `"${i}"`, length: body.length }));
		entry.release();
		entry = next;
	}
	assert.equal(store.usage.entries, 1);
	const found = store.find(cacheKey('k'), any);
	assert.equal(found?.answer?.etag, '"4"');
	assert.ok(bodyOf(found).equals(body));
	found.release();
	store.purgeKey(cacheKey('k'), false);
	assert.ok(entry !== null);
	assert.equal(store.update(entry, storedAnswer()), null);
	assert.ok(bodyOf(entry).equals(body));
	entry.release();
	assert.equal(store.usage.bytes, empty);
});

test('what is purged by its key is gone in all its variants, however many they are', () => {
	const store = open();
	const most = 600;
	for (let i = 0; i < most; i++) {
		const entry = store.begin(cacheKey('k'));
		entry?.setAnswer(storedAnswer({ vary: [{ name: 'x', value: `${i}` }], length: 0 }));
		entry?.complete(null, most);
		entry?.release();
	}
	assert.equal(store.purgeKey(cacheKey('k'), true), most);
	assert.equal(store.purgeKey(cacheKey('k'), false), most);
	assert.equal(store.find(cacheKey('k'), any), null);
});

test('purges: by their keys, a tag, everything; soft ones only make it stale', async () => {
	const store = open();
	put(store, 'https://a/x/1', bytes(10), { tags: ['t', 'u'] });
	put(store, 'https://a/x/2', bytes(10), { tags: ['u'] });
	put(store, 'http://a/y', bytes(10));
	const staleFrom = (key: string): number | undefined => {
		const entry = store.find(cacheKey(key), any);
		entry?.release();
		return entry?.staleFromMs;
	};
	assert.equal(await store.purge({ tags: ['t'] }, true), 1);
	assert.ok((staleFrom('https://a/x/1') as number) > 0);
	assert.equal(staleFrom('https://a/x/2'), 0);
	assert.equal(await store.purge({ tags: ['v'] }, false), 0);
	assert.equal(await store.purge({ tags: ['v', 'u'] }, true), 2);
	assert.equal(await store.purge({ prefixes: ['ttps://a/x/'] }, true), 2);
	assert.equal(await store.purge({ prefixes: ['ttps://a/x/1'] }, false), 1);
	assert.equal(staleFrom('https://a/x/1'), undefined);
	assert.equal(staleFrom('http://a/y'), 0);
	assert.equal(await store.purge({ everything: true }, true), 2);
	const first = staleFrom('http://a/y') as number;
	assert.ok(first > 0);
	await store.purge({ everything: true }, true);
	assert.equal(staleFrom('http://a/y'), first);
	assert.equal(await store.purge({ tags: ['u'] }, false), 1);
	const held = store.find(cacheKey('http://a/y'), any);
	assert.ok(held !== null);
	const all = store.purge({ everything: true }, false);
	assert.equal(staleFrom('http://a/y'), undefined);
	// What was confirmed before the purge does not come back after it.
	assert.equal(store.update(held, storedAnswer({ length: 10 })), null);
	held.release();
	assert.equal(await all, 1);
	assert.equal(store.usage.entries, 0);
});

test('who follows an entry sees it grow and end; what proves uncacheable is not found any more', async () => {
	const store = open();
	const filling = store.begin(cacheKey('k'));
	assert.ok(filling !== null);
	const reader = store.find(cacheKey('k'), ({ answer }) => answer === null);
	assert.ok(reader !== null);
	assert.equal(reader.read(0).length, 0);
	const seen: string[] = [];
	let wake = (): void => undefined;
	const listener = {
		entryChanged: () => {
			seen.push(`${reader.state}:${reader.received}`);
			wake();
		},
	};
	const next = (): Promise<void> => new Promise((resolve) => (wake = resolve));
	reader.watch(listener);
	await next();
	filling.setAnswer(storedAnswer());
	filling.append(Buffer.from('ab'), 0, 2);
	filling.append(Buffer.from('cd'), 0, 2);
	assert.equal(seen.length, 1);
	await next();
	filling.complete(null);
	await next();
	assert.deepEqual(seen, ['0:0', '1:4', '2:4']);
	assert.equal(reader.read(0).toString(), 'abcd');
	reader.unwatch(listener);
	reader.release();
	filling.release();
	const refused = store.begin(cacheKey('r'));
	const waits = store.find(cacheKey('r'), any);
	refused?.fail(FillState.refused);
	refused?.release();
	assert.equal(waits?.state, FillState.refused);
	assert.equal(store.find(cacheKey('r'), any), null);
	waits.release();
});

test('one refreshes at a time', () => {
	const store = open();
	put(store, 'k', bytes(10));
	const entry = store.find(cacheKey('k'), any);
	assert.ok(entry !== null);
	assert.ok(entry.claimRefresh(60_000));
	assert.ok(!entry.claimRefresh(60_000));
	entry.refreshed();
	assert.ok(entry.claimRefresh(60_000));
	entry.release();
});

test('one that somebody has begun meanwhile is not begun again; an older answer does not take the place of a newer', () => {
	const store = open();
	const key = cacheKey('k');
	const first = store.begin(key, any);
	assert.ok(first !== null);
	assert.equal(store.begin(key, any), null);
	const second = store.begin(key, ({ answer }) => answer !== null);
	assert.ok(second !== null);
	for (const [entry, text] of [
		[second, 'newer'],
		[first, 'older'],
	] as const) {
		assert.ok(entry.setAnswer(storedAnswer({ length: 5 })));
		assert.ok(entry.append(Buffer.from(text), 0, 5));
		entry.complete(null);
		assert.equal(entry.state, FillState.whole);
	}
	const found = store.find(key, any);
	assert.equal(found?.read(0).toString(), 'newer');
	assert.equal(first.read(0).toString(), 'older');
	assert.equal(store.usage.entries, 1);
	for (const entry of [found, first, second]) entry.release();
});

test('a body that is longer, or shorter, than was said is broken', () => {
	const store = open();
	for (const [name, length] of [
		['short', 5],
		['long', 3],
	] as const) {
		const filling = store.begin(cacheKey(name));
		assert.ok(filling !== null);
		filling.setAnswer(storedAnswer({ length }));
		assert.equal(filling.append(Buffer.from('1234'), 0, 4), name === 'short');
		filling.complete(null);
		assert.equal(filling.state, FillState.broken);
		filling.release();
		assert.equal(store.find(cacheKey(name), any), null);
	}
	assert.equal(store.usage.bytes, store.memory.arena);
});
