import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { FillingEntry } from '../../cache/answer-store.ts';
import { PLAIN_CACHE } from '../../cache/cache-policy.ts';
import { AnswerMemory } from '../../cache/memory/answer-memory.ts';
import { openAnswerStore } from '../../cache/memory/memory-store.ts';
import { cacheKey, storedAnswer } from '../../cache/memory/testing/answers.ts';
import type { FoundAnswer, KeptAnswer, SecondLevel, Wanted } from '../../cache/second-level.ts';
import type { StoredAnswer } from '../../cache/stored-answer.ts';
import { UrlMarks } from '../../cache/url-marks.ts';
import { SecondLevels } from './second-levels.ts';

const WANTED: Wanted = { key: cacheKey('a'), suits: () => true, vary: () => [] };

/** A level whose answers come when the test says so. */
class HandLevel implements SecondLevel {
	readonly name: string;
	readonly timeoutMs: number;
	readonly kept: string[] = [];
	asked = 0;
	closed = 0;
	answer: ((found: FoundAnswer | null) => void) | null = null;

	constructor(name: string, timeoutMs = 60_000) {
		this.name = name;
		this.timeoutMs = timeoutMs;
	}

	find(): Promise<FoundAnswer | null> {
		this.asked++;
		return new Promise((resolve) => {
			this.answer = resolve;
		});
	}

	keep({ key, entry }: KeptAnswer): void {
		this.kept.push(`${key.bytes.toString('latin1', 0, key.length)}=${entry.read(0).toString()}`);
	}

	drop(): void {}

	changed(): void {}

	async close(): Promise<void> {}

	found(): FoundAnswer {
		return { answer: storedAnswer(), trailers: null, body: [], close: () => this.closed++ };
	}
}

const marks = (): UrlMarks => new UrlMarks(UrlMarks.create());
const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

test('levels are asked in their order; what none has is told once', async () => {
	const [one, two] = [new HandLevel('one'), new HandLevel('two')];
	const levels = new SecondLevels([one, two], marks());
	const told: [boolean, string][] = [];
	assert.equal(
		levels.ask(WANTED, (found, level) => told.push([found !== null, level])),
		true,
	);
	assert.equal(two.asked, 0);
	one.answer?.(null);
	await turn();
	assert.equal(two.asked, 1);
	two.answer?.(two.found());
	await turn();
	assert.deepEqual(told, [[true, 'two']]);
});

test('a level that is silent is left behind, and what it brings later is let go of', async () => {
	const [slow, next] = [new HandLevel('slow', 1), new HandLevel('next')];
	const levels = new SecondLevels([slow, next], marks());
	const told = new Promise<string>((resolve) => levels.ask(WANTED, (_, level) => resolve(level)));
	while (next.asked === 0) await turn();
	slow.answer?.(slow.found());
	await turn();
	assert.equal(slow.closed, 1);
	next.answer?.(next.found());
	assert.equal(await told, 'next');
	assert.equal(next.closed, 0);
});

test('where nobody can be asked nothing is waited for', () => {
	const down = Object.assign(new HandLevel('down'), { find: () => null });
	const told = new SecondLevels([down], marks()).ask(WANTED, () => assert.fail('told'));
	assert.equal(told, false);
});

/** A whole entry of a store, with a body of two bytes. */
function whole(key: string, more: Partial<StoredAnswer> = {}) {
	const store = openAnswerStore(AnswerMemory.create(1024 * 1024), 0);
	const entry = store.begin(cacheKey(key)) as FillingEntry;
	entry.setAnswer(storedAnswer({ length: 2, requestMs: Date.now(), responseMs: Date.now(), freshMs: 60_000, ...more }));
	entry.append(Buffer.from('ok'), 0, 2);
	entry.complete(null);
	return { store, entry };
}

test('an answer is kept in a later turn, unless it was purged, changed or of no use by then', async () => {
	const level = new HandLevel('one');
	const changes = marks();
	const levels = new SecondLevels([level], changes);
	const keep = (key: string, more: Partial<StoredAnswer> = {}, url = 1) => {
		const made = whole(key, more);
		levels.keep({ key: cacheKey(key), url, entry: made.entry, policy: PLAIN_CACHE });
		made.entry.release();
		return made;
	};
	keep('kept');
	keep('short', { freshMs: 10 });
	keep('stale, of use still', { freshMs: 0, staleIfErrorMs: 60_000 });
	const purged = keep('purged');
	// From this call on it is not found.
	const purging = purged.store.purge({ everything: true }, false);
	keep('changed', {}, 2);
	changes.mark(2, Date.now());
	assert.deepEqual(level.kept, []);
	await turn();
	await turn();
	assert.deepEqual(level.kept, ['kept=ok', 'stale, of use still=ok']);
	assert.equal(await purging, 1);
});
