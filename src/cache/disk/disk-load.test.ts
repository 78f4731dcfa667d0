import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import test from 'node:test';
import { FillState } from '../answer-store.ts';
import type { MemoryEntry } from '../memory/memory-entry.ts';
import { type MemoryStore, openAnswerStore } from '../memory/memory-store.ts';
import { cacheKey, storedAnswer } from '../memory/testing/answers.ts';
import { bodiesFolder, bodyOf, diskStore, MIB, readBody, settled } from './testing/disk-store.ts';

const STEPS = 400;
const BOUND = 3 * MIB;

/** Numbers that are the same in each run. */
function random(seed: number): (below: number) => number {
	let state = seed;
	return (below) => {
		state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0;
		return Math.floor((state / 2 ** 32) * below);
	};
}

/** One step of a load: fills (of known length or not, to the end or not), reads, renews or purges. */
async function step(store: MemoryStore, draw: (below: number) => number): Promise<void> {
	const key = `hx/${draw(30)}`;
	const entry = store.find(cacheKey(key), ({ state }) => state === FillState.whole);
	const act = draw(20);
	if (act === 0) store.purgeKey(cacheKey(key), false);
	else if (act === 1) await store.purge({ tags: [`t${draw(4)}`] }, draw(2) === 0);
	else if (entry === null) await fill(store, key, draw);
	else if (act < 5) store.update(entry, storedAnswer({ length: entry.received, tags: [`t${draw(4)}`] }))?.release();
	else await read(entry, key);
	entry?.release();
}

async function read(entry: MemoryEntry, key: string): Promise<void> {
	entry.touch();
	if (entry.distant === null) return;
	const body = await readBody(entry);
	// null: it was removed before it was opened.
	if (body !== null) assert.ok(body.equals(bodyOf(key, entry.received)), key);
	else assert.equal(entry.found, false, key);
}

async function fill(store: MemoryStore, key: string, draw: (below: number) => number): Promise<void> {
	const length = 60_000 + draw(500_000);
	const entry = store.begin(cacheKey(key));
	if (entry === null) return;
	const known = draw(2) === 0;
	if (!entry.setAnswer(storedAnswer({ length: known ? length : -1, tags: [`t${draw(4)}`] })))
		entry.fail(FillState.broken);
	const stops = draw(6) === 0 ? draw(length) : length;
	const body = bodyOf(key, length);
	for (let at = 0; at < stops && entry.state === FillState.filling; at += 50_000) {
		if (!entry.append(body, at, Math.min(length, at + 50_000))) break;
		if (draw(3) === 0) await new Promise((resolve) => setImmediate(resolve));
	}
	if (stops < length) entry.fail(FillState.broken);
	else if (entry.state === FillState.filling) {
		entry.complete(null);
		await settled(entry);
	}
	entry.release();
}

test('under a random load of two workers the bound holds, bodies are right, and in the end nothing is left', async (t) => {
	const folder = bodiesFolder(t);
	const { store, guard } = await diskStore(folder, { bytes: BOUND });
	const other = openAnswerStore(store.memory.buffer, 1, { disk: { folder, node: guard.node } });
	let most = 0;
	const work = async (of: MemoryStore, seed: number): Promise<void> => {
		const draw = random(seed);
		for (let at = 0; at < STEPS / 4; at++) {
			await step(of, draw);
			most = Math.max(most, store.diskUsage?.bytes ?? 0);
		}
	};
	await Promise.all([work(store, 1), work(other, 2), work(store, 3), work(other, 4)]);
	assert.ok(most <= BOUND && most > BOUND / 2, `${most}`);
	for (const each of [store, other]) await each.purge({ everything: true }, false);
	for (const each of [store, other]) await each.bodies?.settled();
	assert.equal(store.diskUsage?.entries, 0);
	assert.equal(store.diskUsage?.bytes, 0);
	assert.equal(store.usage.bytes - store.memory.arena, 0);
	assert.deepEqual(readdirSync(folder), []);
});
