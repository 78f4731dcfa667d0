import assert from 'node:assert/strict';
import test from 'node:test';
import { fromQuantiles, standardNormal } from './distribution.ts';
import { LogHistogram } from './log-histogram.ts';
import { parseDistribution } from './parse-distribution.ts';
import { SeededRandom } from './seeded-random.ts';

const near = (value: number | null, expected: number, within = 0.02) =>
	assert.ok(value !== null && Math.abs(value / expected - 1) < within, `${value}, not ${expected}`);

test('distributions have the mean and percentiles that were asked for, drawn too', () => {
	const lognormal = parseDistribution('lognormal:mean=80ms,p99=400ms', '--x');
	near(lognormal.meanMs, 80, 1e-9);
	near(lognormal.quantile(0.99), 400);
	const random = new SeededRandom(1);
	const drawn = new LogHistogram();
	for (let n = 0; n < 200_000; n++) drawn.add(lognormal.draw(random));
	near(drawn.meanMs, 80);
	near(drawn.percentile(0.99), 400, 0.03);
	const exponential = parseDistribution('exponential:0.5ms', '--x');
	near(exponential.meanMs, 0.5, 1e-9);
	near(exponential.variation, 1, 0.01);
	assert.deepEqual([parseDistribution('1.5s', '--x').meanMs, parseDistribution('1.5s', '--x').variation], [1500, 0]);
	near(parseDistribution('uniform:1s,3s', '--x').meanMs, 2000, 1e-3);
	near(parseDistribution('quantiles:p50=20ms,p95=90ms,p99=300ms', '--x').quantile(0.95), 90);
	near(
		fromQuantiles('', [
			[0, 10],
			[1, 1000],
		]).quantile(0.5),
		100,
	);
	near(standardNormal(0.975), 1.959964, 1e-6);
	near(standardNormal(0.001), -3.090232, 1e-6);
});

test('what is no distribution says what is', () => {
	const wrong = [
		['fast', /--x: `fast` is none\nit takes a time such as 80ms/],
		['lognorml:80ms', /did you mean `lognormal`\?/],
		['lognormal:mean=80ms', /lacks p99/],
		['lognormal:mean=80ms,p99=20s', /p99 is to be 1 to 14.9 times the mean/],
		['lognormal:mean=80ms,p95=1s', /takes mean or p99, not `p95`/],
		['uniform:3s,1s', /`to` is to be at least `from`/],
		['0ms', /no time above 0/],
		['exponential:x', /`x` is no time/],
		['constructor:1s', /is none/],
	] as const;
	for (const [text, why] of wrong) assert.throws(() => parseDistribution(text, '--x'), why);
});

test('percentiles of times are within 2 %, and what was added can be taken out again', () => {
	const times = new LogHistogram();
	for (let ms = 1; ms <= 10_000; ms++) times.add(ms / 10);
	for (const share of [0.01, 0.5, 0.95, 0.999]) near(times.percentile(share), share * 1000);
	const more = new LogHistogram();
	more.add(1e9, 1000);
	times.merge(more);
	assert.ok((times.percentile(0.99) ?? 0) > 9e6);
	times.merge(more, -1);
	near(times.percentile(0.99), 990);
	times.clear();
	assert.deepEqual([times.percentile(0.5), times.meanMs, times.count], [null, null, 0]);
});
