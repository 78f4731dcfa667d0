import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { DEFAULT_DEPLOY, type DeployConfig } from './config.ts';
import { begin, type Decision, decide, type Order, type Seen } from './rollout.ts';
import { DURATIONS, NONE, NOTHING, type Simulated, sample, simulate } from './testing-rollout.ts';

const run = (fails: [number, number], seed: number, more: Partial<Simulated> = {}) =>
	simulate({
		old: { fails: fails[0] },
		fresh: { fails: fails[1] },
		perSecond: 400,
		seed,
		config: { everyMs: 10_000 },
		...more,
	});
const seeds = (count: number) => Array.from({ length: count }, (_, at) => 7919 * (at + 1));

describe('by simulation', () => {
	for (const base of [0, 0.001, 0.01, 0.05]) {
		test(`a version as good as the old one, of whose requests ${base * 100} % fail, takes over: no false alarm in 25`, () => {
			for (const seed of seeds(25)) {
				const { phase, why } = run([base, base], seed);
				assert.equal(phase, 'promoting', `seed ${seed}: ${why}`);
			}
		});
	}

	test('one of whose requests 5 % fail is rolled back in the first step, having had at most 2 % of the requests', () => {
		for (const seed of seeds(60)) {
			const { phase, stage, requests, touched, why } = run([0, 0.05], seed);
			assert.deepEqual([phase, stage], ['back', 0], `seed ${seed}: ${why}`);
			assert.match(why, /^\d+(\.\d+)? % of \d+ requests to the new version failed, 0 % of \d+ to the old one$/);
			if (requests > 2000) assert.ok(touched / requests <= 0.02, `seed ${seed}: ${touched} of ${requests}`);
		}
	});

	test('the same where 1 % of the old one fail too', () => {
		for (const seed of seeds(25)) {
			const { phase, requests, touched } = run([0.01, 0.06], seed);
			assert.equal(phase, 'back');
			assert.ok(touched / requests <= 0.02, `seed ${seed}: ${touched} of ${requests}`);
		}
	});

	test('one that takes 3 times as long is rolled back in the first step; one a fifth slower takes over', () => {
		for (const seed of seeds(15)) {
			const slow = run([0.001, 0.001], seed, { fresh: { fails: 0.001, slower: 3 } });
			assert.deepEqual([slow.phase, slow.stage], ['back', 0], slow.why);
			assert.match(slow.why, /^its (median|p95) was \S+ m?s over \d+ requests, [\d.]+ times the old one's \S+ m?s$/);
			assert.equal(run([0.001, 0.001], seed, { fresh: { fails: 0.001, slower: 1.2 } }).phase, 'promoting');
		}
	});

	test('an outage of both, in whatever step, is not held against the new one, and nothing goes on during it', () => {
		for (const [at, seed] of seeds(12).entries()) {
			const from = 10_000 * (at + 1);
			const fails = (now: number) => (now >= from && now < from + 60_000 ? 0.9 : 0);
			const both = { fails };
			const { phase, endedMs, why } = run([0, 0], seed, { old: both, fresh: both });
			assert.equal(phase, 'promoting', why);
			// What was found good before may still take over while it begins.
			assert.ok(endedMs < from + 3000 || endedMs > from + 60_000, `${endedMs} in the outage from ${from}`);
		}
	});

	test('with copies first, a bad one is rolled back before it got a request of its own', () => {
		for (const seed of seeds(15)) {
			const { phase, stage, why } = run([0, 0.05], seed, { config: { everyMs: 10_000, mirror: 0.1 } });
			assert.deepEqual([phase, stage], ['back', 0], why);
		}
		const good = run([0, 0], 1, { config: { everyMs: 10_000, mirror: 0.1 } });
		assert.equal(good.phase, 'promoting');
		assert.match(
			good.news[0] ?? '',
			/^step 1 of 5: copies of 10 % of the GET and HEAD requests go to the new version$/,
		);
	});
});

describe('one step after the other', () => {
	const config: DeployConfig = {
		...DEFAULT_DEPLOY,
		steps: [0.1, 0.5],
		everyMs: 1000,
		requests: 20,
		errors: 0.1,
		giveUpMs: 60_000,
	};
	const rules = { config, durations: DURATIONS };
	const first: Seen = { ...NONE, desired: 4, ready: 0, fault: null };

	/** Goes from moment to moment; each has what is seen there. */
	function walk(moments: [number, Partial<Seen>, (Order | null)?][], used: DeployConfig = config): Decision[] {
		let rollout = begin(0, NONE);
		let seen = first;
		return moments.map(([now, change, order]) => {
			seen = { ...seen, ...change };
			const decision = decide({ rollout, rules: { ...rules, config: used }, seen, now }, order ?? null);
			rollout = decision.rollout;
			return decision;
		});
	}
	const states = (decisions: Decision[]) =>
		decisions.map(({ rollout: { phase }, want, stage }) => [phase, want, stage?.kind === 'share' ? stage.share : null]);

	test('starts as many instances as the next step needs, and moves traffic only once they are ready', () => {
		const decisions = walk([
			[0, {}],
			[500, { ready: 1 }],
			[1400, { old: sample(90), fresh: sample(10) }],
			[1600, { old: sample(270), fresh: sample(30) }],
			[1800, { ready: 4 }],
			[3000, { old: sample(370), fresh: sample(130) }],
			[9000, { fault: 'too late' }],
		]);
		assert.deepEqual(states(decisions), [
			['starting', 1, null],
			['judging', 1, 0.1],
			['judging', 1, 0.1],
			['growing', 4, 0.1],
			['judging', 4, 0.5],
			['promoting', 4, null],
			['promoting', 4, null],
		]);
		assert.deepEqual(
			decisions.map(({ news }) => news),
			[
				null,
				'step 1 of 2: 10 % of the requests go to the new version',
				null,
				'good: 30 requests, 0 % failed (old: 0 %), p95 19 ms (old: 19 ms); waiting for 4 instances of it to be ready',
				'good: 30 requests, 0 % failed (old: 0 %), p95 19 ms (old: 19 ms); step 2 of 2: 50 % of the requests go to the new version',
				'good: 100 requests, 0 % failed (old: 0 %), p95 19 ms (old: 19 ms); all requests go to the new version',
				null,
			],
		);
	});

	test('what happened in an earlier step is not held against it in a later one', () => {
		const decisions = walk([
			[0, { ready: 4 }],
			[1500, { old: sample(1000, 500), fresh: sample(100) }],
			[1600, { old: sample(1000, 500), fresh: sample(100, 0) }],
			[1700, {}],
		]);
		assert.equal(decisions[1]?.rollout.phase, 'judging', 'the old version fails: nothing can be told');
		assert.match(decisions[1]?.rollout.why ?? '', /^both versions fail \(0 % failed \(old: 50 %\)\)/);
	});

	test('a fault, an order, no ready instance: back at once, with the reason', () => {
		const begun: [number, Partial<Seen>][] = [
			[0, { ready: 1 }],
			[500, { old: sample(90), fresh: sample(3) }],
		];
		const last = (...more: [number, Partial<Seen>, (Order | null)?][]) => walk([...begun, ...more]).at(-1) as Decision;
		const fault = last([600, { fault: 'app-3 ended with code 7' }]);
		assert.deepEqual([fault.rollout.phase, fault.want, fault.stage], ['back', 0, null]);
		assert.equal(fault.rollout.why, 'app-3 ended with code 7');
		assert.equal(last([600, { ready: 0 }]).rollout.why, 'none of its instances is ready any more');
		const aborted = last([600, {}, { kind: 'abort', why: 'the operator wants it' }], [700, { ready: 4 }]);
		assert.deepEqual([aborted.rollout.phase, aborted.rollout.why], ['back', 'the operator wants it']);
		assert.equal(walk([[0, { fault: 'app-3 was not ready within 60 s' }]])[0]?.rollout.phase, 'back');
	});

	test('too few requests: it is rolled back at the end of its time, and says how many there were', () => {
		const end = walk([
			[0, { ready: 1 }],
			[30_000, { old: sample(100), fresh: sample(7) }],
			[60_001, {}],
		]).at(-1);
		assert.equal(end?.rollout.phase, 'back');
		assert.equal(end?.rollout.why, 'it could not be judged within 1m: 7 of 20 requests judged, 0 % failed (old: 0 %)');
	});

	test('by order it takes over as soon as there are instances enough, whatever the judge says; a crash still ends it', () => {
		const promote: Order = { kind: 'promote' };
		const decisions = walk([
			[0, { ready: 1 }],
			[100, { old: sample(100), fresh: sample(50, 50) }, promote],
			[200, {}],
			[300, { ready: 4 }],
		]);
		assert.deepEqual(states(decisions), [
			['judging', 1, 0.1],
			['judging', 4, 0.1],
			['judging', 4, 0.1],
			['promoting', 4, null],
		]);
		assert.match(decisions[1]?.news ?? '', /it takes over once 4 instances of it are ready/);
		assert.equal(
			walk([
				[0, {}, promote],
				[1, { fault: 'ended' }],
			])[1]?.rollout.phase,
			'back',
		);
		assert.equal(walk([[0, { ready: 4 }, promote]])[0]?.rollout.phase, 'promoting');
	});

	test('all of its requests fail: at the fifth', () => {
		const end = walk([
			[0, { ready: 1 }],
			[250, { old: sample(45), fresh: sample(4, 4) }],
			[500, { old: sample(56), fresh: sample(5, 5) }],
		]).at(-1);
		assert.equal(end?.rollout.why, '100 % of 5 requests to the new version failed, 0 % of 56 to the old one');
	});

	test('nothing to compare with: ten failures and nothing else, or more than is allowed of all that are needed', () => {
		const marked: DeployConfig = { ...config, by: { kind: 'header', name: 'x-canary' } };
		const of = (fresh: [number, number]) =>
			walk(
				[
					[0, { ready: 1 }],
					[500, { old: NOTHING, fresh: sample(...fresh) }],
				],
				marked,
			).at(-1);
		assert.equal(of([9, 9])?.rollout.phase, 'judging');
		assert.equal(of([10, 10])?.rollout.phase, 'back');
		assert.equal(of([19, 12])?.rollout.phase, 'judging');
		assert.equal(of([20, 12])?.rollout.phase, 'back');
	});

	test('whatever is seen: it never goes on with a bad verdict, never back from an end, and asks for instances where traffic goes', () => {
		const moment = fc.record({
			ms: fc.nat(5000),
			ready: fc.nat(5),
			desired: fc.nat(5),
			fault: fc.option(fc.constant('it ended'), { freq: 20 }),
			old: fc.tuple(fc.nat(400), fc.nat(20)),
			fresh: fc.tuple(fc.nat(60), fc.nat(60)),
			order: fc.option(fc.constantFrom<Order>({ kind: 'promote' }, { kind: 'abort', why: 'stop' }), { freq: 20 }),
		});
		fc.assert(
			fc.property(fc.array(moment, { maxLength: 30 }), (moments) => {
				let rollout = begin(0, NONE);
				let seen: Seen = first;
				let now = 0;
				for (const { ms, old, fresh, order, ...rest } of moments) {
					now += ms;
					const add = (to: Seen['old'], [attempts, failed]: [number, number]) => {
						const more = sample(attempts, Math.min(attempts, failed));
						const latency = new Float64Array(to.latency);
						for (let at = 0; at < latency.length; at++)
							latency[at] = (latency[at] as number) + (more.latency[at] as number);
						return { attempts: to.attempts + attempts, failed: to.failed + more.failed, latency };
					};
					seen = { ...seen, ...rest, old: add(seen.old, old), fresh: add(seen.fresh, fresh) };
					const before = rollout;
					const decision = decide({ rollout, rules, seen, now }, order);
					rollout = decision.rollout;
					if (before.phase === 'back' || before.phase === 'promoting') assert.deepEqual(rollout, before);
					if (rollout.phase === 'promoting' || rollout.phase === 'back') assert.equal(decision.stage, null);
					if (rollout.phase === 'back') assert.equal(decision.want, 0);
					else assert.ok(decision.want >= 1);
					if (decision.stage !== null && !rollout.forced) assert.ok(seen.ready >= 1);
					if (rollout.phase === 'back') assert.notEqual(rollout.why, '');
					assert.ok(rollout.stage - before.stage <= 1 && rollout.stage >= before.stage, 'one step at a time');
				}
			}),
			{ numRuns: 500 },
		);
	});
});
