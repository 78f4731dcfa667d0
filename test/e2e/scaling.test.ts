/** Pools that size themselves, as a user sees them. Each test has a service of its own, and they run side by side. */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import type { AlertsAnswer } from '../../src/alerts/alert-view.ts';
import type { KeptDecision } from '../../src/scaling/decision-store.ts';
import { SERVER_JS } from '../support/api-file.ts';
import { type Ballast, startBallast } from '../support/ballast.ts';
import { command } from '../support/command.ts';
import { RateLoad } from '../support/rate-load.ts';
import { decisionsOf, readyAre, SizeWatch, sentencesOf, serviceOf } from '../support/sizes.ts';
import { eventually } from '../support/suite.ts';

/** Requests a second that an instance is to have, and the load before and after the step. */
const TARGET = 20;
const CALM = 18;
const RUSH = 5 * CALM;
const NEEDED = Math.ceil(RUSH / TARGET);
const COOLDOWN_MS = 4000;
const DECIDED_MS = 3000;

const BY_REQUESTS = {
	...{ min: 1, max: 10, perInstance: { requestsPerSecond: TARGET } },
	...{ window: '6s', panic: { window: '3s' }, cooldown: `${COOLDOWN_MS}ms` },
};

const WOKEN = /^asleep: 0 → 1: (?:\d+ requests? waits?|requestsPerSecond \S+ at target 20\/s an instance needs 1)$/;

type Scales = Record<'step' | 'shadow' | 'bounded' | 'byhand' | 'asleep', Record<string, unknown>>;
const SCALES: Scales = {
	step: BY_REQUESTS,
	shadow: { ...BY_REQUESTS, mode: 'shadow' },
	bounded: BY_REQUESTS,
	byhand: BY_REQUESTS,
	asleep: {
		min: 0,
		max: 2,
		perInstance: { requestsPerSecond: TARGET },
		idle: '2s',
		window: '2s',
		panic: 'off',
		cooldown: '1s',
	},
};

function config(scales: Scales) {
	const services = Object.entries(scales).map(([name, scale]) => [
		name,
		{
			match: `/${name}`,
			instances: { run: 'node server.js', grace: '2s' },
			health: { path: '/', interval: '300ms' },
			scale,
		},
	]);
	return { workers: 1, stop: '1s', services: Object.fromEntries(services) as Record<string, unknown> };
}

describe('a pool that sizes itself', { concurrency: true }, () => {
	let ballast: Ballast;
	before(async () => {
		ballast = await startBallast(config(SCALES), { files: { 'server.js': SERVER_JS } });
	});
	after(async () => {
		await ballast?.stop();
	});

	const load = (service: string, rate: number): RateLoad =>
		new RateLoad({ port: ballast.port, rate, path: `/${service}?ms=5` });

	test('five times the load: decided within 3 s, no request fails, never too many, and back once', async (context) => {
		await using watch = new SizeWatch(ballast, 'step');
		await using asking = load('step', CALM);
		// Until the window is full of it.
		await sleep(6500);
		const stepMs = Date.now();
		asking.rate = RUSH;
		await eventually(
			() => watch.last?.ready,
			(ready) => ready === NEEDED,
			20_000,
		);
		const readyMs = Date.now();
		await sleep(3000);
		const calmMs = Date.now();
		asking.rate = CALM;
		await eventually(
			() => watch.last?.there,
			(there) => there === 1,
			30_000,
		);
		const backMs = Date.now();
		await sleep(1500);
		await Promise.all([asking.stop(), watch.stop()]);

		const made = await decisionsOf(ballast, 'step');
		const first = made.find(({ atMs, decision }) => atMs > stepMs && decision.desired > decision.before);
		const decidedMs = (first?.atMs ?? Number.POSITIVE_INFINITY) - stepMs;
		const s = (ms: number): string => `${(ms / 1000).toFixed(1)} s`;
		context.diagnostic(
			`decided after ${s(decidedMs)}, ${NEEDED} ready after ${s(readyMs - stepMs)}, at most ${watch.most()}, ` +
				`back ${s(backMs - calmMs)} after the load, ${asking.failures.length} of ${asking.sent} failed`,
		);
		assert.ok(decidedMs <= DECIDED_MS, `decided after ${decidedMs} ms`);
		assert.deepEqual(asking.failures, []);
		assert.ok(watch.most() <= NEEDED + 1, `${watch.most()} instances`);
		const sizes = watch.sizes();
		const peak = sizes.indexOf(Math.max(...sizes));
		assert.deepEqual(
			sizes,
			[...sizes.slice(0, peak + 1).toSorted((a, b) => a - b), ...sizes.slice(peak + 1).toSorted((a, b) => b - a)],
			'out, then in, and no turn',
		);
		assert.ok(backMs - calmMs >= COOLDOWN_MS, 'not before the cool-down');
		assert.match(first?.sentence ?? '', /^step: 1 → \d: /);
		assert.match(first?.outcome ?? '', /^\d ready after \d+\.\d s$/);
	});

	test('shadow says what it would do, and sets nothing', async () => {
		await using watch = new SizeWatch(ballast, 'shadow');
		await using asking = load('shadow', RUSH);
		await eventually(
			() => sentencesOf(ballast, 'shadow'),
			(said) => said.some((text) => text.startsWith(`shadow: would go 1 → ${NEEDED} (shadow)`)),
			15_000,
		);
		await Promise.all([asking.stop(), watch.stop()]);
		assert.deepEqual(watch.sizes(), [1]);
		assert.deepEqual(asking.failures, []);
		await ballast.printed(/shadow +would go 1 → /);
	});

	test('a reload that changes max: the size stays within the bounds, and goes on from where it is', async () => {
		await using asking = load('bounded', RUSH);
		await readyAre(ballast, 'bounded', NEEDED);
		const set = async (max: number): Promise<void> => {
			ballast.configure(config({ ...SCALES, bounded: { ...BY_REQUESTS, max } }));
			await ballast.control('reload');
		};
		await using watch = new SizeWatch(ballast, 'bounded');
		await set(3);
		const lessMs = Date.now();
		await readyAre(ballast, 'bounded', 3);
		await sleep(2000);
		assert.deepEqual(watch.sizes(lessMs + 200), [3]);
		await set(10);
		const moreMs = Date.now();
		await readyAre(ballast, 'bounded', NEEDED);
		await Promise.all([asking.stop(), watch.stop()]);
		assert.ok(Math.min(...watch.sizes(moreMs)) >= 3, `${watch.sizes(moreMs)}`);
		assert.deepEqual(asking.failures, []);
	});

	test('set by hand: it begins a cool-down, and is what the policy goes on from', async () => {
		await using watch = new SizeWatch(ballast, 'byhand');
		await sleep(1500);
		await ballast.control('scale', { service: 'byhand', n: 3 });
		const handMs = Date.now();
		await readyAre(ballast, 'byhand', 3);
		await readyAre(ballast, 'byhand', 1);
		const held = Date.now() - handMs;
		assert.ok(held >= COOLDOWN_MS - 1000, `three were left for ${held} ms only`);
		await sleep(300);
		assert.deepEqual(watch.sizes(), [1, 3, 1]);
		// None, where there is to be one at least: somebody switched it off.
		await ballast.control('scale', { service: 'byhand', n: 0 });
		await sleep(2500);
		assert.equal((await serviceOf(ballast, 'byhand')).desired, 0);
		await ballast.control('scale', { service: 'byhand', n: 1 });
		await readyAre(ballast, 'byhand', 1);
	});

	test('`ballast scaling`, its history, and a decision step by step', async () => {
		const made = await eventually(
			() => decisionsOf(ballast, 'step'),
			(decisions) => decisions.length > 0,
			20_000,
		);
		const first = made[0] as KeptDecision;
		const said = async (...args: string[]): Promise<string> => (await command(ballast, ['scaling', ...args])).trimEnd();

		const lines = (await said()).split('\n');
		assert.match(lines[0] ?? '', /^POOL +SIZE +READY +BOUNDS +MODE +NOW$/);
		assert.deepEqual(
			lines
				.slice(1)
				.map((line) => line.split(' ')[0])
				.toSorted(),
			Object.keys(SCALES).toSorted(),
		);
		assert.match(await said('history', 'step'), /^TIME +DECISION +OUTCOME +ID\n.*step: 1 → \d: requestsPerSecond .*/);
		assert.match(await said('history'), new RegExp(` ${first.id}$`, 'm'));
		const explained = await said('explain', first.id);
		assert.ok(explained.includes(first.sentence), explained);
		assert.match(explained, /^ {2}requestsPerSecond +[\d.]+ +20 +\d/m);
		assert.match(explained, /^recommended: \d+$[\s\S]*^decided: \d+$/m);

		const pools = JSON.parse(await said('--json')) as { pool: string; last: { sentence: string } }[];
		assert.deepEqual(pools.map(({ pool }) => pool).toSorted(), Object.keys(SCALES).toSorted());
		assert.match(pools.find(({ pool }) => pool === 'shadow')?.last.sentence ?? '', /^shadow: /);
		const kept = JSON.parse(await said('history', 'step', '--json')) as KeptDecision[];
		assert.ok(kept.some(({ id }) => id === first.id));
		assert.equal((JSON.parse(await said('explain', first.id, '--json')) as KeptDecision).id, first.id);
		await assert.rejects(said('explain', 'nothing'), /there is no decision nothing/);
		await assert.rejects(said('history', 'nobody'), /nobody does not scale itself; there are: /);
	});

	test('none while nobody asks; the request that comes waits until one is ready', async () => {
		const ask = async (): Promise<{ status: number; tookMs: number }> => {
			const began = performance.now();
			const answer = await fetch(`${ballast.url}/asleep`);
			await answer.text();
			return { status: answer.status, tookMs: performance.now() - began };
		};
		assert.deepEqual((await serviceOf(ballast, 'asleep')).instances, []);
		for (let turn = 0; turn < 2; turn++) {
			const answers = await Promise.all(Array.from({ length: 10 }, ask));
			assert.deepEqual([...new Set(answers.map(({ status }) => status))], [200]);
			assert.ok(Math.max(...answers.map(({ tookMs }) => tookMs)) < 5000, JSON.stringify(answers));
			const said = await sentencesOf(ballast, 'asleep');
			assert.ok(
				said.some((text) => WOKEN.test(text)),
				said.join('\n'),
			);
			const wokenMs = Date.now();
			await eventually(
				() => serviceOf(ballast, 'asleep'),
				({ desired, instances }) => desired === 0 && instances.length === 0,
				10_000,
			);
			assert.ok(Date.now() - wokenMs >= 1500, 'not before `idle`');
		}
		// Longer than it may be without an instance when it ought to have one.
		await sleep(8000);
		const { alerts } = (await ballast.control('alerts')) as AlertsAnswer;
		assert.deepEqual(
			alerts.filter(({ labels }) => labels['service'] === 'asleep').map(({ name, state }) => `${name} ${state}`),
			[],
		);
	});
});
