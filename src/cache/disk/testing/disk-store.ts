import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type AnswerEntry, type CacheKey, FillState } from '../../answer-store.ts';
import { AnswerMemory } from '../../memory/answer-memory.ts';
import type { MemoryEntry } from '../../memory/memory-entry.ts';
import { type MemoryStore, openAnswerStore } from '../../memory/memory-store.ts';
import { cacheKey, storedAnswer } from '../../memory/testing/answers.ts';
import { RestoreGuard } from '../../restore/restore-guard.ts';
import { CacheHash } from '../../rules/cache-hash.ts';
import type { StoredAnswer } from '../../stored-answer.ts';
import { UrlMarks } from '../../url-marks.ts';
import { DiskCare } from '../disk-care.ts';

export const MIB: number = 1024 * 1024;
const KEY = Buffer.alloc(32, 7);
export const any = (): boolean => true;

/** A folder that is gone when the test is over. */
export function bodiesFolder(t: { after(done: () => void): void }): string {
	const folder = mkdtempSync(join(tmpdir(), 'ballast-bodies-'));
	t.after(() => rmSync(folder, { recursive: true, force: true }));
	return folder;
}

export interface DiskStore {
	store: MemoryStore;
	care: DiskCare;
	guard: RestoreGuard;
	marks: UrlMarks;
	told: string[];
}

/** A store of one thread, with a disk of `bytes`. It is used at once unless `waits`. */
export async function diskStore(folder: string, { bytes = 64 * MIB, waits = false } = {}): Promise<DiskStore> {
	const marks = new UrlMarks(UrlMarks.create());
	const guard = new RestoreGuard(new CacheHash(KEY), marks);
	const store = openAnswerStore(AnswerMemory.create(8 * MIB), 0, { disk: { folder, node: guard.node } });
	const told: string[] = [];
	const care = new DiskCare(store.memory, { folder, bytes, fromBytes: 100_000 }, (_, text) => told.push(text));
	care.open(0);
	if (!waits) await care.begin();
	return { store, care, guard, marks, told };
}

/** Resolves when the entry has come to its end. */
export async function settled(entry: AnswerEntry): Promise<FillState> {
	if (entry.state >= FillState.whole) return entry.state;
	await new Promise<void>((resolve) => {
		const listener = {
			entryChanged: () => {
				if (entry.state < FillState.whole) return;
				entry.unwatch(listener);
				resolve();
			},
		};
		entry.watch(listener);
	});
	return entry.state;
}

/** An entry whose head is known. */
export function begun(store: MemoryStore, key: CacheKey, answer: StoredAnswer): MemoryEntry {
	const entry = store.begin(key);
	assert.ok(entry !== null);
	assert.ok(entry.setAnswer(answer));
	return entry;
}

/** Stores an answer with a body of so many bytes, which say what key they are of; held once. */
export async function put(
	store: MemoryStore,
	key: string,
	length: number,
	answer: Partial<StoredAnswer> = {},
): Promise<MemoryEntry> {
	const entry = begun(store, cacheKey(key), storedAnswer({ ...answer, length }));
	const body = bodyOf(key, length);
	for (let at = 0; at < length; at += 70_001) assert.ok(entry.append(body, at, Math.min(length, at + 70_001)));
	entry.complete(null);
	await settled(entry);
	return entry;
}

export const bodyOf = (key: string, length: number): Buffer => Buffer.alloc(length, `${key} `);

/** Bytes [at, end) of its body; null: they cannot be had. */
export async function readBody(entry: AnswerEntry, at = 0, end: number = entry.received): Promise<Buffer | null> {
	let came: (ok: boolean) => void = () => {};
	const pieces = entry.distant?.read((ok) => came(ok));
	assert.ok(pieces !== undefined);
	const parts: Buffer[] = [];
	try {
		for (let from = at; from < end; ) {
			const arrival = new Promise<boolean>((resolve) => (came = resolve));
			const piece = pieces.take(from, end);
			if (piece === null) {
				if (!(await arrival)) return null;
				continue;
			}
			parts.push(Buffer.from(piece));
			from += piece.length;
		}
		return Buffer.concat(parts);
	} finally {
		pieces.close();
	}
}
