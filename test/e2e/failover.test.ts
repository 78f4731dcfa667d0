/** Traffic that moves between the pools of a service, and comes back. */
import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, afterEach, before, describe, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { SERVER_JS } from '../support/api-file.ts';
import { type Ballast, startBallast } from '../support/ballast.ts';
import { freePorts } from '../support/free-ports.ts';
import { Load } from '../support/load.ts';
import { eventually, get, post, statusOf } from '../support/suite.ts';

/** A process that Ballast does not run, on a port that stays the same when it begins anew. */
class Outside {
	readonly url: string;
	readonly #name: string;
	readonly #port: number;
	readonly #file: string;
	#child: ChildProcess | undefined;

	constructor(name: string, port: number, file: string) {
		this.url = `http://127.0.0.1:${port}`;
		this.#name = name;
		this.#port = port;
		this.#file = file;
	}

	async start(): Promise<void> {
		const env = { ...process.env, PORT: String(this.#port), BALLAST_INSTANCE: this.#name };
		this.#child = spawn(process.execPath, [this.#file], { env, stdio: ['ignore', 'pipe', 'inherit'] });
		await once(this.#child.stdout as NonNullable<ChildProcess['stdout']>, 'data');
	}

	kill(): void {
		this.#child?.kill('SIGKILL');
	}
}

const poolsOf = async (ballast: Ballast) => {
	const [service] = (await statusOf(ballast)).services;
	return Object.fromEntries((service?.pools ?? []).map((pool) => [pool.name, pool]));
};
const shareOf = async (ballast: Ballast, pool: string) => (await poolsOf(ballast))[pool]?.share;

/** Answers by the name in front of their number. */
function byPool(load: Load): Record<string, number> {
	const counts: Record<string, number> = {};
	for (const [text, count] of load.byBody) {
		const pool = text.replace(/-\d+ \d+$/, '');
		counts[pool] = (counts[pool] ?? 0) + count;
	}
	return counts;
}

const loads: Load[] = [];
afterEach(async () => {
	await Promise.all(loads.splice(0).map((load) => load.stop()));
});
function loadOn({ port }: Ballast, clients: number, request: string): Load {
	const load = new Load({ port, clients, fresh: clients > 4 ? 2 : 0, request: () => request });
	loads.push(load);
	return load;
}
const getting = (ballast: Ballast) => loadOn(ballast, 6, get('/?ms=10'));

const PROBE_MS = 1000;
/** Retries are a share of the requests of the last 10 s: without any before, a lost pool would use up the budget. */
const HISTORY_MS = 2500;

describe('a pool that is lost under load', () => {
	const folder = mkdtempSync(join(tmpdir(), 'ballast-outside-'));
	let primary: Outside[] = [];
	let standby: Outside[] = [];
	let ballast: Ballast;

	before(async () => {
		const file = join(folder, 'server.js');
		writeFileSync(file, SERVER_JS);
		const ports = await freePorts(5);
		const outside = ports.map((port, at) => new Outside(`${at < 3 ? 'primary' : 'standby'}-${at}`, port, file));
		[primary, standby] = [outside.slice(0, 3), outside.slice(3)];
		await Promise.all(outside.map((each) => each.start()));
		ballast = await startBallast({
			workers: 2,
			stop: '0s',
			services: {
				videos: {
					pools: {
						primary: { instances: primary.map(({ url }) => url) },
						standby: { instances: standby.map(({ url }) => url), priority: 2 },
					},
					failover: { hold: '1s' },
					health: { path: '/', interval: `${PROBE_MS}ms`, timeout: '1s' },
				},
			},
		});
		await eventually(
			() => poolsOf(ballast),
			({ primary: first, standby: second }) => first?.ready === 3 && second?.ready === 2 && first.share === 1,
			10_000,
		);
	});
	after(async () => {
		await ballast?.stop();
		for (const each of [...primary, ...standby]) each.kill();
		rmSync(folder, { recursive: true, force: true });
		assert.doesNotMatch(ballast.output(), /worker \d+: |worker \d+ (?:failed|ended)|internal/);
	});

	test('the standby takes over within two probe intervals, no GET fails, and it comes back', async () => {
		const gets = getting(ballast);
		const posts = loadOn(ballast, 4, post('/?ms=10', 'body'));
		await sleep(HISTORY_MS);
		assert.deepEqual(Object.keys(byPool(gets)), ['primary']);
		const lostAt = performance.now();
		const sentBefore = posts.answered + posts.failures.length;
		for (const each of primary) each.kill();
		await eventually(
			() => shareOf(ballast, 'standby'),
			(share) => share === 1,
			10_000,
		);
		const took = performance.now() - lostAt;
		const sent = posts.answered + posts.failures.length - sentBefore;
		assert.ok(took < 2 * PROBE_MS, `${took.toFixed(0)} ms`);
		const atLoss = posts.failures.length;
		// What was under way at the instances when they died, one after the other, cannot be sent again.
		const cut = posts.failures.filter((failure) => failure.includes('reset_before_answer')).length;
		assert.ok(cut <= 8, `${cut}`);
		assert.ok(atLoss - cut <= sent / 100, `${atLoss - cut} of ${sent}: ${posts.failures.slice(0, 9).join()}`);
		await ballast.printed(/videos +.*all of the traffic goes to standby: 0 of 3 instances of primary are ready/, {
			withinMs: 5000,
		});
		const after = byPool(gets)['standby'] ?? 0;
		await eventually(
			() => byPool(gets)['standby'] ?? 0,
			(count) => count > after + 100,
			10_000,
		);
		assert.equal(posts.failures.length, atLoss, 'nothing fails once the traffic has moved');

		await Promise.all(primary.map((each) => each.start()));
		await ballast.printed(/videos +.*all of the traffic goes to primary again: 3 of 3 of its instances are ready/, {
			withinMs: 10_000,
		});
		await eventually(
			() => shareOf(ballast, 'primary'),
			(share) => share === 1,
		);
		await Promise.all([gets.stop(), posts.stop()]);
		assert.deepEqual(gets.failures, []);
		assert.equal(posts.failures.length, atLoss);
	});

	test('in proportion, while a part of it is lost', async () => {
		for (const each of primary.slice(1)) each.kill();
		await ballast.printed(/videos +.*52 % of the traffic goes to standby: 1 of 3 instances of primary are ready/, {
			withinMs: 10_000,
		});
		const load = getting(ballast);
		await eventually(
			() => load.answered,
			(count) => count >= 600,
			20_000,
		);
		await load.stop();
		assert.deepEqual(load.failures, []);
		const { primary: first = 0, standby: second = 0 } = byPool(load);
		const part = second / (first + second);
		assert.ok(Math.abs(part - 0.524) < 0.03, `${part}`);
		await Promise.all(primary.slice(1).map((each) => each.start()));
		await eventually(
			() => shareOf(ballast, 'primary'),
			(share) => share === 1,
			10_000,
		);
	});
});

describe('regions', () => {
	const RUN = { run: 'node server.js', grace: '2s' };
	const config = (more: Record<string, unknown> = {}) => ({
		workers: 2,
		stop: '2s',
		services: {
			videos: {
				pools: {
					main: { instances: RUN, scale: 2, region: 'eu-west' },
					standby: { instances: RUN, scale: 1, region: 'us-east', priority: 2 },
				},
				health: { path: '/', interval: '200ms', timeout: '1s' },
				...more,
			},
		},
	});
	let ballast: Ballast;

	before(async () => {
		ballast = await startBallast(config(), { files: { 'server.js': SERVER_JS } });
		await isReady({ main: 2, standby: 1 });
	});
	after(() => ballast?.stop());

	const isReady = (wanted: Record<string, number>) =>
		eventually(
			() => poolsOf(ballast).catch(() => ({}) as Record<string, { ready: number }>),
			(pools) => Object.entries(wanted).every(([name, ready]) => pools[name]?.ready === ready),
			15_000,
		);
	const isDrained = async () => {
		const { main, standby } = await eventually(
			() => poolsOf(ballast).catch(() => ({}) as Record<string, { drained: boolean; ready: number; share: number }>),
			({ main: first, standby: second }) => first?.ready === 0 && second?.ready === 1 && second.share === 1,
			15_000,
		);
		assert.deepEqual([main?.drained, standby?.drained], [true, false]);
	};

	test('drained by hand: the traffic moves, nothing fails; the region is named where it shows', async () => {
		const load = getting(ballast);
		await eventually(
			() => load.answered,
			(count) => count > 50,
			10_000,
		);
		await assert.rejects(ballast.control('drain', { region: 'eu-wets' }), {
			code: 'unknown_region',
			message: "there is no region 'eu-wets'; there are: eu-west, us-east",
		});
		await ballast.control('drain', { region: 'eu-west' });
		await isDrained();
		await ballast.printed(/videos +.*all of the traffic goes to standby: main is drained/);
		const { warnings, services } = await statusOf(ballast);
		assert.deepEqual(warnings, [
			'region eu-west is drained by hand; `ballast undrain --region eu-west` takes it back in',
		]);
		const notes = services[0]?.instances.filter(({ pool }) => pool === 'main').map(({ state, note }) => [state, note]);
		assert.deepEqual(notes, Array(2).fill(['draining', 'its region eu-west is drained by the operator']));
		const before = byPool(load)['videos'];
		const answered = load.answered;
		await eventually(
			() => load.answered,
			(count) => count > answered + 100,
			10_000,
		);
		await load.stop();
		assert.deepEqual(load.failures, []);
		assert.equal(byPool(load)['videos'], before, 'it gets nothing any more');
	});

	test('the last region with a ready instance is not drained by mistake', async () => {
		await assert.rejects(ballast.control('drain', { region: 'us-east' }), {
			message: 'no instance of videos outside region us-east is ready; --force drains it all the same',
		});
		assert.equal((await poolsOf(ballast))['standby']?.drained, false);
	});

	test('it stays drained over a reload, a crash of the core and an upgrade, and comes back by hand', async () => {
		ballast.configure(config({ failover: { hold: '500ms' } }));
		await ballast.control('reload');
		await isDrained();
		const { core } = await statusOf(ballast);
		process.kill(core.pid, 'SIGKILL');
		await eventually(
			() =>
				statusOf(ballast)
					.then(({ core: { pid } }) => pid)
					.catch(() => core.pid),
			(pid) => pid !== core.pid,
			15_000,
		);
		await isDrained();
		await ballast.control('upgrade');
		await isDrained();
		await ballast.control('undrain', { region: 'eu-west' });
		await eventually(
			() => shareOf(ballast, 'main'),
			(share) => share === 1,
			10_000,
		);
		assert.deepEqual((await statusOf(ballast)).warnings, []);
		await assert.rejects(ballast.control('undrain', { region: 'eu-west' }), {
			message: 'region eu-west is not drained',
		});
	});

	test('an instance that was drained comes back by hand too', async () => {
		await ballast.control('drain', { instance: 'videos-1' });
		await isReady({ main: 1 });
		await ballast.control('undrain', { instance: 'videos-1' });
		await isReady({ main: 2 });
	});

	test('a share that keeps the standby warm', async () => {
		ballast.configure(config({ failover: { warmUp: '10%', hold: '200ms' } }));
		await ballast.control('reload');
		await eventually(
			() => shareOf(ballast, 'standby'),
			(share) => share === 0.1,
			10_000,
		);
		const load = getting(ballast);
		await eventually(
			() => load.answered,
			(count) => count >= 1000,
			20_000,
		);
		await load.stop();
		assert.deepEqual(load.failures, []);
		const part = (byPool(load)['videos-standby'] ?? 0) / load.answered;
		assert.ok(part > 0.08 && part < 0.12, `${part}`);
	});
});
