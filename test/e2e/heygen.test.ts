/**
 * Videos through the preset, at a simulator that fails in every way it knows, with the core killed in the midst; then what
 * they cost, and what is left.
 */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { type Simulator, startSimulator } from '../../simulators/heygen/start-simulator.ts';
import { type Ballast, startBallast } from '../support/ballast.ts';
import { connect } from '../support/raw-client.ts';
import { eventually, get, post, statusOf } from '../support/suite.ts';

interface View {
	id: string;
	state: string;
	error: { code: string } | null;
}

interface Places {
	lanes: { lane: string; slots: number; credit: { left: number | null; low: boolean } }[];
	spending: { tenant: string; used: number | null }[];
}

const LONG = process.env['BALLAST_FAULTS'] === 'long';
const VIDEOS = LONG ? 2000 : 50;
/** How many times less is asked than by asking for each video each 10 s; in a short run the start and the end weigh more. */
const FEWER = LONG ? 50 : 10;
const WITHIN_MS = LONG ? 600_000 : 60_000;
/** Simulated seconds in one. */
const SCALE = 600;
const ms = (seconds: number): string => `${Math.max(1, Math.round((seconds * 1000) / SCALE))}ms`;

const ENDED = ['succeeded', 'failed', 'parked', 'cancelled', 'expired'];
const ALICE = 'Authorization: Bearer alice';
/** By the prices of the preset: 18 characters. */
const COST = 0.1008;
const BODY = JSON.stringify({
	type: 'avatar',
	avatar_id: 'avatar_ada_office',
	voice_id: 'voice_english_ada',
	script: 'Hello and welcome.',
});

const KNOBS = {
	createP50Ms: 2500,
	createP99Ms: 31_000,
	slowCreateRate: 0.1,
	slowCreateMs: 45_000,
	renderP50Ms: 300_000,
	renderP99Ms: 600_000,
	failureRate: 0.05,
	nullUrlRate: 0.2,
	otherJobs: 1,
	otherJobsGapMs: 120_000,
	crashRate: 0.05,
	errorRate: 0.02,
	webhookLostRate: 0.2,
	webhookDuplicateRate: 0.2,
};

describe('HeyGen by its preset', () => {
	let simulator: Simulator;
	let ballast: Ballast;
	let config: (secrets: readonly string[], spend: object) => Record<string, unknown>;
	let secrets: string[] = [];
	const folder = mkdtempSync(join(tmpdir(), 'ballast-heygen-'));

	before(async () => {
		simulator = await startSimulator({
			timeScale: SCALE,
			knobs: KNOBS,
			accounts: [
				{ name: 'one', keys: ['key-one'], maxJobs: 10 },
				{ name: 'two', keys: ['key-two'], maxJobs: 6 },
			],
		});
		process.env['TEST_HEYGEN_ONE'] = 'key-one';
		process.env['TEST_HEYGEN_TWO'] = 'key-two';
		const external = {
			poll: {
				steps: [{ until: ms(120), every: ms(10) }, { until: ms(300), every: ms(30) }, { every: ms(60) }],
				heard: ms(120),
			},
			result: { wait: ms(30) },
		};
		config = (secrets, spend) => ({
			workers: 2,
			stop: '0s',
			services: {
				heygen: {
					preset: 'heygen',
					instances: [simulator.url],
					credit: { below: 2_000_000 },
					spend: { per: 'month', ...spend },
					...(secrets.length === 0 ? {} : { webhooks: { secret: secrets.map((file) => ({ file })) } }),
					accounts: [
						{ key: { env: 'TEST_HEYGEN_ONE' }, maxJobs: 10 },
						{ key: { env: 'TEST_HEYGEN_TWO' }, maxJobs: 6 },
					],
					routes: { 'POST /v3/videos': { offload: { backoff: { base: '5ms', most: '50ms' }, external } } },
				},
			},
		});
		ballast = await startBallast(config([], {}));
		// Where webhooks go is known only now, and each account has a secret of its own.
		secrets = await Promise.all(['key-one', 'key-two'].map((key) => registered(key)));
		ballast.configure(config(secrets, {}));
		await ballast.control('reload');
	});
	const registered = async (key: string): Promise<string> => {
		const answer = await fetch(`${simulator.url}/v3/webhooks/endpoints`, {
			method: 'POST',
			headers: { 'x-api-key': key },
			body: JSON.stringify({ url: `http://127.0.0.1:${ballast.port}/hooks/heygen` }),
		});
		const { data } = (await answer.json()) as { data: { secret: string } };
		const file = join(folder, key);
		writeFileSync(file, `${data.secret}\n`, { mode: 0o600 });
		return file;
	};
	after(async () => {
		await (ballast as Ballast | undefined)?.stop();
		await (simulator as Simulator | undefined)?.close();
		rmSync(folder, { recursive: true });
	});
	const ask = async (request: string) => {
		const client = await connect(ballast.port);
		try {
			client.send(request);
			return await client.answer();
		} finally {
			client.destroy();
		}
	};

	test('each job is one video, whatever goes wrong', async () => {
		const ids: string[] = [];
		while (ids.length < VIDEOS) {
			const some = Array.from({ length: 50 }, () => ask(post('/v3/videos', BODY, 'Prefer: respond-async', ALICE)));
			for (const answer of await Promise.all(some)) {
				assert.equal(answer.status, 202, answer.text);
				ids.push(answer.json<View>().id);
			}
		}
		const view = async (id: string): Promise<View> => (await ask(get(`/jobs/${id}`, ALICE))).json();
		const over = new Map<string, View>();
		const ended = async (): Promise<View[]> => {
			for (const id of ids) {
				const one = over.get(id) ?? (await view(id));
				if (ENDED.includes(one.state)) over.set(id, one);
				// Their turn comes in order: what is behind one that waits waits, too.
				else if (one.state === 'waiting') break;
			}
			return [...over.values()];
		};
		await eventually(ended, ({ length }) => length >= VIDEOS / 10, WITHIN_MS);
		const { core } = await statusOf(ballast);
		process.kill(core.pid, 'SIGKILL');
		await eventually(
			() => ended().catch(() => []),
			({ length }) => length === VIDEOS,
			WITHIN_MS,
		);
		const views = await ended();
		const ledger = simulator.ledger();
		const own = ledger.jobs.filter(({ origin }) => origin === 'v3');
		// Which videos fail is chance; each job tells of its own.
		const told = new Map(views.map(({ id, state, error }) => [id, state === 'failed' ? error?.code : state]));
		const made = new Map(own.map(({ callbackId, failureCode }) => [callbackId ?? '', failureCode ?? 'succeeded']));
		assert.deepEqual(new Map([...told].sort()), new Map([...made].sort()));
		assert.deepEqual(ledger.repeated, { idempotencyKeys: [], callbackIds: [] });
		assert.deepEqual(own.map(({ callbackId }) => callbackId).sort(), [...ids].sort());
		for (const { mostAtATime, maxJobs } of ledger.accounts) assert.ok(mostAtATime <= maxJobs);
		const naive = own.reduce((sum, { startAt, endAt }) => sum + (Date.parse(endAt) - Date.parse(startAt)) / 10_000, 0);
		const polls = Object.values(simulator.calls()['GET /v3/videos/statuses'] ?? {}).reduce((sum, one) => sum + one, 0);
		if (LONG)
			console.log(
				JSON.stringify({ polls, naive: Math.round(naive), accounts: ledger.accounts, calls: simulator.calls() }),
			);
		assert.ok(polls * FEWER <= naive, `${polls} questions, where ${Math.round(naive)} would be asked one by one`);
		const done = views.find(({ state }) => state === 'succeeded') as View;
		const result = await ask(get(`/jobs/${done.id}/result`, ALICE));
		assert.equal((await ask(post('/hooks/heygen', '{}'))).status, 401);
		assert.equal((await ask(post('/hooks/heygen', '').replace('POST', 'OPTIONS'))).status, 204);
		const { data } = result.json<{ data: { video_url: string } }>();
		assert.equal((await fetch(data.video_url)).status, 200);
	});

	test('what they cost is known to the cent behind the kill, and no tenant spends more than it may', async () => {
		const places = async (): Promise<Places> => (await ballast.control('jobs', { do: 'queues' })) as Places;
		const all = ({ spending }: Places): number | null => spending.find(({ tenant }) => tenant === '*')?.used ?? null;
		const cost = VIDEOS * COST;
		const { lanes } = await eventually(
			places,
			(now) => now.lanes.every(({ credit }) => credit.left !== null) && all(now) !== null,
			WITHIN_MS,
		);
		// Others use the accounts, too: for a while there may be fewer slots.
		assert.deepEqual(
			lanes.map(({ lane, slots, credit }) => [lane, slots > 0 && slots <= 10, credit.low]),
			[
				['account-1', true, true],
				['account-2', true, true],
			],
		);
		assert.ok(lanes.every(({ credit }) => (credit.left as number) > 990_000 && (credit.left as number) <= 1_000_000));
		const used = all(await places()) as number;
		assert.ok(Math.abs(used - cost) < 0.001, `${used} instead of ${cost}`);
		const metrics = [
			'ballast_lane_slots{service="heygen",route="*",lane="account-1"}',
			'ballast_credit_low{service="heygen",route="*",lane="account-2"} 1',
			'ballast_spend_used{service="heygen",tenant="*"}',
		];
		const page = await eventually(
			async () => (await fetch(`http://127.0.0.1:${ballast.adminPort}/metrics`)).text(),
			(text) => metrics.every((metric) => text.includes(metric)),
		);
		assert.doesNotMatch(page, /key-one|key-two|alice/);

		// Two more fit.
		ballast.configure(config(secrets, { perTenant: cost + 2.5 * COST }));
		await ballast.control('reload');
		const some = Array.from({ length: 12 }, () => ask(post('/v3/videos', BODY, 'Prefer: respond-async', ALICE)));
		const answers = await Promise.all(some);
		assert.deepEqual(answers.map(({ status }) => status).sort(), [202, 202, ...new Array<number>(10).fill(429)]);
		const refused = answers.find(({ status }) => status === 429) ?? assert.fail();
		assert.deepEqual(
			[refused.json<{ code: string }>().code, refused.json<{ reason: string }>().reason],
			['spend_limited', 'tenant'],
		);
		assert.ok(Number(refused.field('retry-after')) > 0, refused.text);
		const bob = 'Authorization: Bearer bob';
		assert.equal((await ask(post('/v3/videos', BODY, 'Prefer: respond-async', bob))).status, 202);
		const long = JSON.stringify({ ...JSON.parse(BODY), script: 'a'.repeat(Math.ceil((cost + 1) / 0.0056)) });
		const dear = await ask(post('/v3/videos', long, 'Prefer: respond-async', bob));
		assert.deepEqual([dear.status, dear.json<{ code: string }>().code], [402, 'spend_too_large']);
	});
});
