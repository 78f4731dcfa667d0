import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { AnswerEntry } from '../../cache/answer-store.ts';
import { PLAIN_CACHE } from '../../cache/cache-policy.ts';
import { AnswerMemory } from '../../cache/memory/answer-memory.ts';
import { type MemoryStore, openAnswerStore } from '../../cache/memory/memory-store.ts';
import { cacheKey, storedAnswer } from '../../cache/memory/testing/answers.ts';
import { CacheHash } from '../../cache/rules/cache-hash.ts';
import { AnswerFlag } from '../../cache/stored-answer.ts';
import { UrlMarks } from '../../cache/url-marks.ts';
import { KeptAnswers } from './kept-answers.ts';
import type { RouteCache } from './route-cache.ts';
import type { Keeping, SecondLevels } from './second-levels.ts';

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
const KEY = cacheKey('ha.example/film');
const TEXT = 'abcdefghijklmnopqrst';

class Kept {
	readonly store: MemoryStore = openAnswerStore(AnswerMemory.create(4 * 1024 * 1024), 0);
	readonly told: string[] = [];
	readonly marks = new UrlMarks(UrlMarks.create());
	readonly #answers: KeptAnswers;

	constructor() {
		const keep = ({ entry }: Keeping): number => this.told.push(`${entry.answer?.status} ${bodyOf(entry)}`);
		const levels = { keep, drop: () => undefined } as unknown as SecondLevels;
		const hash = new CacheHash(Buffer.alloc(32));
		this.#answers = new KeptAnswers({ store: this.store, marks: this.marks, hash, bodyMost: 1e6, levels });
	}

	/** A 206 came for this range. */
	came(first: number, last: number, { etag = '"1"', ifRange = false } = {}): AnswerEntry {
		const entry = this.store.begin(KEY);
		assert.ok(entry !== null);
		const range = `bytes ${first}-${last}/${TEXT.length}`;
		const answer = storedAnswer({
			...{ status: 206, etag, length: last - first + 1 },
			flags: ifRange ? AnswerFlag.partial | AnswerFlag.bare : AnswerFlag.partial,
			head: Buffer.from(`HTTP/1.1 206 Partial Content\r\nContent-Range: ${range}\r\n`),
			vary: [{ name: 'range', value: `bytes=${first}-${last}` }],
		});
		assert.ok(entry.setAnswer(answer));
		const body = Buffer.from(TEXT.slice(first, last + 1));
		assert.ok(entry.append(body, 0, body.length));
		entry.complete(null);
		const control = { rangeAt: 0 };
		const asked = { request: { key: KEY, url: 1, control }, cache: { policy: PLAIN_CACHE } as RouteCache };
		const growing = { purges: this.store.purges };
		this.#answers.keep({ ...asked, stored: null, growing } as unknown as Parameters<KeptAnswers['keep']>[0], entry);
		entry.release();
		return entry;
	}

	get found(): string[] {
		const found: string[] = [];
		this.store.find(KEY, (entry) => {
			found.push(`${entry.answer?.status} ${bodyOf(entry)}`);
			return false;
		});
		return found.sort();
	}
}

function bodyOf(entry: AnswerEntry): string {
	let text = '';
	while (text.length < entry.received) text += entry.read(text.length).toString('latin1');
	return text;
}

test('parts that come one after the other become the whole, which other nodes are told of', async () => {
	const kept = new Kept();
	kept.came(0, 9);
	kept.came(15, 19);
	await turn();
	await turn();
	assert.deepEqual(kept.found, ['206 abcdefghij', '206 pqrst']);
	// It lies between the two.
	kept.came(10, 14);
	await turn();
	assert.deepEqual(kept.found, [`200 ${TEXT}`]);
	assert.equal(kept.told.at(-1), `200 ${TEXT}`);
});

test('a part that is all of it is the whole, without any tag', async () => {
	const kept = new Kept();
	kept.came(0, 19, { etag: '' });
	await turn();
	assert.deepEqual(kept.found, [`200 ${TEXT}`]);
});

test('parts of two versions, of before a change, of after a purge, and two for an If-Range stay apart', async () => {
	const versions = new Kept();
	versions.came(0, 9);
	versions.came(10, 19, { etag: '"2"' });
	const conditional = new Kept();
	conditional.came(0, 9, { ifRange: true });
	await turn();
	conditional.came(10, 19, { ifRange: true });
	const changed = new Kept();
	changed.came(0, 9);
	changed.marks.mark(1, Date.now());
	changed.came(10, 19);
	const purged = new Kept();
	purged.came(0, 9);
	purged.came(10, 19);
	purged.store.purgeKey(KEY, false);
	const soft = new Kept();
	soft.came(0, 9);
	soft.came(10, 19);
	soft.store.purgeKey(KEY, true);
	await turn();
	await turn();
	const apart = ['206 abcdefghij', '206 klmnopqrst'];
	assert.deepEqual(
		[versions.found, conditional.found, changed.found, purged.found, soft.found],
		[apart, apart, apart, [], apart],
	);
});

test('parts of a byte each are put together once they are enough for it', async () => {
	const kept = new Kept();
	const left: number[] = [];
	for (let i = 0; i < TEXT.length; i++) {
		kept.came(i, i);
		await turn();
		left.push(kept.found.length);
	}
	assert.deepEqual(left.slice(0, 10), [1, 1, 1, 1, 1, 1, 1, 1, 2, 1]);
	assert.deepEqual(kept.found, [`200 ${TEXT}`]);
});

test('what came later as a whole does not yield to parts of before, put together or all of it', async () => {
	for (const ranges of [
		[[0, 19]],
		[
			[0, 9],
			[10, 19],
		],
	] as const) {
		const kept = new Kept();
		for (const [first, last] of ranges) kept.came(first, last);
		const later = kept.store.begin(KEY);
		assert.ok(later !== null);
		const { requestMs, responseMs } = storedAnswer({});
		assert.ok(later.setAnswer(storedAnswer({ requestMs: requestMs + 5, responseMs: responseMs + 5, length: 3 })));
		later.append(Buffer.from('new'), 0, 3);
		later.complete(null);
		later.release();
		await turn();
		await turn();
		const given: string[] = [];
		kept.store.find(KEY, (entry) => given.push(bodyOf(entry)) < 0);
		assert.equal(given[0], 'new');
	}
});
