import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { type AnswerEntry, type CacheKey, FillState } from '../cache/answer-store.ts';
import { PLAIN_CACHE } from '../cache/cache-policy.ts';
import { type MemoryStore, openAnswerStore } from '../cache/memory/memory-store.ts';
import { storedAnswer } from '../cache/memory/testing/answers.ts';
import { RestoreGuard } from '../cache/restore/restore-guard.ts';
import { CacheHash } from '../cache/rules/cache-hash.ts';
import { AnswerFlag } from '../cache/stored-answer.ts';
import { UrlMarks } from '../cache/url-marks.ts';
import type { Config } from '../config/config.ts';
import { CacheKeeping } from './cache-keeping.ts';
import { CacheMemory, type CachePlan } from './cache-memory.ts';
import type { Event } from './event-log.ts';

const MIB = 1024 * 1024;
const LARGE = 200_000;

type Cached = Pick<Config, 'services' | 'cache' | 'store' | 'state'>;

function configOf(folder: string, memoryBytes: number = 8 * MIB): Cached {
	return {
		services: [{ cache: PLAIN_CACHE, routeCaches: {} }] as unknown as Config['services'],
		cache: { memoryBytes, disk: { bytes: 64 * MIB, folder: null, fromBytes: 100_000 }, warm: true, redis: null },
		state: { redis: null },
		store: { folder },
	};
}

/** One core: its cache, as the control plane has it. */
class Core {
	readonly events: Event[] = [];
	readonly peers = { handCache: (): void => {}, onCache: (): void => {} };
	readonly log = { add: (event: Event): void => void this.events.push(event) };
	readonly cache = new CacheMemory(this.log);
	readonly keeping: CacheKeeping;

	constructor() {
		this.keeping = new CacheKeeping('test', this.log, this.peers);
		this.cache.keeping = this.keeping;
	}

	serve(config: Cached): CachePlan {
		const plan = this.cache.of(config);
		assert.ok(plan !== null);
		return plan;
	}
}

function folderFor(t: { after(done: () => void): void }): string {
	const folder = mkdtempSync(join(tmpdir(), 'ballast-keeping-'));
	t.after(() => rmSync(folder, { recursive: true, force: true }));
	return folder;
}

/** A worker of the plan. */
const worker = ({ memory, disk }: CachePlan): MemoryStore => openAnswerStore(memory, 0, { disk });

const keyOf = ({ key, marks }: CachePlan, text: string): CacheKey =>
	new RestoreGuard(new CacheHash(Buffer.from(key)), new UrlMarks(marks)).keyOf(Buffer.from(text));

/** Stores it once the disk is used. */
async function put(plan: CachePlan, text: string, length: number): Promise<void> {
	const store = worker(plan);
	while (store.bodies?.on !== true) await sleep(5);
	const entry = store.begin(keyOf(plan, text));
	assert.ok(entry?.setAnswer(storedAnswer({ length, tags: [text] })) === true);
	entry.append(Buffer.alloc(length, 'b'), 0, length);
	entry.complete(null);
	while (entry.state !== FillState.whole) await sleep(5);
	entry.release();
}

const find = (plan: CachePlan, text: string): AnswerEntry | null => worker(plan).find(keyOf(plan, text), () => true);

async function found(plan: CachePlan, text: string): Promise<AnswerEntry> {
	for (;;) {
		const entry = find(plan, text);
		if (entry !== null) return entry;
		await sleep(5);
	}
}

test('where a worker dies the files are found again, and the origin is to be asked', async (t) => {
	const core = new Core();
	const plan = core.serve(configOf(folderFor(t)));
	core.keeping.begin(true);
	await put(plan, 'hx/large', LARGE);
	await put(plan, 'hx/small', 10);
	core.cache.lost(0, { tell: () => {} });
	const entry = await found(plan, 'hx/large');
	assert.equal(entry.answer?.flags, AnswerFlag.noCache);
	assert.equal(find(plan, 'hx/small'), null);
});

test('what a URL changed before a worker died is not found again', async (t) => {
	const core = new Core();
	const plan = core.serve(configOf(folderFor(t)));
	core.keeping.begin(true);
	await put(plan, 'hx/changed more', LARGE);
	await put(plan, 'hx/kept', LARGE);
	new UrlMarks(plan.marks).mark(keyOf(plan, 'hx/changed').high, Date.now());
	core.cache.lost(0, { tell: () => {} });
	await found(plan, 'hx/kept');
	await core.cache.purge({ tags: ['nothing'] }, false);
	assert.equal(find(plan, 'hx/changed more'), null);
});

test('an orderly end, and a purge while it goes on', async (t) => {
	const folder = folderFor(t);
	const first = new Core();
	const plan = first.serve(configOf(folder));
	first.keeping.begin(true);
	for (const key of ['hx/a', 'hx/b']) await put(plan, key, LARGE);
	await put(plan, 'hx/small', 10);
	await first.keeping.end();
	assert.ok(existsSync(join(folder, 'cache', 'snapshot')));
	const second = new Core();
	const next = second.serve(configOf(folder));
	second.keeping.begin(true);
	const entry = await found(next, 'hx/small');
	assert.equal(entry.answer?.flags, 0);
	await second.cache.purge({ tags: ['hx/a'] }, false);
	assert.ok(!existsSync(join(folder, 'cache', 'snapshot')));
	assert.equal(find(next, 'hx/a'), null);
	assert.notEqual(find(next, 'hx/b'), null);
	const ended = second.keeping.end();
	await second.cache.purge({ tags: ['hx/b'] }, false);
	await ended;
	assert.ok(!existsSync(join(folder, 'cache', 'snapshot')));
	assert.deepEqual(readdirSync(join(folder, 'cache', 'bodies')), []);
});

test('a start that does not follow an orderly end, or is without a cache, believes no snapshot', async (t) => {
	const folder = folderFor(t);
	const first = new Core();
	const plan = first.serve(configOf(folder));
	first.keeping.begin(true);
	await put(plan, 'hx/a', LARGE);
	await put(plan, 'hx/small', 10);
	await first.keeping.end();
	const second = new Core();
	const next = second.serve(configOf(folder));
	second.keeping.begin(false);
	assert.equal((await found(next, 'hx/a')).answer?.flags, AnswerFlag.noCache);
	assert.equal(find(next, 'hx/small'), null);
	await second.cache.purge({ tags: ['nothing'] }, false);
	await second.keeping.end();
	assert.equal(readdirSync(join(folder, 'cache', 'bodies')).length, 1);
	const third = new Core();
	assert.equal(third.cache.of({ ...configOf(folder), services: [] }), null);
	third.keeping.begin(true);
	await third.keeping.purged();
	assert.deepEqual(readdirSync(join(folder, 'cache', 'bodies')), []);
	assert.ok(!existsSync(join(folder, 'cache', 'snapshot')));
});

test('one core hands over to the next, and a purge in between holds', async (t) => {
	const folder = folderFor(t);
	const [old, next] = [new Core(), new Core()];
	const plan = old.serve(configOf(folder));
	old.keeping.begin(true);
	for (const key of ['hx/a', 'hx/b']) await put(plan, key, LARGE);
	const later = next.serve(configOf(folder));
	old.peers.handCache = () => next.peers.onCache();
	next.keeping.lead();
	const purged = next.cache.purge({ tags: ['hx/a'] }, false);
	old.keeping.yield();
	assert.equal(worker(plan).bodies?.on, false);
	await purged;
	assert.equal(find(later, 'hx/a'), null);
	assert.equal((await found(later, 'hx/b')).answer?.flags, 0);
	assert.equal(readdirSync(join(folder, 'cache', 'bodies')).length, 1);
	await old.keeping.ended();
});

test('a memory of another size finds the files; a folder that cannot be used is told', async (t) => {
	const folder = folderFor(t);
	const core = new Core();
	const plan = core.serve(configOf(folder));
	core.keeping.begin(true);
	await put(plan, 'hx/a', LARGE);
	const larger = core.serve(configOf(folder, 16 * MIB));
	assert.notEqual(larger.memory, plan.memory);
	assert.equal((await found(larger, 'hx/a')).answer?.flags, AnswerFlag.noCache);
	assert.equal(worker(plan).bodies?.on, false);
	const file = join(folder, 'file');
	writeFileSync(file, '');
	assert.equal(core.serve(configOf(file)).disk, null);
	assert.match(core.events.at(-1)?.text ?? '', /nothing of the cache lasts/);
});
