import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { suite, test } from 'node:test';
import { gunzipSync } from 'node:zlib';
import { type AnswerEntry, FillState } from '../../cache/answer-store.ts';
import { AnswerMemory } from '../../cache/memory/answer-memory.ts';
import { type MemoryStore, openAnswerStore } from '../../cache/memory/memory-store.ts';
import { snapshotAnswers } from '../../cache/memory/snapshot.ts';
import { cacheKey, storedAnswer } from '../../cache/memory/testing/answers.ts';
import { CacheHash } from '../../cache/rules/cache-hash.ts';
import { CompressedAnswers } from './compressed-answers.ts';

const hash = new CacheHash(randomBytes(32));
const TEXT = Buffer.from('a body that is stored, '.repeat(5000));

interface Worker {
	store: MemoryStore;
	answers: CompressedAnswers;
}

function stores(count: number, bytes = 8 * 1024 * 1024): Worker[] {
	const memory = AnswerMemory.create(bytes);
	return Array.from({ length: count }, (_, worker) => {
		const store = openAnswerStore(memory, worker);
		return { store, answers: new CompressedAnswers(store, hash) };
	});
}

/** Pinned. */
function filled(store: MemoryStore, name: string, body: Buffer): AnswerEntry {
	const entry = store.begin(cacheKey(name));
	assert.ok(entry !== null);
	assert.ok(entry.setAnswer(storedAnswer({ length: body.length })) && entry.append(body, 0, body.length));
	entry.complete(null);
	return entry;
}

const settled = (entry: AnswerEntry): Promise<void> =>
	new Promise((resolve) => {
		const listener = {
			entryChanged() {
				if (entry.state < FillState.whole) return;
				entry.unwatch(listener);
				resolve();
			},
		};
		entry.watch(listener);
	});

function bodyOf(entry: AnswerEntry): Buffer {
	const pieces: Buffer[] = [];
	for (let at = 0; at < entry.received; at += pieces.at(-1)?.length ?? 0) pieces.push(entry.read(at));
	return Buffer.concat(pieces);
}

suite('compressed forms of stored bodies', () => {
	test('one is made once, whichever worker asks for it', async () => {
		const [one, other] = stores(2) as [Worker, Worker];
		const entry = filled(one.store, 'page', TEXT);
		const same = other.store.find(cacheKey('page'), () => true) as AnswerEntry;
		assert.equal(one.answers.find(entry, 'gzip'), null);
		const form = one.answers.make(entry, 'gzip', 6) as AnswerEntry;
		const seen = other.answers.make(same, 'gzip', 6) as AnswerEntry;
		assert.equal(form.state, FillState.asked);
		await Promise.all([settled(form), settled(seen)]);
		assert.deepEqual(gunzipSync(bodyOf(form)), TEXT);
		assert.deepEqual(bodyOf(seen), bodyOf(form));
		assert.equal(one.store.usage.entries, 2);
		assert.equal(other.answers.find(same, 'br'), null);
		for (const each of [form, seen, entry, same]) each.release();
	});

	test('the same body under a new head has them still, another body of the same key has not', async () => {
		const [{ store, answers }] = stores(1) as [Worker];
		const entry = filled(store, 'page', TEXT);
		const form = answers.make(entry, 'br', 5) as AnswerEntry;
		await settled(form);
		const updated = store.update(entry, storedAnswer({ length: TEXT.length, freshMs: 1 })) as AnswerEntry;
		const found = answers.find(updated, 'br') as AnswerEntry;
		assert.deepEqual(bodyOf(found), bodyOf(form));
		const next = filled(store, 'page', Buffer.concat([TEXT, TEXT]));
		assert.equal(answers.find(next, 'br'), null);
		for (const each of [form, found, entry, updated, next]) each.release();
	});

	test('what does not get smaller is noted as nothing', async () => {
		const [{ store, answers }] = stores(1) as [Worker];
		const entry = filled(store, 'noise', randomBytes(100_000));
		const form = answers.make(entry, 'zstd', 3) as AnswerEntry;
		await settled(form);
		assert.deepEqual([form.state, form.received], [FillState.whole, 0]);
		const found = answers.find(entry, 'zstd') as AnswerEntry;
		assert.deepEqual([found.state, found.received], [FillState.whole, 0]);
		for (const each of [form, found, entry]) each.release();
	});

	test('without room for it nothing stays behind', async () => {
		const [{ store, answers }] = stores(1, 1024 * 1024) as [Worker];
		const entry = filled(store, 'page', TEXT);
		const form = answers.make(entry, 'gzip', 1) as AnswerEntry;
		// Before it is compressed the rest of the memory is somebody's who does not let go.
		const held: AnswerEntry[] = [];
		for (let bytes = 100_000; bytes > 100; ) {
			const other = store.begin(cacheKey(`held ${held.length}`));
			if (other?.setAnswer(storedAnswer({ length: bytes })) !== true) bytes = Math.floor(bytes / 2);
			if (other !== null) held.push(other);
			else bytes = 0;
		}
		await settled(form);
		assert.equal(form.state, FillState.refused);
		assert.equal(answers.find(entry, 'gzip'), null);
		for (const each of [...held, form, entry]) each.release();
	});

	test('no more than so many wait for their turn', () => {
		const [{ store, answers }] = stores(1) as [Worker];
		const entries = Array.from({ length: 300 }, (_, i) => filled(store, `${i}`, TEXT.subarray(0, 2000)));
		const forms = entries.map((entry) => answers.make(entry, 'gzip', 1));
		assert.equal(forms.filter((form) => form !== null).length, 258);
		return Promise.all(forms.map((form) => form !== null && settled(form))).then(() => {
			for (const each of [...forms, ...entries]) each?.release();
		});
	});

	test('a body of another start has another name', () => {
		const names = [1000, 2000, 2000].map((nowMs) => {
			const store = openAnswerStore(AnswerMemory.create(1024 * 1024, nowMs), 0);
			const entry = filled(store, 'page', TEXT);
			const name = Buffer.alloc(16);
			assert.equal(entry.nameBody(name, 0), 16);
			entry.release();
			return name.toString('hex');
		});
		assert.notEqual(names[0], names[1]);
		assert.equal(names[1], names[2]);
	});

	test('a snapshot has none of them', async () => {
		const [{ store, answers }] = stores(1) as [Worker];
		const size = async (): Promise<number> => {
			let bytes = 0;
			for await (const chunk of snapshotAnswers(store, { node: Buffer.alloc(8) })) bytes += chunk.length;
			return bytes;
		};
		const entry = filled(store, 'page', TEXT);
		const before = await size();
		const form = answers.make(entry, 'gzip', 6) as AnswerEntry;
		await settled(form);
		assert.equal(await size(), before);
		for (const each of [form, entry]) each.release();
	});
});
