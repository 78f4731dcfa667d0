import assert from 'node:assert/strict';
import test from 'node:test';
import { decide, EMPTY_STATE } from './decide.ts';
import type { ScalePolicy, StepPolicy } from './policy.ts';
import type { ScalingSamples, SignalValue } from './samples.ts';
import { formatAmount, sentence } from './sentence.ts';
import { CPU, each, P95, policyOf, REQUESTS, samplesOf } from './testing-policy.ts';

/** What is said of a pool of this size. */
function said(
	size: number,
	readings: Readonly<Record<string, SignalValue | null>>,
	{ samples, ...policy }: Partial<ScalePolicy> & { samples?: Partial<ScalingSamples> } = {},
): string {
	const all = policyOf(policy);
	return sentence('videos', decide(EMPTY_STATE, samplesOf(size, readings, samples), all, 0), all);
}
const QUEUE: StepPolicy = {
	...{ name: 'queue.length', source: { from: 'in-flight' }, unit: 'number', when: 'above' },
	bands: [
		{ from: 100, to: 500, change: { by: 1 } },
		{ from: 500, to: null, change: { share: 0.5 } },
	],
};

test('a change, and what limits it', () => {
	assert.equal(said(4, { cpu: each(0.83, 4) }), 'videos: 4 → 6: CPU 83 % over target 60 %');
	assert.equal(
		said(4, { cpu: each(0.93, 4) }, { max: 6 }),
		'videos: 4 → 6: CPU 93 % over target 60 %, limited by max 6',
	);
	assert.equal(said(6, { cpu: each(0.3, 6) }), 'videos: 6 → 3: CPU 30 % under target 60 %');
	assert.equal(said(6, { cpu: each(0.1, 6) }, { min: 2 }), 'videos: 6 → 2: CPU 10 % under target 60 %, kept at min 2');
	const rates = [
		{ instances: 4, periodMs: 15_000 },
		{ share: 1, periodMs: 15_000 },
	];
	assert.equal(
		said(4, { cpu: each(2, 4) }, { out: { ...policyOf().out, rates } }),
		'videos: 4 → 8: CPU 200 % over target 60 %, at most 4 in 15s or 100% in 15s',
	);
});

test('each kind of signal in its own unit', () => {
	assert.equal(
		said(2, { requestsPerSecond: { value: 450 } }, { signals: [REQUESTS] }),
		'videos: 2 → 5: requestsPerSecond 225/s an instance over target 100/s an instance',
	);
	assert.equal(
		said(0, { requestsPerSecond: { value: 450 } }, { min: 0, signals: [REQUESTS] }),
		'videos: 0 → 5: requestsPerSecond 450/s over target 100/s an instance',
	);
	assert.equal(said(4, { p95: { value: 0.45 } }, { signals: [P95] }), 'videos: 4 → 6: p95 450ms over target 300ms');
	const steps = [QUEUE];
	assert.equal(
		said(4, { 'queue.length': { value: 600 } }, { signals: [], steps }),
		'videos: 4 → 6: queue.length 600 is above 500',
	);
	assert.equal(
		said(4, { 'queue.length': { value: 6 } }, { signals: [], steps }),
		'videos: stays at 4: no step is reached',
	);
});

test('why it stays', () => {
	assert.equal(said(4, { cpu: each(0.62, 4) }), 'videos: stays at 4: CPU 62 % is within 10 % of the target 60 %');
	assert.equal(
		said(6, { cpu: each(0.3, 5, { missing: 1 }) }),
		'videos: stays at 6: CPU 30 % under target 60 %, but values of cpu are missing, so nothing goes in',
	);
	assert.equal(
		said(6, { cpu: each(0.9, 3, { ignored: 3 }) }),
		'videos: stays at 6: CPU 90 %, target 60 %: not known of all instances',
	);
	assert.equal(
		said(2, {}, { samples: { failures: { cpu: 'the platform said no' } } }),
		'videos: stays at 2: CPU is not known: the platform said no',
	);
	assert.equal(said(2, {}, { signals: [] }), 'videos: stays at 2: it has no signal');
	assert.equal(said(0, { cpu: null }, { min: 2 }), 'videos: stays at 0: switched off by hand');
	assert.equal(
		said(
			4,
			{ cpu: each(0.9, 4) },
			{ samples: { providerTrouble: { out: 'no answer for 30s', in: 'no answer for 30s' } } },
		),
		'videos: stays at 4: CPU 90 % over target 60 %, but no answer for 30s',
	);
	assert.equal(said(4, { cpu: each(0.9, 4) }, { mode: 'off' }), 'videos: stays at 4: scaling is off');
});

test('what was asked for by something else than a signal', () => {
	assert.equal(said(1, { cpu: each(0.6, 1) }, { min: 2 }), 'videos: 1 → 2: below min 2');
	assert.equal(said(9, { cpu: each(0.6, 9) }, { max: 5 }), 'videos: 9 → 5: over max 5');
	assert.equal(said(0, {}, { min: 0, samples: { held: 3 } }), 'videos: 0 → 1: 3 requests wait');
	assert.equal(
		said(1, { cpu: each(0, 1) }, { min: 0, samples: { idleForMs: 300_000 } }),
		'videos: 1 → 0: no request for 5m',
	);
	assert.equal(
		said(1, { cpu: each(0, 1) }, { min: 0 }),
		'videos: stays at 1: CPU 0 % under target 60 %, but to none only after 5m without a request',
	);
});

test('what a mode holds back', () => {
	assert.equal(
		said(4, { cpu: each(0.83, 4) }, { mode: 'shadow' }),
		'videos: would go 4 → 6 (shadow): CPU 83 % over target 60 %',
	);
	assert.equal(
		said(6, { cpu: each(0.3, 6) }, { mode: 'scale-out-only' }),
		'videos: would go 6 → 3 (scale-out-only): CPU 30 % under target 60 %',
	);
	assert.equal(
		said(4, { cpu: each(0.6, 4) }, { mode: 'shadow' }),
		'videos: stays at 4: CPU 60 % is within 10 % of the target 60 %',
	);
});

test('hostile words are inert and bounded', () => {
	const text = said(2, {}, { signals: [CPU], samples: { failures: { cpu: `\u001b[2J\n${'x'.repeat(2000)}` } } });
	assert.ok(
		[...text].every((letter) => letter >= ' '),
		text,
	);
	assert.ok(text.length <= 500);
});

test('amounts', () => {
	const cases: [number, Parameters<typeof formatAmount>[1], string][] = [
		[0.834, 'ratio', '83 %'],
		[0.0834, 'ratio', '8.3 %'],
		[0.001, 'ratio', '0.1 %'],
		[2, 'ratio', '200 %'],
		[0.25, 'seconds', '250ms'],
		[1.5, 'seconds', '1s500ms'],
		[536_870_912, 'bytes', '512 MiB'],
		[1_610_612_736, 'bytes', '1.5 GiB'],
		[1234.5, 'per-second', '1235/s'],
		[0, 'number', '0'],
		[4.46, 'number', '4.5'],
	];
	for (const [value, unit, text] of cases) assert.equal(formatAmount(value, unit), text);
});
