import assert from 'node:assert/strict';
import test from 'node:test';
import type { Alert } from './alert.ts';
import { type AlertChange, decide, FLAPPING, KEPT_RESOLVED_MS, MOST_PER_RULE, NO_DATA_MS } from './decide.ts';
import { type KnownLabels, observe } from './observe.ts';
import { MemoryFigures } from './testing/memory-figures.ts';
import { sampleRule } from './testing/sample-rule.ts';

const START = 1_800_000_000_000;
const EVERY = 5000;

/** One rule over a source, looked at every 5 s of a clock that the test moves. */
class Run {
	readonly figures = new MemoryFigures();
	readonly known: KnownLabels = new Map();
	readonly rule;
	alerts: Alert[] = [];
	nowMs = START;
	dropped = 0;

	/** Since when anything is counted. */
	sinceMs = 0;

	constructor(text: string) {
		this.rule = sampleRule(text);
	}

	/** The changes within this time: `+10 firing`, seconds since the run's begin. */
	async pass(seconds: number): Promise<string[]> {
		const told: string[] = [];
		for (const until = this.nowMs + seconds * 1000; this.nowMs < until; this.nowMs += EVERY) {
			const observations = await observe({
				rule: this.rule,
				figures: this.figures,
				known: this.known,
				nowMs: this.nowMs,
				sinceMs: this.sinceMs,
			});
			const decision = decide(this.rule, { alerts: this.alerts, observations, nowMs: this.nowMs });
			this.alerts = decision.alerts;
			this.dropped = decision.dropped;
			told.push(...decision.changes.map((change) => this.#line(change)));
		}
		return told;
	}

	#line({ alert, to }: AlertChange): string {
		const labels = Object.values(alert.labels).join(',');
		return `+${(this.nowMs - START) / 1000} ${to}${labels === '' ? '' : ` ${labels}`}${to === 'resolved' && alert.reason !== '' ? `: ${alert.reason}` : ''}`;
	}
}

test('pending, firing, resolved', async () => {
	const run = new Run('p95 > 500ms for 20s');
	run.figures.set('p95', {}, 0.2);
	assert.deepEqual(await run.pass(10), []);
	run.figures.set('p95', {}, 0.7);
	assert.deepEqual(await run.pass(60), ['+10 pending', '+30 firing']);
	assert.deepEqual([run.alerts[0]?.value, run.alerts[0]?.limit, run.alerts[0]?.sinceMs], [0.7, 0.5, START + 10_000]);
	run.figures.set('p95', {}, 0.5);
	assert.deepEqual(await run.pass(60), ['+70 resolved']);
	await run.pass(KEPT_RESOLVED_MS / 1000 + 10);
	assert.deepEqual(run.alerts, []);
});

test('what holds too shortly never fires', async () => {
	const run = new Run('p95 > 500ms for 20s');
	run.figures.set('p95', {}, (timeMs) => ((timeMs / 1000) % 30 < 15 ? 1 : 0.1));
	const told = await run.pass(600);
	assert.ok(told.length > 20 && !told.some((line) => line.includes('firing')));
});

test('without `for` it fires at once', async () => {
	const run = new Run('instances.ready by service < 1');
	run.figures.set('instances.ready', { service: 'a' }, 0);
	run.figures.set('instances.ready', { service: 'b' }, 2);
	assert.deepEqual(await run.pass(5), ['+0 firing a']);
});

test('keep-firing and hysteresis', async () => {
	const keep = new Run('p95 > 500ms keep 60s');
	keep.figures.set('p95', {}, (timeMs) => (timeMs === START ? 1 : 0.1));
	assert.deepEqual(await keep.pass(120), ['+0 firing', '+60 resolved']);
	const until = new Run('p95 > 500ms until < 300ms');
	until.figures.set('p95', {}, (timeMs) => 1 - (timeMs - START) / 100_000);
	assert.deepEqual(await until.pass(100), ['+0 firing', '+75 resolved']);
});

test('no data: what pends is forgotten, what fires ends a minute later', async () => {
	const run = new Run('p95 by instance > 500ms for 20s');
	run.figures.set('p95', { instance: 'i' }, 1);
	await run.pass(30);
	run.figures.set('p95', { instance: 'i' }, null);
	assert.deepEqual(await run.pass(100), [`+${25 + NO_DATA_MS / 1000} resolved i: no data`]);
	const pending = new Run('p95 > 500ms for 2m');
	pending.figures.set('p95', {}, (timeMs) => (timeMs < START + 20_000 ? 1 : null));
	assert.deepEqual(await pending.pass(120), ['+0 pending', '+50 inactive']);
	// A gap of one look is none.
	const gap = new Run('p95 > 500ms for 60s');
	gap.figures.set('p95', {}, (timeMs) => (timeMs === START + 30_000 ? null : 1));
	assert.deepEqual(await gap.pass(70), ['+0 pending', '+60 firing']);
});

test('absence, with and without labels', async () => {
	const all = new Run('absent requests for 30s');
	assert.deepEqual(await all.pass(40), ['+0 pending', '+30 firing']);
	all.figures.set('requests', {}, 0.5);
	assert.deepEqual(await all.pass(5), ['+40 resolved']);
	all.figures.set('requests', {}, 0);
	assert.deepEqual(await all.pass(5), ['+45 pending']);
	const by = new Run('absent requests by service for 30s');
	assert.deepEqual(await by.pass(60), []);
	by.figures.set('requests', { service: 'a' }, (timeMs) => (timeMs < START + 70_000 ? 1 : null));
	assert.deepEqual(await by.pass(60), ['+70 pending a', '+100 firing a']);
});

test('change against the past', async () => {
	const run = new Run('requests down 50% against 1w over 10m');
	run.figures.set('requests', {}, (timeMs) => (timeMs < START ? 100 : timeMs < START + 60_000 ? 51 : 49));
	assert.deepEqual(await run.pass(70), ['+60 firing']);
	assert.equal(run.alerts[0]?.limit, 50);
	const none = new Run('requests up 100% against 1w over 10m');
	none.figures.set('requests', {}, (timeMs) => (timeMs < START ? null : 500));
	assert.deepEqual(await none.pass(60), []);
});

test('burn rates: both windows, and enough requests', async () => {
	const run = new Run('burn fast by service');
	let short = 20;
	run.figures.set('slo.burn', { service: 'a' }, (_, { overMs }) =>
		overMs < 1_000_000 ? short : overMs > 4_000_000 ? 1 : 15,
	);
	run.figures.set('requests', { service: 'a' }, 0.02);
	assert.deepEqual(await run.pass(10), []);
	run.figures.set('requests', { service: 'a' }, 1);
	assert.deepEqual(await run.pass(10), ['+10 firing a']);
	assert.deepEqual([run.alerts[0]?.value, run.alerts[0]?.limit], [15, 14.4]);
	short = 2;
	assert.deepEqual(await run.pass(10), ['+20 resolved a']);
});

test('burn rates: a few requests of the first minute are few, whatever their rate is', async () => {
	const run = new Run('burn fast by service');
	run.sinceMs = START - 30_000;
	run.figures.set('slo.burn', { service: 'a' }, 400);
	run.figures.set('requests', { service: 'a' }, 0.4);
	assert.deepEqual(await run.pass(200), []);
	assert.deepEqual(await run.pass(100), ['+220 firing a']);
	// A restart begins to count anew; what burns goes on.
	run.sinceMs = run.nowMs;
	assert.deepEqual(await run.pass(20), []);
});

test('guards are matched by the labels that both have', async () => {
	const run = new Run('error_rate by service > 5% and requests > 1/s');
	run.figures.set('error_rate', { service: 'a' }, 0.5);
	run.figures.set('error_rate', { service: 'b' }, 0.5);
	run.figures.set('requests', { service: 'a' }, 0.1);
	run.figures.set('requests', { service: 'b' }, 10);
	assert.deepEqual(await run.pass(5), ['+0 firing b']);
	const none = new Run('error_rate by service > 5% and queue.age > 1m');
	none.figures.set('error_rate', { service: 'a' }, 0.5);
	assert.deepEqual(await none.pass(5), []);
});

test('flapping: it stays until it was quiet for long', async () => {
	const run = new Run('p95 > 500ms');
	run.figures.set('p95', {}, (timeMs) =>
		timeMs < START + 1_200_000 && ((timeMs - START) / 1000) % 120 < 60 ? 1 : 0.1,
	);
	const told = await run.pass(2400);
	assert.equal(told.filter((line) => line.includes('firing')).length, FLAPPING.firings);
	assert.equal(told.at(-1), '+1735 resolved');
});

test('a flood of labels is bounded and counted', async () => {
	const run = new Run('p95 by instance > 500ms');
	for (let i = 0; i < MOST_PER_RULE + 50; i++) run.figures.set('p95', { instance: `i${i}`.padEnd(500, 'x') }, 1);
	await run.pass(5);
	assert.deepEqual([run.alerts.length, run.dropped], [MOST_PER_RULE, 50]);
	assert.ok(run.alerts.every(({ labels }) => (labels['instance'] ?? '').length === 200));
});
