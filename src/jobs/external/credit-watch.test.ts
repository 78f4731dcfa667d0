import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setImmediate as turn } from 'node:timers/promises';
import type { AttemptOutcome } from '../attempt.ts';
import { type CreditPlace, CreditWatch, readCredit } from './credit-watch.ts';

const LEFT = [
	{ at: '/data/wallet/remaining_balance', less: null },
	{ at: '/data/usage/cap', less: '/data/usage/spent' },
];
const answered = (status: number, retryAfterMs: number | null = null): AttemptOutcome => ({
	...{ kind: 'answered', status, retryAfterMs },
	head: new Uint8Array(),
	body: null,
});
const wallet = (left: unknown): string => JSON.stringify({ data: { wallet: { remaining_balance: left } } });

class Stage {
	nowMs = 1_000_000;
	asked: string[] = [];
	told: string[] = [];
	/** What the next question brings. */
	next: [outcome: AttemptOutcome, text: string | null] = [answered(200), wallet(50)];
	readonly watch: CreditWatch = new CreditWatch({
		ask: ({ lane }, target) => {
			this.asked.push(`${lane} ${target}`);
			return Promise.resolve(this.next[0]);
		},
		text: () => Promise.resolve(this.next[1]),
		unread: ({ lane }, why) => this.told.push(`${lane}: ${why}`),
		nowMs: () => this.nowMs,
	});

	place(lane: string, everyMs = 300_000): CreditPlace {
		const policy = { path: '/me', left: LEFT, everyMs, below: 20 };
		return { queue: 'heygen', lane, service: 'heygen', route: 'POST /v3/videos', policy };
	}

	/** Time passes, second by second as the jobs thread looks; the number of questions. */
	async pass(ms: number): Promise<number> {
		const before = this.asked.length;
		for (const until = this.nowMs + ms; this.nowMs < until; this.nowMs += 1000) {
			this.watch.look();
			await turn();
		}
		return this.asked.length - before;
	}

	get left(): number | null | undefined {
		return this.watch.of('heygen', 'one')?.left;
	}
}

test('each place is asked on its interval, and is low below its bound', async () => {
	const stage = new Stage();
	stage.watch.configure([stage.place('one'), stage.place('two')]);
	assert.deepEqual(stage.watch.of('heygen', 'one'), { left: null, low: false, toldMs: null, unread: false });
	assert.equal(stage.watch.of('heygen', 'three'), null);
	assert.equal(await stage.pass(299_000), 2);
	assert.deepEqual(stage.asked, ['one /me', 'two /me']);
	assert.equal(stage.left, 50);
	stage.next = [answered(200), wallet(19.5)];
	assert.equal(await stage.pass(300_000), 2);
	assert.deepEqual(stage.watch.of('heygen', 'one')?.low, true);
	// A reload that leaves the question as it is asks no sooner.
	stage.watch.configure([stage.place('one'), stage.place('two')]);
	assert.equal(await stage.pass(1000), 0);
	assert.equal(stage.left, 19.5);
	stage.watch.configure([stage.place('one', 10_000)]);
	assert.equal(await stage.pass(12_000), 2);
});

test('what cannot be read is asked for ever more seldom, and is never 0', async () => {
	const stage = new Stage();
	stage.watch.configure([stage.place('one')]);
	await stage.pass(2000);
	stage.next = [answered(503), null];
	// At 300, 305, 315, 335, 375, 455, 615 s: what is known is given for three intervals.
	assert.equal(await stage.pass(800_000), 7);
	assert.equal(stage.left, 50);
	await stage.pass(200_000);
	assert.equal(stage.left, null);
	assert.deepEqual([stage.watch.of('heygen', 'one')?.low, stage.watch.of('heygen', 'one')?.unread], [false, true]);
	assert.deepEqual(stage.told, ['one: it answers 503']);
	await stage.pass(4 * 3_600_000);
	assert.ok((await stage.pass(10 * 3_600_000)) <= 11, 'once an hour at last');
	stage.next = [answered(200), wallet(3)];
	await stage.pass(2 * 3_600_000);
	assert.deepEqual([stage.left, stage.watch.of('heygen', 'one')?.unread], [3, false]);
	assert.deepEqual(stage.told, ['one: it answers 503', 'one: ']);
	// One that never could be read is told of as late; one that nobody asks is not.
	stage.next = [answered(401), null];
	stage.watch.configure([stage.place('two')]);
	stage.nowMs += 3_600_000;
	assert.equal(stage.watch.of('heygen', 'two')?.unread, false);
	await stage.pass(890_000);
	assert.equal(stage.watch.of('heygen', 'two')?.unread, false);
	await stage.pass(20_000);
	assert.equal(stage.watch.of('heygen', 'two')?.unread, true);
});

test('a Retry-After is waited for', async () => {
	const stage = new Stage();
	stage.watch.configure([stage.place('one', 10_000)]);
	stage.next = [answered(429, 600_000), null];
	assert.equal(await stage.pass(600_000), 1);
	assert.equal(await stage.pass(2000), 1);
});

test('a question that takes long is not asked twice', async () => {
	const stage = new Stage();
	const open = Promise.withResolvers<AttemptOutcome>();
	const watch = new CreditWatch({
		ask: (_, target) => {
			stage.asked.push(target);
			return open.promise;
		},
		text: () => Promise.resolve(wallet(1)),
		unread: () => {},
		nowMs: () => stage.nowMs,
	});
	watch.configure(['a', 'b', 'c', 'd', 'e', 'f'].map((lane) => stage.place(lane, 10_000)));
	for (let at = 0; at < 100; at++, stage.nowMs += 1000) watch.look();
	assert.equal(stage.asked.length, 4, 'four at a time, each once');
	open.resolve(answered(200));
	await turn();
	watch.look();
	assert.equal(stage.asked.length, 6);
});

test('the first number counts; a cap less what is spent; what is none is no credit', () => {
	const of = (text: string | null, outcome: AttemptOutcome = answered(200)) => readCredit(outcome, text, LEFT);
	assert.equal(of(wallet(0)), 0);
	assert.equal(of(wallet('12.5')), 12.5);
	assert.equal(of('{"data":{"wallet":null,"usage":{"cap":100,"spent":30}}}'), 70);
	for (const text of [wallet(null), wallet('much'), wallet({}), '{"data":{"usage":{"cap":null,"spent":3}}}', '[]'])
		assert.equal(of(text), 'its answer has no such number');
	assert.equal(of('<html>'), 'its answer is no JSON');
	assert.equal(of(wallet(5), answered(401)), 'it answers 401');
	assert.equal(of(null, { kind: 'failed', code: 'connect_refused', began: false }), 'connect_refused');
});
