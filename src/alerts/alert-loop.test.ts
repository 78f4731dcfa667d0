import assert from 'node:assert/strict';
import test from 'node:test';
import { setImmediate as turn } from 'node:timers/promises';
import { AlertLoop, type AlertLoopOptions } from './alert-loop.ts';
import { type AlertEvent, Delivery } from './delivery.ts';
import { readWindow } from './maintenance.ts';
import type { AlertRule } from './rule.ts';
import type { SavedState } from './saved-state.ts';
import { MemoryFigures } from './testing/memory-figures.ts';
import { sampleRule } from './testing/sample-rule.ts';
import { TestChannel } from './testing/test-channel.ts';

const START = Date.UTC(2026, 10, 28, 12);

/** A loop on a clock that the test moves, with one channel. */
class Bench {
	readonly figures = new MemoryFigures();
	readonly channel = new TestChannel();
	readonly events: AlertEvent[] = [];
	readonly store: { state: unknown };
	readonly loop: AlertLoop;
	readonly delivery: Delivery;
	nowMs: number;
	around: AlertLoopOptions['events']['around'] = async () => [];

	constructor(store: { state: unknown } = { state: undefined }, nowMs = START) {
		this.store = store;
		this.nowMs = nowMs;
		const say = (event: AlertEvent) => void this.events.push(event);
		const now = () => this.nowMs;
		this.delivery = new Delivery({
			name: 'pager',
			channel: this.channel,
			perMinute: 0,
			say,
			now,
			wait: (_, signal) => turn(undefined, { signal }),
		});
		this.loop = new AlertLoop({
			figures: this.figures,
			events: { around: (query) => this.around(query) },
			states: { load: () => store.state, save: (state) => void (store.state = structuredClone(state)) },
			say,
			node: 'n1',
			now,
		});
	}

	async start(rules: readonly AlertRule[], maintenance: string[] = []): Promise<void> {
		const windows = maintenance.map((text) => readWindow(text)).filter((window) => typeof window !== 'string');
		await this.loop.load({ rules, maintenance: windows, deliveries: new Map([['pager', this.delivery]]) });
	}

	async pass(seconds: number): Promise<void> {
		for (let second = 0; second < seconds; second++) {
			this.nowMs += 1000;
			await this.loop.tick();
			await turn();
			await turn();
		}
	}
}

const rule = (name: string, text: string, more: Partial<AlertRule> = {}) => sampleRule(text, { name, ...more });

test('from the fault to the channel within seconds, and back', async () => {
	const bench = new Bench();
	bench.figures.set('error_rate', { service: 'videos' }, 0);
	bench.around = async () => [
		{ timeMs: START + 55_000, severity: 'info', message: 'deploy of videos: step 1', service: 'videos' },
		{ timeMs: START + 20_000, severity: 'info', message: 'something small', service: 'other' },
		{ timeMs: START + 30_000, severity: 'debug', message: 'noise', service: 'videos' },
	];
	await bench.start([rule('errors', 'error_rate by service > 5%', { runbook: 'https://w/e' })]);
	await bench.pass(60);
	assert.deepEqual(bench.channel.told, []);
	bench.figures.set('error_rate', { service: 'videos' }, 0.42);
	await bench.pass(8);
	assert.deepEqual(bench.channel.told, ['firing videos']);
	const [sent] = bench.channel.sent;
	const [alert] = sent?.alerts ?? [];
	assert.equal(alert?.summary, 'error_rate of videos is 42%, over 5%.');
	assert.deepEqual(
		[alert?.value, alert?.threshold, alert?.runbook, sent?.severity],
		['42%', 'over 5%', 'https://w/e', 'critical'],
	);
	assert.match(alert?.causes[0] ?? '', /^deploy of videos: step 1 \(\ds before\)$/);
	assert.match(alert?.causes[1] ?? '', /^other: something small/);
	assert.equal(alert?.causes.length, 2);
	bench.figures.set('error_rate', { service: 'videos' }, 0.01);
	await bench.pass(6);
	assert.deepEqual(bench.channel.told, ['firing videos', 'resolved videos']);
	assert.deepEqual(
		bench.events.map(({ severity, state }) => `${severity} ${state}`),
		['error firing', 'info resolved'],
	);
});

test('what comes together is told together, what joins is told a minute later, what stays is told again', async () => {
	const bench = new Bench();
	await bench.start([rule('slow', 'p95 by service,route > 1s', { repeatMs: 3_600_000 })]);
	for (const route of ['a', 'b']) bench.figures.set('p95', { service: 's', route }, 2);
	await bench.pass(10);
	bench.figures.set('p95', { service: 's', route: 'c' }, 2);
	await bench.pass(20);
	assert.deepEqual(bench.channel.told, ['firing a/s+b/s']);
	await bench.pass(60);
	bench.figures.set('p95', { service: 's', route: 'a' }, 0.1);
	await bench.pass(70);
	assert.deepEqual(bench.channel.told, ['firing a/s+b/s', 'firing a/s+b/s+c/s', 'firing b/s+c/s+-a/s']);
	await bench.pass(3600);
	assert.equal(bench.channel.told.at(-1), 'firing b/s+c/s');
	const before = bench.channel.sent.length;
	assert.deepEqual(bench.loop.acknowledge('slow', { by: 'ann', comment: 'on it' }).length, 2);
	await bench.pass(4000);
	assert.equal(bench.channel.sent.length, before, 'acknowledged is not told again');
	assert.equal(bench.loop.answer().alerts.find(({ state }) => state === 'firing')?.acknowledged?.by, 'ann');
	assert.throws(() => bench.loop.acknowledge('slwo', { by: '', comment: '' }), /did you mean `slow`/);
});

test('silences, maintenance and inhibition mute; what was told before is still taken back', async () => {
	const bench = new Bench();
	const [hour, minute] = [new Date(START).getHours(), new Date(START + 1_200_000).getMinutes()];
	await bench.start(
		[
			rule('down', 'instances.ready by service < 1', { inhibits: ['slow'] }),
			rule('slow', 'p95 by service > 1s'),
			rule('note', 'shed > 0', { severity: 'info' }),
			rule('loud', 'held > 0', { severity: 'info', notify: ['pager'] }),
		],
		[`${minute} ${hour} * * * for 10m`],
	);
	bench.figures.set('p95', { service: 'a' }, 2);
	await bench.pass(10);
	bench.figures.set('instances.ready', { service: 'a' }, 0);
	await bench.pass(10);
	assert.deepEqual(bench.channel.told, ['firing a', 'firing a']);
	bench.figures.set('p95', { service: 'a' }, 0.1);
	await bench.pass(70);
	assert.deepEqual(bench.channel.told.slice(2), ['resolved a'], 'the inhibited one that was told ends');
	bench.figures.set('p95', { service: 'a' }, 2);
	await bench.pass(70);
	assert.equal(bench.channel.told.length, 3, 'inhibited');
	assert.match(
		bench.loop.answer().alerts.find(({ name, state }) => name === 'slow' && state === 'firing')?.muted ?? '',
		/^down says more/,
	);
	const silence = bench.loop.silence({ where: { service: 'b' }, forMs: 300_000, by: 'ann' });
	bench.figures.set('p95', { service: 'b' }, 2);
	await bench.pass(60);
	assert.equal(bench.channel.told.length, 3, 'silenced');
	assert.equal(bench.loop.unsilence({ where: silence.where }), 1);
	await bench.pass(5);
	assert.deepEqual(bench.channel.told.slice(3), ['firing b']);
	assert.throws(() => bench.loop.unsilence({ id: 'x' }), /no such silence/);
	for (const where of [{}, { service: '*' }])
		assert.throws(() => bench.loop.silence({ where, forMs: 60_000 }), /say what to silence/);
	bench.figures.set('shed', {}, 1);
	bench.figures.set('held', {}, 1);
	await bench.pass(10);
	assert.deepEqual(bench.channel.told.slice(4), ['firing loud'], 'info is told to channels that are named');
	bench.nowMs = START + 1_205_000;
	bench.figures.set('p95', { service: 'c' }, 2);
	await bench.pass(100);
	assert.equal(bench.channel.told.length, 5, 'maintenance');
	bench.nowMs = START + 1_805_000;
	await bench.pass(10);
	assert.ok(bench.channel.told.includes('firing c'));
});

test('state survives a restart: nothing is told twice, nothing is forgotten', async () => {
	const store = { state: undefined as unknown };
	const first = new Bench(store);
	await first.start([rule('slow', 'p95 by service > 1s for 10s'), rule('gone', 'held > 0')]);
	first.figures.set('p95', { service: 'a' }, 2);
	first.figures.set('held', {}, 1);
	first.loop.silence({ where: { service: 'z' }, forMs: 3_600_000 });
	await first.pass(30);
	assert.deepEqual(first.channel.told, ['firing gone', 'firing a']);
	// The next one waits at a channel that does not take it.
	first.channel.failures = 1_000_000;
	first.figures.set('p95', { service: 'b' }, 2);
	first.figures.set('p95', { service: 'a' }, 0.1);
	await first.pass(60);
	await first.loop.stop();
	const second = new Bench(store, first.nowMs + 5000);
	second.figures.set('p95', { service: 'b' }, 2);
	await second.start([rule('slow', 'p95 by service > 1s for 10s')]);
	await second.pass(10);
	assert.deepEqual(new Set(second.channel.told), new Set(['firing b', 'resolved a', 'resolved gone']));
	assert.equal(second.loop.answer().silences.length, 1);
	await second.pass(120);
	assert.equal(second.channel.sent.length, 3);
});

test('hostile and old states are left, with an event', async () => {
	const alert = (await stateWithAlert()).alerts[0];
	const bad: unknown[] = [
		'text',
		7,
		[],
		{ version: 2 },
		{ version: 1, alerts: 'x', groups: { a: 1 }, silences: [null, 5, { where: {} }] },
		{ version: 1, alerts: [{ ...alert, sinceMs: Number.MAX_SAFE_INTEGER }] },
		{
			version: 1,
			alerts: [
				{ ...alert, labels: { 'a b': 'x' } },
				{ ...alert, rule: 'x'.repeat(10_000) },
			],
		},
		{
			version: 1,
			alerts: [{ ...alert, state: 'pwned' }, { ...alert, value: 'NaN' }, JSON.parse('{"__proto__":{"x":1}}')],
		},
	];
	for (const state of bad) {
		const bench = new Bench({ state });
		await bench.start([rule('slow', 'p95 by service > 1s')]);
		await bench.pass(6);
		assert.match(bench.events[0]?.text ?? '', /cannot be read/, JSON.stringify(state));
		assert.deepEqual(bench.channel.told, []);
	}
	const broken = new Bench({
		get state() {
			throw new Error('the disk is gone');
		},
	});
	await broken.start([rule('slow', 'p95 > 1s')]);
	assert.match(broken.events[0]?.text ?? '', /could not be loaded: the disk is gone/);
});

async function stateWithAlert(): Promise<SavedState> {
	const store = { state: undefined as unknown };
	const bench = new Bench(store);
	bench.figures.set('p95', { service: 'a' }, 2);
	await bench.start([rule('slow', 'p95 by service > 1s')]);
	await bench.pass(6);
	return store.state as SavedState;
}

test('a reload: alerts of rules that stay go on, those of others end', async () => {
	const bench = new Bench();
	bench.figures.set('p95', { service: 'a' }, 2);
	bench.figures.set('held', {}, 1);
	const stays = rule('slow', 'p95 by service > 1s');
	await bench.start([stays, rule('held', 'held > 0'), rule('other', 'held > 0/s')]);
	await bench.pass(10);
	const deliveries = new Map([['pager', bench.delivery]]);
	bench.loop.configure({ rules: [stays, rule('other', 'held > 5/s')], maintenance: [], deliveries });
	await bench.pass(10);
	assert.deepEqual(bench.channel.told, ['firing a', 'firing held', 'firing other', 'resolved held', 'resolved other']);
	assert.equal(bench.loop.answer().alerts.find(({ name }) => name === 'held')?.state, 'resolved');
});

test('a slow source does not pile up, and is said to be blind', async () => {
	const bench = new Bench();
	let open = (): void => {};
	bench.figures.gate = new Promise<void>((resolve) => {
		open = resolve;
	});
	await bench.start([rule('slow', 'p95 > 1s')]);
	const ticks = Array.from({ length: 50 }, () => {
		bench.nowMs += 5000;
		return bench.loop.tick();
	});
	await turn();
	assert.equal(bench.figures.asked, 1);
	assert.equal(bench.loop.healthy, false);
	open();
	await Promise.all(ticks);
	await bench.pass(6);
	assert.equal(bench.loop.healthy, true);
	bench.figures.gate = Promise.reject(new Error('the store is gone'));
	bench.figures.gate.catch(() => {});
	await bench.pass(60);
	assert.deepEqual(bench.loop.answer().blind, [{ rule: 'slow', why: 'the store is gone' }]);
	assert.equal(bench.events.filter(({ text }) => text.includes('cannot be looked at')).length, 1);
	assert.equal(bench.loop.healthy, false, 'the heartbeat ends');
});

test('a channel is tested by name', async () => {
	const bench = new Bench();
	await bench.start([]);
	await bench.loop.testChannel('pager');
	assert.equal(bench.channel.sent[0]?.test, true);
	await assert.rejects(bench.loop.testChannel('pgaer'), /did you mean `pager`/);
	bench.channel.failures = 1;
	await assert.rejects(bench.loop.testChannel('pager'), { code: 'notify_failed', message: 'out of order' });
});
