import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import type { AttemptOutcome } from './attempt.ts';
import type { JobBody } from './job.ts';
import { nowMs, OK, RunnerStage, TAKEN } from './testing/runner-stage.ts';

test('as many as there is room for, then the next', async () => {
	await using stage = new RunnerStage();
	stage.concurrency = 2;
	const ids = [await stage.add(), await stage.add(), await stage.add()];
	const [first] = [await stage.order(0), await stage.order(1)];
	assert.equal(stage.runner.running, 2);
	assert.equal((await stage.store.get(ids[2] as string))?.state, 'waiting');
	stage.runner.ended(first.token, OK);
	assert.equal((await stage.order(2)).id, ids[2]);
	assert.deepEqual((await stage.until(first.id, 'succeeded')).result, { head: new Uint8Array([1]), body: null });
});

test('who made an attempt is gone: the same key again, and without one a person decides', async () => {
	await using stage = new RunnerStage();
	stage.keyLifeMs = 60_000;
	const keyed = await stage.add();
	const first = await stage.order(0);
	stage.runner.lost([first.token]);
	const second = await stage.order(1);
	assert.deepEqual([second.id, second.upstreamKey, second.attempt], [keyed, first.upstreamKey, 2]);
	// That nobody was there for the repeat does not undo the first attempt.
	stage.runner.ended(second.token, { kind: 'no_place', code: 'no_ready_instance' });
	const waits = await stage.until(keyed, 'scheduled');
	assert.equal(waits.attempts, 1);
	assert.notEqual(waits.firstAttemptMs, null);
	stage.keyLifeMs = null;
	const plain = await stage.add();
	while (stage.places.orders.at(-1)?.id !== plain) await sleep(2);
	stage.runner.lost([stage.places.orders.at(-1)?.token ?? '']);
	assert.match((await stage.until(plain, 'parked')).error?.message ?? '', /cut off/);
});

test('another life of the node takes up at once what the one before held', async () => {
	await using stage = new RunnerStage();
	stage.keyLifeMs = 60_000;
	const id = await stage.add();
	const first = await stage.order(0);
	stage.runner.active = false;
	const next = stage.run('second', ['first']);
	next.active = true;
	const second = await stage.order(1);
	assert.equal(second.id, id);
	// What the first still says is refused, and the body of its answer is of no use.
	const late: JobBody = { file: 'x'.repeat(22), bytes: 1 };
	stage.runner.ended(first.token, { ...OK, body: late });
	while (stage.places.dropped.length === 0) await sleep(2);
	assert.deepEqual(stage.places.dropped, [late]);
	assert.equal((await stage.store.get(id))?.state, 'running');
	next.ended(second.token, OK);
	await stage.until(id, 'succeeded');
	next.close();
});

test('cancelled in the midst: the attempt is given up, and its slot is free', async () => {
	await using stage = new RunnerStage();
	stage.concurrency = 1;
	const id = await stage.add();
	const { token } = await stage.order(0);
	const next = await stage.add();
	await stage.store.change(id, { kind: 'cancel', nowMs: nowMs() });
	assert.equal((await stage.order(1)).id, next);
	assert.deepEqual(stage.places.aborted, [token]);
});

test('nobody was there: it is no attempt, and the queue is left alone for a while', async () => {
	await using stage = new RunnerStage();
	const id = await stage.add();
	stage.runner.ended((await stage.order(0)).token, { kind: 'no_place', code: 'no_ready_instance' });
	const job = await stage.until(id, 'scheduled');
	assert.deepEqual([job.attempts, job.firstAttemptMs, job.error?.code], [0, null, 'no_ready_instance']);
});

test('a key that the upstream may have forgotten is not sent again', async () => {
	await using stage = new RunnerStage();
	stage.keyLifeMs = 60_000;
	const id = await stage.add();
	const busy: AttemptOutcome = { ...OK, status: 429, retryAfterMs: 0 };
	stage.keyLifeMs = 1;
	stage.runner.ended((await stage.order(0)).token, busy);
	const job = await stage.until(id, 'parked');
	assert.equal(job.error?.code, 'key_too_old');
	assert.equal(stage.places.orders.length, 1);
});

test('a store that fails is told, and what came of an attempt is reported once it can be', async () => {
	await using stage = new RunnerStage();
	const id = await stage.add();
	const { token } = await stage.order(0);
	let failures = 0;
	stage.trouble = () => {
		if (failures++ < 1) throw new Error('the disk is full');
	};
	stage.runner.ended(token, OK);
	await stage.until(id, 'succeeded');
	assert.deepEqual(stage.unusable, ['the disk is full', '']);
});

test('a job that takes down whoever makes its attempts ends as a dead letter', async () => {
	await using stage = new RunnerStage();
	stage.keyLifeMs = 60_000;
	const id = await stage.add({ attemptsMost: 3 });
	for (const n of [0, 1, 2]) stage.runner.lost([(await stage.order(n)).token]);
	const job = await stage.until(id, 'failed');
	assert.deepEqual([job.attempts, job.error?.code, stage.places.orders.length], [3, 'attempt_lost', 3]);
});

test('who stood still for longer than a lease has lost nothing that is its own', async () => {
	await using stage = new RunnerStage();
	const id = await stage.add();
	const { token } = await stage.order(0);
	stage.skippedMs = 20_000;
	const next = await stage.add();
	assert.equal((await stage.order(1)).id, next);
	stage.runner.ended(token, OK);
	await stage.until(id, 'succeeded');
});

test('a job that cannot be read fails, and holds up no other', async () => {
	await using stage = new RunnerStage();
	stage.unreadable = new Set(['bad']);
	const bad = await stage.add({ group: 'bad' });
	const good = await stage.add();
	assert.equal((await stage.order(0)).id, good);
	assert.equal((await stage.until(bad, 'failed')).error?.code, 'internal');
	assert.equal(stage.runner.running, 1);
});

test('the body of an answer stays where it cannot be told whether it was stored', async () => {
	await using stage = new RunnerStage();
	const id = await stage.add();
	const { token } = await stage.order(0);
	const body: JobBody = { file: 'x'.repeat(22), bytes: 1 };
	// It is stored, and the answer that says so is lost.
	stage.afterwards = () => {
		stage.afterwards = null;
		throw new Error('the connection broke');
	};
	stage.runner.ended(token, { ...OK, body });
	await stage.until(id, 'succeeded');
	while (stage.runner.running > 0) await sleep(2);
	assert.deepEqual(stage.places.dropped, []);
});

test('a job that its upstream has keeps its slot until it is told how it ended; another life goes on with it', async () => {
	await using stage = new RunnerStage();
	stage.concurrency = 1;
	stage.upstream.reading = TAKEN;
	const id = await stage.add();
	const behind = await stage.add();
	stage.runner.ended((await stage.order(0)).token, OK);
	await stage.upstream.taken(0);
	assert.deepEqual([stage.runner.running, stage.runner.submitted], [0, 1]);
	assert.equal((await stage.store.get(behind))?.state, 'waiting');
	await stage.runner.rest(60_000);
	const next = stage.run('second', ['first']);
	next.active = true;
	const job = await stage.upstream.taken(1);
	assert.deepEqual([job.id, job.externalId, job.lost], [id, 'v1', true]);
	next.conclude(job.token, { kind: 'succeeded', result: null });
	await stage.until(id, 'succeeded');
	assert.equal((await stage.order(1)).id, behind);
	assert.deepEqual(stage.upstream.leaving, [job.token]);
	next.close();
});

test('a job that is cancelled while its upstream has it holds its slot until that has ended', async () => {
	await using stage = new RunnerStage();
	stage.concurrency = 1;
	stage.upstream.reading = TAKEN;
	const [id, other] = [await stage.add(), await stage.add()];
	const cancel = (job: string) => stage.store.change(job, { kind: 'cancel', nowMs: nowMs() });
	// In the midst of the call that creates: it may have been heard.
	const order = await stage.order(0);
	await cancel(id);
	assert.deepEqual(stage.places.aborted, []);
	stage.runner.ended(order.token, OK);
	const job = await stage.upstream.taken(0);
	assert.equal((await stage.store.get(other))?.state, 'waiting');
	assert.deepEqual(stage.upstream.unwantedOnes, [job.token], 'its upstream is told');
	stage.runner.conclude(job.token, { kind: 'succeeded', result: null });
	assert.equal((await stage.order(1)).id, other);
	assert.equal((await stage.store.get(id))?.state, 'cancelled');
	// While its upstream has it.
	stage.runner.ended((await stage.order(1)).token, OK);
	const { token } = await stage.upstream.taken(1);
	await cancel(other);
	assert.deepEqual(stage.upstream.unwantedOnes, [job.token, token]);
	// Whoever was to tell its upstream dies; whoever comes after tells it, and has the slot as long as it needs.
	stage.runner.close();
	const behind = await stage.add();
	const next = stage.run('second', ['first']);
	next.active = true;
	const lost = await stage.upstream.taken(2);
	assert.deepEqual([lost.id, lost.externalId, lost.state], [other, 'v1', 'cancelled']);
	assert.deepEqual(stage.upstream.unwantedOnes.slice(2), [lost.token]);
	assert.deepEqual([next.inLane('q', ''), next.inLane('q', '', true)], [1, 1]);
	assert.equal((await stage.store.get(behind))?.state, 'waiting');
	next.conclude(lost.token, { kind: 'cancelled' });
	assert.equal((await stage.order(2)).id, behind);
	next.close();
});

test('an answer that takes a job and does not name it leaves it to a person', async () => {
	await using stage = new RunnerStage();
	stage.upstream.reading = { ...TAKEN, externalId: null, nameless: true, code: 'external_id_missing' };
	const id = await stage.add();
	stage.runner.ended((await stage.order(0)).token, OK);
	assert.equal((await stage.until(id, 'parked')).error?.code, 'external_id_missing');
});

test('what the upstream calls an error counts for more than its status', async () => {
	await using stage = new RunnerStage();
	stage.upstream.reading = { ...TAKEN, externalId: null, code: 'quota_exceeded', message: 'no more', retried: false };
	const id = await stage.add();
	stage.runner.ended((await stage.order(0)).token, { ...OK, status: 429 });
	const { error } = await stage.until(id, 'failed');
	assert.deepEqual([error?.code, error?.status], ['quota_exceeded', 429]);
});

test('a job that is cancelled while it is claimed is not begun, and gives its slot back', async () => {
	await using stage = new RunnerStage();
	stage.concurrency = 1;
	let first = '';
	stage.claimed = async ([job]) => {
		if (job === undefined || first !== '') return;
		first = job.id;
		await stage.store.change(first, { kind: 'cancel', nowMs: nowMs() });
	};
	const [id, other] = [await stage.add(), await stage.add()];
	assert.equal((await stage.order(0)).id, other);
	assert.deepEqual([first, (await stage.store.get(id))?.attempts], [id, 1], 'it was claimed');
});

test('once it rests nothing makes it begin again, as a reload would', async () => {
	await using stage = new RunnerStage();
	await stage.runner.rest(60_000);
	// What it asked for before that is answered.
	await stage.store.queue('q');
	stage.runner.active = true;
	const id = await stage.add();
	const next = stage.run('second');
	next.active = true;
	assert.equal((await stage.order(0)).id, id);
	assert.deepEqual([stage.runner.running, next.running], [0, 1]);
	next.close();
});
