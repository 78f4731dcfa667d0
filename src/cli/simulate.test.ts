import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import test from 'node:test';
import { TempFiles } from '../config/testing/temp-files.ts';
import { accessLine } from '../logs/access-line.ts';
import { accessEntry } from '../logs/testing-entries.ts';
import { controlPeer, says } from './testing/control-peer.ts';
import { ballast } from './testing/recorded-terminal.ts';

const NOON = Date.UTC(2026, 5, 10, 12);
const instances = '{ run: node server.js }';
const CONFIG = `services:
  videos: { instances: ${instances}, scale: { min: 2, max: 20, perInstance: { requestsPerSecond: 50 } } }
`;
const TWO = `services:
  videos: { instances: ${instances}, scale: { min: 2, max: 9, perInstance: { requestsPerSecond: 90 } } }
  legacy: { match: /b, instances: ${instances}, scale: { max: 3, perInstance: { memory: 60%, cpu: 50% } } }
`;
const STEP = ['--trace', 'generate:constant:100,step:at=1m:times=5,for=4m'];

function files() {
	const entries = Array.from({ length: 3000 }, (_, at) =>
		accessEntry({ timeMs: NOON + at * 20, durationUs: 50_000, attempts: [] }),
	);
	return new TempFiles({
		'ballast.yaml': CONFIG,
		'two.yaml': TWO,
		'access.jsonl': `${entries.map(accessLine).join('\n')}\nnonsense\n`,
		'notes.txt': 'what this is\nnobody knows\n',
	});
}

test('simulate: what a policy would have done on an access log', async () => {
	using temp = files();
	const { code, out, err } = await ballast(
		['simulate', '--trace', temp.path('access.jsonl'), '--policy', temp.path('ballast.yaml'), '--cost', '0.1/h'],
		{ columns: 100 },
	);
	assert.deepEqual([code, err], [0, '']);
	assert.match(out, /^trace +.*access\.jsonl \(access log of Ballast\): 3000 requests in 1m, 50\/s in the mean/);
	assert.match(
		out,
		/^requests +p50 50 ms, p95 50 ms, p99 50 ms \(learned from the trace\); unmet after 10s of waiting$/m,
	);
	assert.match(out, /^policy +instances +unmet +p50 +p95 +p99 +inst-hours +cost +flaps +reaction$/m);
	assert.match(out, /^\S+ +2 +0 +5\d ms +5\d ms +5\d ms +0\.03 +0\.0033 +0 +–$/m);
	assert.match(out, /^fixed at peak +2 +0 /m);
	assert.match(out, /^clairvoyant +2 +0 /m);
	assert.match(out, /ballast\.yaml: instances that are ready\n {2}2 ┤█+\n/);
	assert.match(out, /^note: 1 of 3001 lines were left out: line 3001: it is no JSON$/m);
	for (const line of out.split('\n')) assert.ok(line.length <= 100 || line.startsWith('trace'), line);
});

test('simulate: side by side with another configuration and with an HPA, as JSON', async () => {
	using temp = files();
	const { code, out } = await ballast([
		...['simulate', ...STEP, '--policy', temp.path('ballast.yaml')],
		...['--service', 'videos', '--compare', temp.path('two.yaml'), '--compare', 'hpa', '--json', '--seed', '3'],
	]);
	assert.equal(code, 0);
	const report = JSON.parse(out);
	const [one, two, hpa] = report.policies;
	assert.deepEqual([report.policies.length, hpa.name, report.engine, report.seed], [3, 'hpa', 'events', 3]);
	assert.ok(one.reactionMs <= 3000 && hpa.reactionMs > 10_000, `${one.reactionMs} and ${hpa.reactionMs} ms`);
	assert.ok(one.most > two.most && two.most <= 9);
	assert.ok(report.peak.most >= 10 && report.clairvoyant.unmet === 0);
	assert.deepEqual(Object.keys(one.points[0]), ['atMs', 'ready', 'desired', 'requests', 'unmet', 'p95Ms']);
	assert.equal(one.changes[0].to > one.changes[0].from, true);
	assert.match(report.notes.join(), /was assumed/);
});

test('simulate --html: one page, nothing from elsewhere, names are text', async () => {
	using temp = files();
	const evil = temp.write(
		'<img src=x onerror=alert(1)>.csv',
		Array.from({ length: 99 }, (_, at) => `${at}\n`).join(''),
	);
	const page = temp.path('page.html');
	const { code, out } = await ballast([
		'simulate',
		'--trace',
		evil,
		'--policy',
		temp.path('ballast.yaml'),
		'--html',
		page,
	]);
	assert.equal(code, 0);
	assert.match(out, /\nwritten to .*page\.html\n$/);
	const html = readFileSync(page, 'utf8');
	assert.match(html, /^<!doctype html>/);
	assert.match(html, /default-src 'none'/);
	assert.match(html, /&lt;img src=x onerror=alert\(1\)&gt;\.csv/);
	assert.doesNotMatch(html, /<img|<script|https?:|url\(/);
	assert.equal(html.match(/<svg /g)?.length, 4);
	assert.doesNotMatch(html, /NaN|undefined|Infinity/);
	const nowhere = await ballast([
		'simulate',
		...STEP,
		'--policy',
		temp.path('ballast.yaml'),
		'--html',
		temp.path('no/x.html'),
	]);
	assert.deepEqual([nowhere.code, /ENOENT/.test(nowhere.err)], [1, true]);
});

test('simulate: what is wrong is said, with what is accepted', async () => {
	using temp = files();
	const policy = ['--policy', temp.path('ballast.yaml')];
	const two = ['--policy', temp.path('two.yaml')];
	const wrong: [string[], number, RegExp][] = [
		[policy, 2, /say which load with --trace FILE, or --trace generate:diurnal/],
		[
			['--trace', temp.path('notes.txt'), ...policy],
			2,
			/cannot be used as a trace: its lines are in no format[\s\S]*a trace is an access log/,
		],
		[['--trace', temp.path('none'), ...policy], 2, /the trace cannot be read: ENOENT/],
		[[...STEP, '--policy', temp.path('notes.txt')], 2, /notes\.txt/],
		[[...STEP, '--policy', temp.path('none.yaml')], 2, /none\.yaml/],
		[[...STEP, ...two], 2, /say which with --service: videos, legacy/],
		[[...STEP, ...two, '--service', 'vidoes'], 1, /has no service vidoes; did you mean `videos`\?/],
		[
			[...STEP, ...two, '--service', 'legacy'],
			2,
			/the signal `memory` cannot be simulated[\s\S]*--without memory leaves it out/,
		],
		[
			[...STEP, ...two, '--service', 'legacy', '--without', 'memroy'],
			2,
			/no signal memroy; it has cpu, memory|no signal memroy; it has memory, cpu/,
		],
		[['--trace', 'generate:stpe', ...policy], 2, /did you mean `step`\?/],
		[[...STEP, ...policy, '--service-time', 'tokens:20ms'], 2, /tokens are known of an Azure LLM inference trace only/],
		[
			[...STEP, ...policy, '--service-time', '10ms', '--cpu-time', '20ms'],
			2,
			/that takes 10 ms cannot need 20 ms of CPU/,
		],
		[[...STEP, ...policy, '--cost', '4'], 2, /expected a cost such as 0\.04\/h/],
		[[...STEP, ...policy, '--engine', 'steam'], 2, /expected events, fluid or auto/],
		[[...STEP, ...policy, '--load', '0'], 2, /expected a factor above 0/],
		[[...STEP, ...policy, '--warm-up', 'long'], 2, /30s:2/],
		[[...STEP, ...policy, '--compare', temp.path('none.yaml')], 2, /none\.yaml/],
	];
	for (const [words, code, why] of wrong) {
		const answer = await ballast(['simulate', ...words]);
		assert.deepEqual([answer.code, answer.out], [code, ''], answer.err);
		assert.match(answer.err, why);
	}
	const without = await ballast(['simulate', ...STEP, ...two, '--service', 'legacy', '--without', 'memory']);
	assert.equal(without.code, 0, without.err);
});

test('simulate: load and service times that a running Ballast remembers', async (context) => {
	using temp = files();
	const values: Record<string, number> = { requests: 120, p50: 0.02, p95: 0.06, p99: 0.2 };
	const peer = await controlPeer((request, socket) => {
		const { from, to, points, query } = request.args as { from: number; to: number; points: number; query: string };
		const value = values[query.split(' ')[0] as string];
		const series = { labels: {}, fromMs: from, stepMs: (to - from) / points, values: Array(points).fill(value) };
		says([], [series])(request, socket);
	});
	context.after(() => peer.close());
	const words = ['simulate', '--socket', peer.path, '--policy', temp.path('ballast.yaml'), '--trace', 'metrics:30m'];
	const { code, out, err } = await ballast([...words, '--service-time', 'metrics']);
	assert.equal(code, 0, err);
	assert.match(
		out,
		/^trace +metrics:30m \(metrics of the running Ballast\): 216k requests in 30m(?:1s)?, 120\/s in the mean/,
	);
	assert.match(out, /^requests +p50 20 ms, p95 60 ms, p99 200 ms \(learned from the metrics\)/m);
	assert.deepEqual(
		peer.commands.map(({ args }) => args['query']),
		['requests', 'p50', 'p95', 'p99'].map((name, at) => `${name} service:"videos" over ${at === 0 ? '5s' : '1h'}`),
	);
	values['requests'] = 0;
	assert.match((await ballast(words)).err, /no requests of videos are known of the last 30m/);
	assert.match((await ballast([...words, '--trace', 'metrics:1s'])).err, /expected a time from 1m to 90d/);
	const nobody = ['--socket', temp.path('none.sock')];
	assert.equal((await ballast([...words, ...nobody])).code, 3);
});
