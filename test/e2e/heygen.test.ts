/**
 * Videos through the preset, at a simulator that fails in every way it knows, with the core killed in the midst; then what
 * they cost, and what is left.
 */
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import type { LedgerJob } from '../../simulators/heygen/ledger.ts';
import { type Simulator, startSimulator } from '../../simulators/heygen/start-simulator.ts';
import { type Ballast, startBallast } from '../support/ballast.ts';
import { connect, fieldsOf } from '../support/raw-client.ts';
import { eventually, get, post, statusOf } from '../support/suite.ts';

interface View {
	id: string;
	state: string;
	error: { code: string } | null;
}

interface Film {
	data: { video_url: string };
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
	stuckRate: 0.03,
	nullUrlRate: 0.2,
	otherJobs: 1,
	otherJobsGapMs: 120_000,
	crashRate: 0.05,
	errorRate: 0.02,
	webhookLostRate: 0.2,
	webhookDuplicateRate: 0.2,
	webhookLateRate: 0.1,
	webhookLateMs: 1_200_000,
	webhookUnsubscribedRate: 0.05,
};
/** Nothing goes wrong. */
const CALM = {
	...Object.fromEntries(Object.keys(KNOBS).flatMap((name) => (name.endsWith('Rate') ? [[name, 0]] : []))),
	otherJobs: 0,
};
const TRANSLATION = JSON.stringify({
	video: { type: 'url', url: 'https://example.com/a.mp4' },
	output_languages: ['Spanish', 'French'],
});

/** What is stuck was ended by its time limit, and deleted. */
const endOf = ({ deletedAt, failureCode }: LedgerJob): string =>
	deletedAt === null ? (failureCode ?? 'succeeded') : 'external_timeout';

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
		process.env['TEST_HEYGEN_SEAL'] = randomBytes(32).toString('base64');
		process.env['TEST_HEYGEN_ONE'] = 'key-one';
		process.env['TEST_HEYGEN_TWO'] = 'key-two';
		const external = {
			poll: {
				steps: [{ until: ms(120), every: ms(10) }, { until: ms(300), every: ms(30) }, { every: ms(60) }],
				heard: ms(120),
			},
			result: { wait: ms(30) },
		};
		const limit = ms(3600);
		// Copies come from the simulator alone.
		const { host } = new URL(simulator.url);
		const media = { to: join(folder, 'films'), allow: ['127.0.0.0/8'], http: [host] };
		const backoff = { base: '5ms', most: '50ms' };
		config = (secrets, spend) => ({
			workers: 2,
			stop: '0s',
			jobs: { encryption: { key: { env: 'TEST_HEYGEN_SEAL' } } },
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
					routes: {
						'POST /v3/videos': { offload: { backoff, external: { ...external, limit } } },
						'POST /v3/templates/*': {
							offload: { backoff, external: { ...external, result: { ...external.result, media } } },
						},
						// Whose turn does not come at once is told so at once.
						'POST /v3/video-translations': { offload: { backoff, external, when: { hold: '300ms' } } },
					},
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

	/** Of our own, at HeyGen. */
	const going = (): LedgerJob[] =>
		simulator.ledger().jobs.filter(({ origin, deletedAt, endAt }) => {
			return origin === 'v3' && deletedAt === null && Date.parse(endAt) > simulator.now();
		});

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
		// What is stuck has failed, and is deleted a moment later.
		await eventually(going, ({ length }) => length === 0, WITHIN_MS);
		const ledger = simulator.ledger();
		const own = ledger.jobs.filter(({ origin }) => origin === 'v3');
		// Which videos fail is chance; each job tells of its own.
		const told = new Map(views.map(({ id, state, error }) => [id, state === 'failed' ? error?.code : state]));
		const made = new Map(own.map((job) => [job.callbackId ?? '', endOf(job)]));
		assert.deepEqual(new Map([...told].sort()), new Map([...made].sort()));
		assert.deepEqual(ledger.repeated, { idempotencyKeys: [], callbackIds: [] });
		assert.deepEqual(own.map(({ callbackId }) => callbackId).sort(), [...ids].sort());
		for (const { mostAtATime, maxJobs } of ledger.accounts) assert.ok(mostAtATime <= maxJobs);
		const naive = own.reduce((sum, { startAt, endAt, deletedAt }) => {
			const untilMs = Date.parse(deletedAt ?? endAt);
			return sum + (untilMs - Date.parse(startAt)) / 10_000;
		}, 0);
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

	/** Ended well, after so long at most. */
	const done = async (id: string): Promise<View> =>
		eventually(
			async (): Promise<View> => (await ask(get(`/jobs/${id}`, ALICE))).json(),
			({ state }) => ENDED.includes(state),
			WITHIN_MS,
		);

	test('templates and translations are jobs, too; of several languages the result is a list', async () => {
		simulator.turn(CALM);
		// As at the beginning, without limits of money.
		ballast.configure(config(secrets, {}));
		await ballast.control('reload');
		const template = JSON.stringify({ variables: { name: 'Ada' } });
		const accepted = await Promise.all([
			ask(post('/v3/templates/template_greeting', template, 'Prefer: respond-async', ALICE)),
			ask(post('/v3/video-translations', TRANSLATION, 'Prefer: respond-async', ALICE)),
		]);
		const results: unknown[] = [];
		for (const answer of accepted) {
			const { id } = answer.json<View>();
			assert.equal((await done(id)).state, 'succeeded');
			results.push((await ask(get(`/jobs/${id}/result`, ALICE))).json<unknown>());
		}
		const [video, translations] = results as [Film, Film[]];
		assert.match(video.data.video_url, /^http/);
		for (const { data } of translations) assert.equal((await fetch(data.video_url)).status, 200);
		assert.equal(translations.length, 2);
	});

	test('a copy of the film outlives its URL at HeyGen, in parts too, and only for its owner', async () => {
		const template = JSON.stringify({ variables: { name: 'Grace' } });
		const { id } = (
			await ask(post('/v3/templates/template_greeting', template, 'Prefer: respond-async', ALICE))
		).json<View>();
		await done(id);
		const url = async (): Promise<string> => (await ask(get(`/jobs/${id}/result`, ALICE))).json<Film>().data.video_url;
		const own = await eventually(url, (one) => one.endsWith(`/jobs/${id}/media`), WITHIN_MS);
		assert.equal(own, `http://test/jobs/${id}/media`);
		const film = await ask(get(`/jobs/${id}/media`, ALICE));
		assert.deepEqual([film.status, fieldsOf(film.lines, 'Content-Type')], [200, ['video/mp4']]);
		assert.equal(film.body.toString('latin1', 4, 8), 'ftyp');
		const part = await ask(get(`/jobs/${id}/media`, ALICE, 'Range: bytes=4-7'));
		assert.deepEqual([part.status, part.text], [206, 'ftyp']);
		assert.deepEqual(fieldsOf(part.lines, 'Content-Range'), [`bytes 4-7/${film.body.length}`]);
		// It lies there sealed, and conditions are as those of static files.
		const sealed = readFileSync(join(folder, 'films', `${id}-0.mp4.sealed`));
		assert.ok(!sealed.includes(film.body.subarray(0, 100)));
		const [etag = ''] = fieldsOf(film.lines, 'ETag');
		const withRange = async (...lines: string[]): Promise<number> =>
			(await ask(get(`/jobs/${id}/media`, ALICE, 'Range: bytes=4-7', ...lines))).status;
		assert.deepEqual(
			[
				await withRange(`If-Range: ${etag}`),
				await withRange('If-Range: "other"'),
				await withRange('If-Match: "other"'),
			],
			[206, 200, 412],
		);
		assert.equal((await ask(get(`/jobs/${id}/media`, ALICE, `If-None-Match: ${etag}`))).status, 304);
		for (const who of ['Authorization: Bearer bob', 'X-Nobody: 1'])
			assert.equal((await ask(get(`/jobs/${id}/media`, who))).status, 404);
		assert.equal((await ask(get(`/jobs/${id}/media/1`, ALICE))).status, 409);
		// Somebody took it away: the URL of HeyGen is as good.
		rmSync(join(folder, 'films'), { recursive: true });
		assert.equal((await fetch(await url())).status, 200);
	});

	test('a client that asks for no job gets the usual answer; never is an account asked for more than it takes', async () => {
		const answers = await Promise.all(Array.from({ length: 14 }, () => ask(post('/v3/videos', BODY))));
		const ids = answers.map((answer) => answer.json<{ data: { video_id: string; status: string } }>().data);
		assert.deepEqual(new Set(answers.map(({ status }) => status)), new Set([200]));
		assert.deepEqual(new Set(ids.map(({ status }) => status)), new Set(['waiting']));
		const one = new Map(simulator.ledger('one').jobs.map((job) => [job.id, job]));
		for (const { video_id: id } of ids) {
			assert.ok(one.has(id), 'all other calls have the key of this account');
			assert.equal((await ask(get(`/v3/videos/${id}`))).status, 200);
		}
		const [link = ''] = fieldsOf(answers[0]?.lines ?? [], 'Link');
		assert.match(link, /^<\/jobs\/[\w-]{22}>; rel="status"$/);
		// A mistake is answered as HeyGen does.
		const wrong = await ask(post('/v3/videos', BODY.replace('avatar_ada_office', 'nobody')));
		assert.deepEqual([wrong.status, wrong.json<{ error: { code: string } }>().error.code], [404, 'avatar_not_found']);
	});

	test('where all is full a client is told so, and no job is left; cancelled ones are ended at HeyGen and make room', async () => {
		// What is under way of the tests before would make room later.
		await eventually(going, ({ length }) => length === 0, WITHIN_MS);
		simulator.turn({ stuckRate: 1 });
		const many = Array.from({ length: 20 }, () =>
			ask(post('/v3/video-translations', TRANSLATION.replace(',"French"', ''), 'Prefer: respond-async', ALICE)),
		);
		const jobs = (await Promise.all(many)).map((answer) => answer.json<View>().id);
		const { accounts } = simulator.ledger();
		const places = accounts.reduce((sum, { maxJobs }) => sum + maxJobs, 0);
		// Those of others, too: one of theirs may be stuck since before.
		const active = (): number => simulator.ledger().accounts.reduce((sum, account) => sum + account.active, 0);
		await eventually(active, (count) => count === places, WITHIN_MS);
		const refused = await ask(post('/v3/video-translations', TRANSLATION, 'Authorization: Bearer dora'));
		assert.deepEqual([refused.status, fieldsOf(refused.lines, 'Retry-After')], [429, ['30']]);
		assert.equal(refused.json<{ code: string }>().code, 'upstream_full');
		const of = async (who: string): Promise<string[]> =>
			(await ask(get('/jobs', who))).json<{ jobs: View[] }>().jobs.map(({ state }) => state);
		assert.deepEqual(await of('Authorization: Bearer dora'), ['cancelled']);
		// Who named a key keeps its turn.
		const keyed = post('/v3/video-translations', TRANSLATION, 'Authorization: Bearer eve', 'Idempotency-Key: one');
		assert.equal((await ask(keyed)).status, 429);
		assert.equal((await ask(keyed)).status, 429);
		assert.ok(!(await of('Authorization: Bearer eve')).includes('cancelled'));
		// Who leaves before its turn takes its request along.
		const leaver = await connect(ballast.port);
		leaver.send(post('/v3/videos', BODY, 'Authorization: Bearer joe'));
		await eventually(
			() => of('Authorization: Bearer joe'),
			({ length }) => length === 1,
			WITHIN_MS,
		);
		leaver.destroy();
		await eventually(
			() => of('Authorization: Bearer joe'),
			([state]) => state === 'cancelled',
			WITHIN_MS,
		);
		const own = (): LedgerJob[] =>
			simulator.ledger().jobs.filter(({ origin, kind, deletedAt }) => {
				return origin === 'v3' && kind === 'translation' && deletedAt === null;
			});
		// HeyGen does not hear of it, and then the core dies that was to tell it: the next one does.
		simulator.turn({ errorRate: 1 });
		for (const id of jobs) await ask(get(`/jobs/${id}`, ALICE).replace('GET', 'DELETE'));
		assert.ok(own().length > 4);
		const { core } = await statusOf(ballast);
		process.kill(core.pid, 'SIGKILL');
		await eventually(
			() => statusOf(ballast).catch(() => null),
			(status) => status !== null && status.core.pid !== core.pid,
			WITHIN_MS,
		);
		simulator.turn({ errorRate: 0, stuckRate: 0 });
		// Two are of a test before, and have ended; two are of who named a key, whose turn has come.
		await eventually(own, ({ length }) => length === 4, WITHIN_MS);
		const repeated = (await ask(keyed)).json<{ data: { video_translation_ids: string[] } }>();
		assert.equal(repeated.data.video_translation_ids.length, 2);
		assert.equal((await ask(post('/v3/videos', BODY))).status, 200);
		for (const { mostAtATime, maxJobs } of simulator.ledger().accounts) assert.ok(mostAtATime <= maxJobs);
	});
});
