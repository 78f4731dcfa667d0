/** What a node purges before it knows Redis, or while that takes nothing. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { PurgeTables } from '../purges/purge-tables.ts';
import { parseRecord, type UntoldPurge } from './purge-record.ts';
import { PurgeStream } from './purge-stream.ts';
import { SharedClock } from './shared-clock.ts';

const REDIS_MS = 1_700_000_000_000;
const KEY = Buffer.from('ha.example/x');

/** A Redis that tells the time once it may, and takes purges once it may. */
class World {
	readonly tables = new PurgeTables(PurgeTables.create());
	readonly clock = new SharedClock(SharedClock.create());
	readonly taken: UntoldPurge[] = [];
	readonly stream: PurgeStream;
	takes = false;
	/** Lets it tell the time. */
	readonly #telling: (() => void)[] = [];

	constructor() {
		const run = (_: string, [name, ...args]: readonly (string | Buffer)[]): Promise<unknown> => this.#run(name, args);
		const link = { ready: true, run, close: () => {} };
		this.stream = new PurgeStream({
			commands: link,
			reader: { ...link, run: () => new Promise(() => {}) },
			key: 'purges',
			clock: this.clock,
			tables: this.tables,
			apply: () => {},
			missed: () => {},
			alone: () => {},
			aloneMs: 0,
		});
	}

	async #run(name: string | Buffer | undefined, args: readonly (string | Buffer)[]): Promise<unknown> {
		if (name === 'TIME') {
			await new Promise<void>((resolve) => this.#telling.push(resolve));
			return [`${REDIS_MS / 1000}`, '0'];
		}
		if (!this.takes) throw new Error('it is away');
		const record = parseRecord(String(args.at(-1)));
		if (record !== null) this.taken.push({ purge: record.purge, soft: record.soft });
		return '1-1';
	}

	tellsTime(): void {
		for (const resolve of this.#telling.splice(0)) resolve();
	}
}

async function until(holds: () => boolean): Promise<void> {
	for (const end = performance.now() + 10_000; !holds(); ) {
		assert.ok(performance.now() < end, 'it does not come');
		await sleep(5);
	}
}

test('a purge of before the time at Redis is known holds against all that it has of before', async () => {
	const world = new World();
	assert.equal(await world.stream.tell({ urls: ['http://a.example/x'] }, false, 0), false);
	void world.stream.tell({ tags: ['t'] }, true, 0);
	assert.ok(!world.tables.isPurged(KEY, [], 1), 'by which clock nobody knows yet');
	world.tellsTime();
	await until(() => !Number.isNaN(world.clock.lowMs()));
	assert.ok(world.tables.isPurged(KEY, [], REDIS_MS));
	assert.ok(world.tables.staleFromMs(Buffer.from('hb/y'), ['t'], REDIS_MS) >= REDIS_MS);
	world.stream.close();
});

test('what waits is told by who goes on with it, in its order, and by nobody else', async () => {
	const [one, other] = [new World(), new World()];
	void one.stream.tell({ tags: ['t'] }, false, 0);
	void one.stream.tell({ changed: ['ha.example/x'] }, false, 0);
	void one.stream.tell({ prefixes: ['a.example/'] }, true, 0);
	const left = one.stream.left();
	assert.equal(left.length, 3);
	one.stream.hand();
	assert.deepEqual([one.stream.waiting, one.stream.left()], [0, []]);
	other.takes = true;
	other.stream.adopt(JSON.parse(JSON.stringify(left)) as UntoldPurge[]);
	await until(() => other.taken.length === 3);
	assert.deepEqual(other.taken, left);
	await until(() => other.stream.waiting === 0);
	one.takes = true;
	await one.stream.drain(0);
	assert.deepEqual(one.taken, []);
	for (const { stream } of [one, other]) stream.close();
});

test('however many come before the time is known, none is forgotten', async () => {
	const world = new World();
	for (let at = 0; at < 1500; at++) void world.stream.tell({ tags: [`t${at}`] }, at % 2 === 0, 0);
	world.tellsTime();
	await until(() => !Number.isNaN(world.clock.lowMs()));
	for (const tag of ['t0', 't999', 't1499']) assert.ok(world.tables.isPurged(KEY, [tag], REDIS_MS), tag);
	world.stream.close();
});
