import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import test from 'node:test';
import { setImmediate as turn } from 'node:timers/promises';
import { AlertLoop } from './alert-loop.ts';
import { DEFAULT_RULE_NAMES, defaultRules } from './default-rules.ts';
import { Delivery } from './delivery.ts';
import { FleetFigures } from './testing/fleet-figures.ts';
import { KNOWN_FIGURES } from './testing/known-figures.ts';
import { TestChannel } from './testing/test-channel.ts';

const START = Date.UTC(2026, 10, 28, 12);

/** Numbers that look like chance and are the same in each run (mulberry32). */
function chance(seed: number): () => number {
	let state = seed;
	return () => {
		state = (state + 0x6d2b79f5) | 0;
		let t = Math.imul(state ^ (state >>> 15), 1 | state);
		t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
		return ((t ^ (t >>> 14)) >>> 0) / 4_294_967_296;
	};
}

type Fault = (figures: FleetFigures, second: number) => void;

/** The default set over seconds of healthy, noisy load; with a fault from `faultAt` on. Alerts with the second at which they fired and were told. */
async function replay({
	seconds,
	faultAt = Number.POSITIVE_INFINITY,
	fault = () => {},
	seed = 1,
}: {
	seconds: number;
	faultAt?: number;
	fault?: Fault;
	seed?: number;
}) {
	const figures = new FleetFigures(START);
	const random = chance(seed);
	let second = 0;
	const fired = new Map<string, number>();
	const channel = new TestChannel();
	const told = new Map<string, number>();
	const now = () => START + second * 1000;
	const say = ({ alert, state }: { alert?: string; state?: string }) => {
		if (alert !== undefined && state === 'firing' && !fired.has(alert)) fired.set(alert, second);
	};
	const deliveries = new Map([
		[
			'all',
			new Delivery({ name: 'all', channel, perMinute: 0, say, now, wait: (_, signal) => turn(undefined, { signal }) }),
		],
	]);
	const loop = new AlertLoop({
		figures,
		events: { around: async () => [] },
		states: { load: () => null, save: () => {} },
		say,
		node: 'n',
		now,
	});
	await loop.load({ rules: defaultRules(KNOWN_FIGURES), maintenance: [], deliveries });
	for (; second < seconds; second++) {
		figures.next();
		healthy(figures, { second, random });
		if (second >= faultAt) fault(figures, second - faultAt);
		await loop.tick();
		await turn();
		for (const { name } of channel.sent.flatMap(({ alerts }) => alerts)) if (!told.has(name)) told.set(name, second);
	}
	assert.deepEqual(loop.answer().blind, []);
	return { fired, told };
}

/** Two services: one busy with bursts, one with a request now and then. */
function healthy(figures: FleetFigures, { second, random }: { second: number; random: () => number }): void {
	const burst = second % 600 > 560 ? 8 : 1;
	const busy = Math.round((40 + 20 * Math.sin(second / 400)) * burst * (0.7 + 0.6 * random()));
	const rare = random() < 0.25 ? 1 : 0;
	// A deploy: all instances are replaced, and answers are slower for a minute.
	const deploying = second > 1200 && second < 1260;
	for (const [service, amount, errorShare] of [
		['busy', busy, deploying ? 0.008 : 0.003],
		['rare', rare, 0.01],
	] as const) {
		const failed = Array.from({ length: amount }).filter(() => random() < errorShare).length;
		figures.count('requests', { service, class: '2xx' }, amount - failed);
		figures.count('requests', { service, class: '5xx' }, failed);
		figures.count('errors', { service }, failed);
		figures.count('retries', { service }, Array.from({ length: amount }).filter(() => random() < 0.01).length);
		figures.latency(
			service,
			Array.from({ length: Math.min(amount, 8) }, () => latencyOf(random, deploying ? 3 : 1)),
		);
		figures.gauge(
			'instances.ready',
			{ service, pool: 'main' },
			second > 1800 && second < 1803 ? 1 : deploying && second % 5 === 0 ? 2 : 3,
		);
		figures.gauge('instances.desired', { service, pool: 'main' }, 3);
		figures.count('instances.starts', { service, cause: 'restart' }, deploying && second % 15 === 0 ? 1 : 0);
		figures.count('instances.starts', { service, cause: 'crash' }, 0);
	}
	for (const metric of ['ejections', 'shed', 'deploys.rolled_back']) figures.count(metric, { service: 'busy' }, 0);
	for (const metric of ['series.dropped', 'logs.dropped']) figures.count(metric, {}, 0);
	figures.gauge('lookups.failing', { service: 'busy' }, 0);
	for (const gauge of ['store.failed', 'config.refused']) figures.gauge(gauge, {}, 0);
	// Clients that come with nonsense, or give up, as they do.
	if (random() < 0.02) figures.count('errors', { cause: 'bad_request' }, 1);
	if (random() < 0.05) figures.count('errors', { cause: 'head_timeout' }, 1);
	figures.gauge('cpu', {}, Math.min(1, 0.3 + 0.1 * burst * random()));
	figures.gauge('memory.used', {}, 0.6 + 0.15 * random());
	figures.gauge('event_loop.lag', { worker: '1' }, random() < 0.01 ? 0.4 : 0.005);
	figures.gauge('disk.used', { mount: '/' }, 0.7 + second / 1_000_000);
	figures.gauge('disk.full_in', { mount: '/' }, second % 900 < 60 ? 7200 : 90_000);
	figures.gauge('certificate.expires_in', { certificate: 'a' }, 40 * 86_400);
	figures.gauge('backup.age', {}, 20 * 3600 + second);
}

/** Log-normal with a heavy tail: one in 500 takes seconds. */
function latencyOf(random: () => number, factor: number): number {
	const normal = Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
	return random() < 0.002 ? 2 + 6 * random() : 0.03 * factor * Math.exp(0.6 * normal);
}

test('an hour of healthy, noisy load raises none of the default set', async () => {
	for (const seed of [1, 3]) {
		const { fired } = await replay({ seconds: 3600, seed });
		assert.deepEqual([...fired], [], `seed ${seed}`);
	}
});

const busy = { service: 'busy' };
const errors =
	(share: number): Fault =>
	(figures) => {
		figures.count('requests', { ...busy, class: '5xx' }, Math.round(40 * share));
		figures.count('errors', busy, Math.round(40 * share));
	};
const rejected =
	(cause: string, amount: number): Fault =>
	(figures, second) => {
		if (second < 5) figures.count('errors', { cause }, amount);
	};

/** Each fault of docs/faults.md as the figures show it, the alert that it raises, and within how many seconds. */
const FAULTS: readonly [fault: string, alert: string, seconds: number, make: Fault][] = [
	[
		'kill -9 of an instance under load',
		'instance_died',
		10,
		(figures, second) => figures.count('instances.starts', { ...busy, cause: 'crash' }, second === 0 ? 1 : 0),
	],
	['one instance 2 s slow', 'ejected', 15, (figures, second) => figures.count('ejections', busy, second === 4 ? 1 : 0)],
	['half-open TCP to an instance', 'errors', 20, errors(0.5)],
	['RST in the middle of a body', 'errors', 30, errors(0.3)],
	['DNS: NXDOMAIN, SERVFAIL, silence', 'lookup_failed', 25, (figures) => figures.gauge('lookups.failing', busy, 1)],
	[
		'all instances down',
		'no_ready_instance',
		15,
		(figures) => figures.gauge('instances.ready', { service: 'busy', pool: 'main' }, 0),
	],
	[
		'flapping instances',
		'ejected_often',
		120,
		(figures, second) => figures.count('ejections', busy, second % 8 === 0 ? 1 : 0),
	],
	['a bad reload', 'config_refused', 10, (figures) => figures.gauge('config.refused', {}, 1)],
	['retry storm', 'retries', 30, (figures) => figures.count('retries', busy, 20)],
	['slow clients', 'slow_clients', 15, rejected('head_timeout', 40)],
	['header bombs', 'oversized_requests', 10, rejected('head_too_large', 48)],
	['10 GB body', 'oversized_requests', 10, rejected('body_too_large', 1)],
	['request smuggling', 'malformed_requests', 10, rejected('bad_request', 30)],
	[
		'a whole pool lost under load',
		'pool_down',
		15,
		(figures) => {
			figures.gauge('instances.ready', { service: 'busy', pool: 'standby' }, 0);
			figures.gauge('instances.desired', { service: 'busy', pool: 'standby' }, 2);
		},
	],
	[
		'a release that answers 5 % errors',
		'rolled_back',
		10,
		(figures, second) => figures.count('deploys.rolled_back', busy, second === 3 ? 1 : 0),
	],
	[
		'instances that die again and again',
		'crash_loop',
		60,
		(figures, second) => figures.count('instances.starts', { ...busy, cause: 'crash' }, second % 8 === 0 ? 1 : 0),
	],
	['a full disk', 'store_failing', 20, (figures) => figures.gauge('store.failed', {}, 1)],
	['more requests than the service can carry', 'shedding', 25, (figures) => figures.count('shed', busy, 10)],
];

for (const [fault, alert, seconds, make] of FAULTS) {
	test(`fault: ${fault}: ${alert} within ${seconds} s`, async () => {
		const { fired, told } = await replay({ seconds: 300 + seconds + 10, faultAt: 300, fault: make });
		const after = (fired.get(alert) ?? Number.POSITIVE_INFINITY) - 300;
		assert.ok(after <= seconds, `fired after ${after} s; ${[...fired]}`);
		const severity = defaultRules(KNOWN_FIGURES).find(({ name }) => name === alert)?.severity;
		// The group waits a moment.
		if (severity !== 'info')
			assert.ok((told.get(alert) ?? Number.POSITIVE_INFINITY) - 300 <= seconds + 4, `told ${[...told]}`);
	});
}

test('docs/alerts.md has each default rule, and each fault with its alert and seconds', () => {
	const page = readFileSync(new URL('../../docs/alerts.md', import.meta.url), 'utf8');
	for (const { name, text, severity } of defaultRules(KNOWN_FIGURES))
		assert.ok(
			page.includes(`| \`${name}\` | ${severity} | \`${text}\` |`),
			`| \`${name}\` | ${severity} | \`${text}\` |`,
		);
	for (const [fault, alert, seconds] of FAULTS)
		assert.ok(page.includes(`| ${fault} | \`${alert}\` | ${seconds} |`), fault);
	assert.equal(DEFAULT_RULE_NAMES.length, defaultRules(KNOWN_FIGURES).length);
});

test('each rule of the set has its section among the runbooks, with a command to look closer, and no section is without a rule', () => {
	const page = readFileSync(new URL('../../docs/runbooks.md', import.meta.url), 'utf8');
	const [, ...sections] = page.split(/^## /m);
	assert.deepEqual(
		sections.map((text) => text.slice(0, text.indexOf('\n'))),
		DEFAULT_RULE_NAMES,
	);
	for (const text of sections) {
		const lines = text.split('\n').filter((line) => line !== '');
		assert.ok(lines.length >= 4 && lines.length <= 7, text);
		assert.match(text, /^Look: .*`ballast [a-z]+/m);
		assert.match(text, /^Helps: /m);
	}
	for (const { name, runbook } of defaultRules(KNOWN_FIGURES)) assert.equal(runbook, `docs/runbooks.md#${name}`);
	for (const { name, runbook } of defaultRules(KNOWN_FIGURES, 'https://w/page'))
		assert.equal(runbook, `https://w/page#${name}`);
});
