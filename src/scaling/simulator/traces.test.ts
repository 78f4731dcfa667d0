import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test, { after } from 'node:test';
import { gzipSync } from 'node:zlib';
import { accessLine } from '../../logs/access-line.ts';
import { commonLine } from '../../logs/common-line.ts';
import { accessEntry } from '../../logs/testing-entries.ts';
import { generateTrace } from './generate-trace.ts';
import { Arrivals, multiplied } from './load.ts';
import { readTrace } from './read-trace.ts';
import { SeededRandom } from './seeded-random.ts';

const folder = mkdtempSync(join(tmpdir(), 'ballast-traces-'));
after(() => rmSync(folder, { recursive: true }));
const NOON = Date.UTC(2026, 5, 10, 12);
let files = 0;

async function read(text: string | Uint8Array, service: string | null = null) {
	const path = join(folder, `trace-${files++}`);
	writeFileSync(path, text);
	return await readTrace(path, service);
}

test('our access log: times, weights, durations, one service of several', async () => {
	const lines = [
		accessLine(accessEntry({ timeMs: NOON + 2500 })),
		accessLine(accessEntry({ timeMs: NOON + 1500, path: '/","duration_s":9,"' })),
		accessLine(accessEntry({ timeMs: NOON + 1700, service: 'other' })),
		`{"severity_text":"INFO","timestamp":"2026-06-10T12:00:04.000Z","http.request.method":"GET","duration_s":0.5}`,
		'{"timestamp":"2026-06-10T12:00:04.000Z","body":"an instance said so"}',
		'{ nonsense',
	];
	const { load, works } = await read(lines.join('\n'), 'videos');
	assert.deepEqual([load.kind, works, load.total], ['access log of Ballast', 'ms', 3]);
	assert.deepEqual([load.fromMs, [...load.counts]], [NOON + 1000, [1, 1, 0, 1]]);
	assert.deepEqual([...(load.times ?? [])], [NOON + 1500, NOON + 2500, NOON + 4000]);
	assert.deepEqual(load.lines, { read: 6, bad: 1, skipped: 2, firstBad: { line: 6, why: 'it is no JSON' } });
	assert.ok(Math.abs((load.works.percentile(0.5) ?? 0) - 12) < 0.2, 'what the instance took');
	const sampled = await read(`${accessLine(accessEntry({ weight: 10 }))}\n`.repeat(3));
	assert.deepEqual([sampled.load.total, sampled.load.times], [30, null]);
});

test('common log format has whole seconds, so requests are spread over them', async () => {
	const lines = [0, 0, 1000].map((ms) => commonLine(accessEntry({ timeMs: NOON + ms }), 'combined'));
	const { load } = await read(`${lines.join('\r\n')}\r\n127.0.0.1 - - [31/Foo/2026:12:00:00 +0000] "GET /" 200 1\n`);
	assert.deepEqual([load.kind, [...load.counts], load.times], ['common log format', [2, 1], null]);
	assert.equal(load.lines.bad, 1);
	const zoned = await read('::1 - - [10/Jun/2026:14:00:00 +0200] "GET / HTTP/1.1" 200 5\n');
	assert.equal(zoned.load.fromMs, NOON);
});

test('CSV of times, of counts, of tokens; with a heading or without', async () => {
	const counts = async (text: string) => [...(await read(text)).load.counts];
	assert.deepEqual(await counts('0.5\n1.5\n1.9\n'), [1, 2]);
	assert.deepEqual(await counts('id;time\na;2026-06-10 12:00:00\nb;2026-06-10T12:00:01.5Z\n'), [1, 1]);
	assert.deepEqual(await counts('time,count\n0,5\n2,6\n4,0\n'), [2.5, 2.5, 3, 3]);
	assert.deepEqual(await counts('1781092800,5\n1781092801,7\n'), [5, 7]);
	assert.deepEqual(await counts('1781092800000\n1781092801000\n'), [1, 1]);
	assert.deepEqual(await counts('"1781092800000000"\n'), [1]);
	const { load, works } = await read(
		'TIMESTAMP,ContextTokens,GeneratedTokens\r\n2023-11-16 18:15:46.6805900,374,44\r\n2023-11-16 18:15:50.9951690,396,109\r\n',
	);
	assert.deepEqual([load.kind, works, load.total, load.works.count], ['Azure LLM inference trace', 'tokens', 2, 2]);
	assert.ok(Math.abs((load.times?.[0] ?? 0) - Date.UTC(2023, 10, 16, 18, 15, 46, 680.59)) < 1);
});

test('gzip is read; what is cut off or longer than it may be does no harm', async () => {
	const text = Array.from({ length: 5000 }, (_, at) => `${at / 100}\n`).join('');
	assert.equal((await read(gzipSync(text))).load.total, 5000);
	await assert.rejects(read(gzipSync(text).subarray(0, 2000)), /the trace cannot be read: unexpected end of file/);
	const { load } = await read(`1\n2\n${'x'.repeat(3_000_000)}\n3\n`);
	assert.deepEqual([load.total, load.lines.bad, load.lines.firstBad?.why], [3, 1, 'it is longer than 1 MiB']);
});

test('what is no trace is refused, with what is accepted', async () => {
	const refused = [
		['', /it is empty/],
		['hello\nworld\n', /in no format that is known/],
		['{"a":1}\n', /in no format that is known/],
		['time,count\n', /in no format that is known/],
		['time,count\n1,0\n', /there is no request in it/],
		[`1\n2\n${'x\n'.repeat(9)}`, /9 of 11 lines are not CSV of times: line 3: column 1 is no time/],
		[Buffer.from([0, 1, 2, 3, 255, 254]), /in no format that is known/],
	] as const;
	for (const [text, why] of refused) {
		await assert.rejects(read(text), (error: Error) => {
			assert.match(error.message, why);
			assert.match(
				error.message,
				/\na trace is an access log of Ballast \(JSON lines\), common .*; or generate:diurnal/,
			);
			return true;
		});
	}
	await assert.rejects(readTrace(join(folder, 'none'), null), /cannot be read: ENOENT/);
	await assert.rejects(readTrace(folder, null), /cannot be read: EISDIR/);
	await assert.rejects(
		read(accessLine(accessEntry()), 'vidoes'),
		/no request of the service vidoes; it has some of videos/,
	);
});

test('a time far from the others does not make the trace endless', async () => {
	const { load } = await read('1781092800\n1781092801\n1\n9999999999\n1781092799\n');
	assert.deepEqual([[...load.counts], load.lines.bad], [[1, 1, 1], 2]);
});

test('rows in any order, from a span of days', async () => {
	const random = new SeededRandom(3);
	const seconds = Array.from({ length: 20_000 }, () => 400_000 + Math.floor(random.next() * 200_000));
	const { load } = await read(seconds.map((second) => `${second}\n`).join(''));
	const first = Math.min(...seconds);
	assert.equal(load.fromMs, first * 1000);
	const expected = new Float64Array(Math.max(...seconds) - first + 1);
	for (const second of seconds) expected[second - first] = (expected[second - first] as number) + 1;
	assert.deepEqual(load.counts, expected);
});

test('arrivals: as many as counted, within their steps, rising; multiplied as many times', async () => {
	const { load } = await read('time,count\n0,5\n2,6\n4,1\n');
	const arrivals = new Arrivals(multiplied(load, 100), new SeededRandom(1));
	let all = 0;
	for (let step = 0; step < load.counts.length; step++) {
		const { times, from, to } = arrivals.of(step);
		for (let at = from; at < to; at++) {
			const time = times[at] as number;
			assert.ok(time >= step * 1000 && time < (step + 1) * 1000 && (at === from || time >= (times[at - 1] as number)));
		}
		all += to - from;
	}
	assert.equal(all, 1200);
});

test('made-up loads have the rates that were asked for, and are the same for a seed', () => {
	const rate = (text: string, [from, to]: [number, number]) =>
		generateTrace(text, 1)
			.counts.subarray(from, to)
			.reduce((sum, count) => sum + count, 0) /
		(to - from);
	const near = (value: number, expected: number) =>
		assert.ok(Math.abs(value / expected - 1) < 0.05, `${value}, not ${expected}`);
	near(rate('constant:100,for=10m', [0, 600]), 100);
	near(rate('diurnal:mean=100:swing=50%:period=1h,for=1h', [0, 60]), 50);
	near(rate('diurnal:mean=100:swing=50%:period=1h,for=1h', [1770, 1830]), 150);
	near(rate('constant:100,step:at=1m:times=5:for=1m,for=4m', [60, 120]), 500);
	near(rate('constant:100,step:at=1m:by=50,for=4m', [120, 240]), 150);
	near(rate('constant:100,ramp:at=1m:for=2m:by=200,for=4m', [110, 130]), 200);
	near(rate('constant:100,flash:at=1m:times=10:rise=10s:fade=60s,for=4m', [70, 72]), 1000 * 0.98);
	near(rate('constant:1000,noise:20%:over=1s,for=1h', [0, 3600]), 1000);
	near(rate('step:at=30s,for=1m', [30, 60]), 500);
	assert.deepEqual(generateTrace('noise', 7), generateTrace('noise', 7));
	assert.notDeepEqual(generateTrace('noise', 7).counts, generateTrace('noise', 8).counts);
});

test('what cannot be made up says what is meant', () => {
	const wrong = [
		['diurnl', /did you mean `diurnal`\?/],
		['step:tims=5', /`step` takes at, for, by or times, not `tims`; did you mean `times`\?/],
		['noise:5', /expected a share such as 20%/],
		['constant:-1', /expected requests a second such as 200/],
		['ramp:at=soon', /expected a duration such as 30s, 10m or 24h/],
		['for=400d', /`for` takes 1s to 92d/],
		['constant:0', /it has no request/],
		['', /there is no ``; there are constant, diurnal, step, ramp, flash or noise/],
		['constructor', /there is no `constructor`/],
	] as const;
	for (const [text, why] of wrong) assert.throws(() => generateTrace(text, 1), why);
});
