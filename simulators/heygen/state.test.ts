import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { appendFileSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { startSimulator } from './start-simulator.ts';
import { AT_ONCE, type Body, Client, running, until, VIDEO } from './testing/client.ts';
import { receiver } from './testing/receiver.ts';

const HOUR_MS = 3_600_000;

test('a restart loses calls and webhooks under way, and keeps jobs, keys and endpoints', async (t) => {
	const client = await running(t, { knobs: { webhookDelayMs: 4 * HOUR_MS } });
	const hooks = await receiver(t);
	await client.post('/v3/webhooks/endpoints', { url: hooks.url });
	const keyed = { headers: { 'idempotency-key': 'k' } };
	const first = await client.create({}, keyed);
	client.simulator.advance(HOUR_MS);
	client.simulator.turn({ createP50Ms: HOUR_MS, createP99Ms: HOUR_MS, webhookDelayMs: 0 });
	const lost = client.post('/v3/videos', VIDEO, { headers: { 'idempotency-key': 'under-way' } });
	await until(async () => (await client.get('/_simulator/calls')).body.keysUnderWay === 1);
	assert.equal((await client.post('/_simulator/restart', {})).body.restarted, 1);
	await assert.rejects(lost, /fetch failed/);
	client.simulator.advance(10 * HOUR_MS);
	assert.deepEqual([hooks.received.length, client.simulator.ledger().jobs.length], [0, 1]);
	assert.equal((await client.get('/_simulator/deliveries')).body.deliveries[0].state, 'forgotten');
	client.simulator.turn(AT_ONCE);
	assert.equal(await client.create({}, keyed), first);
	await client.create({}, { headers: { 'idempotency-key': 'under-way' } });
	client.simulator.advance(HOUR_MS);
	await until(() => hooks.received.length === 1);
});

test('while it is down no connection is answered', async (t) => {
	const client = await running(t);
	await client.post('/_simulator/restart', { downMs: '1h' });
	await assert.rejects(client.get('/v3/videos'), /fetch failed/);
	client.simulator.advance(HOUR_MS);
	assert.equal((await client.get('/v3/videos')).status, 200);
});

test('with a file all is there again at the next start, and time has gone on', async (t) => {
	const folder = mkdtempSync(join(tmpdir(), 'heygen-simulator-'));
	const options = {
		stateFile: join(folder, 'state.jsonl'),
		knobs: AT_ONCE,
		accounts: [{ name: 'a', keys: ['simulator-key'], balanceUsd: 5 }],
	};
	const keyed = { headers: { 'idempotency-key': 'k' } };
	const before = new Client(await startSimulator(options));
	const [kept, deleted] = [await before.create({ title: 'Kept' }, keyed), await before.create()];
	await before.ask('DELETE', `/v3/videos/${deleted}`);
	await before.post('/v3/webhooks/endpoints', { url: 'https://a.example' });
	const [balance, now] = [(await before.get('/v3/users/me')).body.data.wallet, before.simulator.now()];
	const ledger = before.simulator.ledger().jobs;
	await before.simulator.close();
	// As a kill in the middle of writing leaves it.
	appendFileSync(options.stateFile, '["videos","v_half",{"id":');

	const after = new Client(await startSimulator(options));
	t.after(async () => {
		await after.simulator.close();
		rmSync(folder, { recursive: true, force: true });
	});
	assert.ok(after.simulator.now() >= now);
	assert.deepEqual(after.simulator.ledger().jobs, ledger);
	assert.deepEqual((await after.get('/v3/users/me')).body.data.wallet, balance);
	assert.equal((await after.get('/v3/webhooks/endpoints')).body.data.length, 1);
	assert.equal(await after.create({}, keyed), kept);
	const another = await after.create();
	assert.notEqual(another, kept);
	after.simulator.advance(HOUR_MS);
	assert.equal((await after.video(kept)).status, 'completed');
	await until(async () => (await after.get('/v3/webhooks/events')).body.data.length === 2);
});

test('what was answered is there after kill -9', { timeout: 30_000 }, async (t) => {
	const folder = mkdtempSync(join(tmpdir(), 'heygen-simulator-'));
	let child: ChildProcess | undefined;
	t.after(() => {
		child?.kill('SIGKILL');
		rmSync(folder, { recursive: true, force: true });
	});
	const begin = async (): Promise<string> => {
		const args = ['--port', '0', '--state', join(folder, 'state.jsonl'), '--create-p50-ms', '0', '--read-p50-ms', '0'];
		child = spawn(process.execPath, [join(import.meta.dirname, 'main.ts'), ...args]);
		const [said] = await once(child.stdout as NonNullable<ChildProcess['stdout']>, 'data');
		return /at (http:\S+),/.exec(String(said))?.[1] ?? '';
	};
	const make = async (url: string): Promise<string> => {
		const headers = { 'x-api-key': 'simulator-key', 'idempotency-key': 'k' };
		const answer = await fetch(`${url}/v3/videos`, { method: 'POST', headers, body: JSON.stringify(VIDEO) });
		return ((await answer.json()) as Body).data.video_id;
	};
	const made = await make(await begin());
	child?.kill('SIGKILL');
	await once(child as ChildProcess, 'exit');
	assert.equal(await make(await begin()), made);
});
