import assert from 'node:assert/strict';
import test from 'node:test';
import type { RestoreGuard } from '../restore/restore-guard.ts';
import type { StoredAnswer } from '../stored-answer.ts';
import { AnswerMemory } from './answer-memory.ts';
import { type MemoryStore, openAnswerStore } from './memory-store.ts';
import { restoreAnswers, snapshotAnswers } from './snapshot.ts';
import { cacheKey, storedAnswer } from './testing/answers.ts';

const MIB = 1024 * 1024;
const any = (): boolean => true;
const open = (): MemoryStore => openAnswerStore(AnswerMemory.create(8 * MIB), 0);
const node = Buffer.from('12345678');
/** All may come back, under the keys that tests make. */
const guard = {
	node,
	keyOf: (bytes: Buffer) => cacheKey(bytes.toString()),
	judge: () => 0,
} as unknown as RestoreGuard;
const restore = (store: MemoryStore, bytes: AsyncGenerator<Buffer>) => restoreAnswers(store, bytes, guard);

const bodies = new Map([
	['https://a/empty', Buffer.alloc(0)],
	['https://a/small', Buffer.from('small')],
	['https://a/large', Buffer.alloc(1_500_000, 'large')],
]);

function filled(): MemoryStore {
	const store = open();
	for (const [key, body] of bodies) {
		const entry = store.begin(cacheKey(key));
		assert.ok(entry !== null);
		entry.setAnswer(storedAnswer({ tags: [key], vary: [{ name: 'accept', value: 'x' }] }));
		entry.append(body, 0, body.length);
		entry.complete(key.endsWith('small') ? Buffer.from('T: 1\r\n') : null);
		entry.release();
	}
	store.purgeKey(cacheKey('https://a/large'), true);
	// Not whole: not in it.
	store.begin(cacheKey('https://a/filling'))?.setAnswer(storedAnswer());
	return store;
}

async function snapshot(store: MemoryStore): Promise<Buffer> {
	const chunks: Buffer[] = [];
	for await (const chunk of snapshotAnswers(store, { node })) chunks.push(chunk);
	return Buffer.concat(chunks);
}

async function* inPieces(bytes: Buffer, length: number): AsyncGenerator<Buffer> {
	for (let at = 0; at < bytes.length; at += length) yield bytes.subarray(at, at + length);
}

for (const piece of [1000, 65_536, 10 * MIB]) {
	test(`what was there is there again, read in pieces of ${piece} bytes`, async () => {
		const store = open();
		const restored = await restore(store, inPieces(await snapshot(filled()), piece));
		assert.deepEqual([restored.count, restored.intact], [3, true]);
		assert.equal(store.usage.entries, 3);
		for (const [key, body] of bodies) {
			const entry = store.find(cacheKey(key), any);
			assert.ok(entry !== null);
			const parts: Buffer[] = [];
			for (let at = 0; at < entry.received; at += parts.at(-1)?.length ?? 0) parts.push(entry.read(at));
			assert.ok(Buffer.concat(parts).equals(body));
			const expected: StoredAnswer = storedAnswer({ tags: [key], vary: [{ name: 'accept', value: 'x' }] });
			for (const [name, value] of Object.entries(expected)) {
				assert.deepEqual(entry.answer?.[name as keyof StoredAnswer], value, name);
			}
			assert.equal(entry.staleFromMs > 0, key.endsWith('large'));
			assert.equal(entry.trailers?.toString(), key.endsWith('small') ? 'T: 1\r\n' : undefined);
			entry.release();
		}
	});
}

test('one that is cut short or damaged is read as far as it can be believed', async () => {
	const bytes = await snapshot(filled());
	for (const length of [0, 5, 18, 30, 100, bytes.length - 1]) {
		const store = open();
		const restored = await restore(store, inPieces(bytes.subarray(0, length), 1000));
		assert.equal(restored.intact, false);
		assert.equal(store.usage.entries, restored.count);
	}
	for (let at = 0; at < 400; at += 13) {
		const damaged = Buffer.from(bytes);
		damaged[at] = (damaged[at] as number) ^ 0x41;
		const { count, intact } = await restore(open(), inPieces(damaged, MIB));
		assert.ok(count < 3 && !intact, `${at}`);
	}
});

test('who stops reading leaves nothing held', async () => {
	const store = filled();
	for await (const chunk of snapshotAnswers(store, { node })) if (chunk.length > 100) break;
	await store.purge({ everything: true }, false);
	const filling = store.usage.bytes - store.memory.arena;
	assert.ok(filling < 5000, `${filling}`);
});
