import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { stripVTControlCharacters } from 'node:util';
import type { Span } from '../core/span.ts';
import { chartLines } from './chart.ts';
import { traceIdOf } from './explain-trace.ts';
import { formatPercent, formatValue } from './figure-view.ts';
import { waterfallLines } from './span-waterfall.ts';
import { sparkline } from './sparkline.ts';
import { type Answer, type ControlPeer, controlPeer, refuses, says } from './testing/control-peer.ts';
import { ballast, recordedTerminal } from './testing/recorded-terminal.ts';
import { FIGURE_LIST, sampleSeeing } from './testing/sample-seeing.ts';
import { textWidth } from './text-width.ts';

const EVIL = '\x1b]0;owned\x07\x1b[2J\nfake\u202e';
const peers: ControlPeer[] = [];
after(async () => {
	for (const peer of peers) await peer.close();
});

async function at(answer: Answer): Promise<ControlPeer> {
	const peer = await controlPeer(answer);
	peers.push(peer);
	return peer;
}

async function run(answer: Answer, ...words: string[]) {
	const peer = await at(answer);
	const done = await ballast([...words, '--socket', peer.path], { columns: 100, rows: 24 });
	assert.doesNotMatch(done.out.replaceAll('\n', ''), /\p{Cc}|\u202e/u);
	return { ...done, commands: peer.commands };
}

test('sparklines: gaps, peaks that stay when there is little room, nothing at all', () => {
	assert.equal(sparkline([0, 1, null, 4, 8], 10), '▁▁ ▄█');
	assert.equal(sparkline([1, 1, 9, 1, 1, 1], 3), '▁█▁');
	assert.equal(sparkline([0, 0], 5), '▁▁');
	assert.equal(sparkline([], 5), '');
	assert.equal(sparkline([5, Number.NaN], 5, 10), '▄ ');
});

test('a chart: both axes, as many lines as asked for, none too wide', () => {
	const values = Array.from({ length: 100 }, (_, n) => (n === 50 ? null : n));
	for (const width of [20, 40, 120]) {
		const lines = chartLines({ values, fromMs: 0, stepMs: 1000, format: String, width, height: 6 });
		assert.equal(lines.length, 8);
		for (const line of lines) assert.ok(textWidth(line) <= width, line);
	}
	const flat = chartLines({ values: [0, null], fromMs: 0, stepMs: 1, format: String, width: 20, height: 2 });
	assert.equal(flat[1], '  │');
});

test('values in their units', () => {
	const shown = (unit: 'number' | 'seconds' | 'bytes' | 'ratio', perSecond = false) => ({ name: '', unit, perSecond });
	assert.deepEqual(
		[
			formatValue(0.0123, shown('seconds')),
			formatValue(1234, shown('bytes', true)),
			formatValue(0.0004, shown('ratio')),
			formatValue(1234.5, shown('number', true)),
			formatValue(0.0213, shown('number', true)),
			formatValue(0, shown('number', true)),
			formatValue(2.34567, shown('number')),
			formatValue(123_456, shown('number')),
			formatValue(Number.NaN, shown('number')),
			formatPercent(0.000001),
		],
		['12 ms', '1.2 kB/s', '0.04 %', '1.2k/s', '0.021/s', '0/s', '2.346', '123k', '-', '<0.01 %'],
	);
});

test('metrics: one series as a chart, several as a table, in the unit of the figure', async () => {
	const one = await run(sampleSeeing, 'metrics', 'p95 over 5m', '--since', '1h', '--points', '40');
	assert.equal(one.code, 0, one.err);
	assert.match(one.out, /12 ms ┤/);
	assert.match(one.out, /\nall +.*12 ms/);
	const { query, points, from, to } = (one.commands[0]?.args ?? {}) as Record<string, number>;
	assert.deepEqual([query, points, Number(to) - Number(from)], ['p95 over 5m', 40, 3_600_000]);
	const several = await run(sampleSeeing, 'metrics', 'error_rate by service,route');
	assert.doesNotMatch(several.out, /┤/);
	assert.match(several.out, /^OF +OVER TIME +NOW +LEAST +MEAN +MOST/);
	assert.match(several.out, /\nvideos GET \/v1\/avatars +\S+ +1\.2 %/);
	const json = await run(sampleSeeing, 'metrics', 'requests by service', '--json', '--points', '3');
	assert.deepEqual(JSON.parse(json.out)[0].labels, { service: 'videos' });
});

test('metrics: the list; a figure that is none; nothing known; no query', async () => {
	const list = await run(sampleSeeing, 'metrics', '--list');
	assert.match(list.out, /^FIGURE +IN +BY +WHAT\np95 +seconds +service, route +95 % took no longer\nrequests +\/s/);
	assert.equal(JSON.parse((await run(sampleSeeing, 'metrics', '--list', '--json')).out).length, FIGURE_LIST.length);
	const wrong = await run(sampleSeeing, 'metrics', 'p59 by service');
	assert.deepEqual([wrong.code, wrong.out], [1, '']);
	assert.match(wrong.err, /there is no figure p59\n {2}p59 by service\n {2}\^\ndid you mean `p95`\?/);
	assert.match((await run(says([], []), 'metrics', 'p95')).out, /^nothing is known of that figure in this time\n$/);
	assert.equal((await run(sampleSeeing, 'metrics')).code, 2);
	const evil = [{ labels: { service: EVIL }, fromMs: 0, stepMs: 1, values: [1, 'x', null] }];
	assert.match((await run(says([], [...evil, ...evil]), 'metrics', 'p95')).out, /\\x1b\]0;owned/);
	assert.match((await run(says([], { no: 'list' }), 'metrics', 'p95')).err, /does not know \(the answer\)/);
});

const NOW = Date.now();

const ALERTS = {
	alerts: [
		{ key: 'well', name: 'well', state: 'ok', severity: 'warning', labels: {}, rule: 'p95 > 1s', value: null },
		{
			key: 'slow{service="videos"}',
			name: 'slow',
			state: 'firing',
			severity: 'critical',
			labels: { service: 'videos' },
			rule: 'p95 > 500ms for 1m',
			value: 0.81,
			threshold: 0.5,
			unit: 'seconds',
			sinceMs: NOW - 200_000,
			firedMs: NOW - 125_000,
			summary: EVIL,
			causes: ['videos-2 was ejected', 'a roll-out began'],
			runbook: 'https://example.com/slow',
			acknowledged: { by: 'ann', comment: 'on it' },
		},
		{
			key: 'disk',
			name: 'disk',
			state: 'pending',
			value: 0.9,
			threshold: 0.85,
			unit: 'ratio',
			sinceMs: NOW - 5000,
			silence: { id: 'x', untilMs: NOW + 61_000, comment: 'known' },
		},
	],
	channels: [
		{ name: 'slack', lastError: 'answers 404' },
		{ name: 'mail', lastError: '' },
	],
	blind: [{ rule: 'queue', why: 'nothing is known of queue.age' }],
};

test('alerts: what fires first, value against limit, since when, why', async () => {
	const { code, out, err } = await run(says([], ALERTS), 'alerts');
	assert.equal(code, 0, err);
	const lines = out.split('\n');
	assert.match(lines[0] as string, /^STATE +ALERT +OF +VALUE +LIMIT +FOR +SEVERITY +NOTE$/);
	assert.match(lines[1] as string, /^firing +slow +videos +810 ms +500 ms +2m0[5-9]s +critical +taken by ann: on it$/);
	assert.match(lines[2] as string, /^pending +disk +90 % +85 % +5s +silenced for 1m0\ds$/);
	for (const text of [
		'\nslow{service="videos"}\n',
		'  rule     p95 > 500ms for 1m\n',
		'  cause    videos-2 was ejected; a roll-out began\n',
		'  runbook  https://example.com/slow\n',
		'the rule queue cannot be judged: nothing is known of queue.age\n',
		'the channel slack does not work: answers 404\n',
		'1 rule has nothing to say\n',
	])
		assert.ok(out.includes(text), `${text}\n${out}`);
	const died = { name: 'instance_died', state: 'firing', value: 0, threshold: 0, perSecond: true };
	assert.match((await run(says([], { alerts: [died] }), 'alerts')).out, /\nfiring +instance_died +- +- /);
	const quiet = await run(says([], { alerts: ALERTS.alerts.slice(0, 1) }), 'alerts');
	assert.equal(quiet.out, 'nothing fires\n1 rule has nothing to say\n');
	assert.equal(JSON.parse((await run(says([], ALERTS), 'alerts', '--json')).out).alerts.length, 3);
	const strange = { name: EVIL, state: EVIL, labels: 7, causes: [{}], silence: 'x' };
	assert.match((await run(says([], { alerts: [strange] }), 'alerts')).out, /owned/);
	assert.match((await run(says([], { alerts: 7 }), 'alerts')).err, /does not know \(alerts\)/);
});

test('alerts: taken up, silenced, heard again, tested', async () => {
	const asked = async (...words: string[]) => {
		const { code, out, err, commands } = await run(says([], {}), 'alerts', ...words);
		return { code, out, err, command: commands[0]?.command, args: commands[0]?.args };
	};
	const ack = await asked('--ack', 'slow', '--by', 'ann', '--comment', 'on it');
	assert.deepEqual(
		[ack.command, ack.args, ack.out],
		['alert-ack', { alert: 'slow', by: 'ann', comment: 'on it' }, 'slow is taken by ann\n'],
	);
	const silence = await asked('--silence', 'slow service:vid*', '--for', '1h30m', '--by', 'b');
	assert.deepEqual(silence.args, { where: { alert: 'slow', service: 'vid*' }, forMs: 5_400_000, by: 'b', comment: '' });
	assert.equal((await asked('--silence', 'slow')).args?.['forMs'], 7_200_000);
	assert.deepEqual((await asked('--unsilence', 'slow')).args, { where: { alert: 'slow' } });
	const id = 'd9428888-122b-11e1-b85c-61cd3cbb3210';
	assert.deepEqual((await asked('--unsilence', id)).args, { id });
	assert.deepEqual((await asked('--test', 'slack')).args, { channel: 'slack' });
	assert.deepEqual(JSON.parse((await asked('--test', 'slack', '--json')).out), { ok: true, result: {} });
	for (const [words, message] of [
		[['--ack', 'a', '--test', 'b'], /--ack and --test exclude each other/],
		[['--for', '1h'], /--for is for --silence/],
		[['--comment', 'x', '--test', 'b'], /--comment is for --ack and --silence/],
		[['--silence', 'service:'], /told by labels/],
		[['--silence', 'a', '--for', 'long'], /--for takes a duration/],
		[['--ack', ' '], /--ack needs to know what/],
	] as const) {
		const { code, err, command } = await asked(...words);
		assert.deepEqual([code, command], [2, undefined]);
		assert.match(err, message);
	}
	assert.equal((await run(refuses('bad_command', 'no such channel'), 'alerts', '--test', 'x')).code, 2);
});

const ID = '4bf92f3577b34da6a3ce929d0e0e4736';

function span(spanId: string, parentId: string, more: Partial<Span> = {}): Span {
	return {
		traceId: ID,
		spanId,
		parentId,
		name: spanId,
		kind: 'internal',
		startMs: 1000,
		endMs: 1100,
		error: '',
		fields: {},
		...more,
	};
}

test('the id of a request, in each form that one would copy; a URL, a path or a host is none', () => {
	for (const word of [ID, ID.toUpperCase(), `00-${ID}-00f067aa0ba902b7-01`, '4bf92f35-77b3-4da6-a3ce-929d0e0e4736'])
		assert.equal(traceIdOf(word), ID);
	assert.equal(traceIdOf('00f067aa0ba902b7'), '00f067aa0ba902b7');
	for (const word of [`/${ID}`, `http://${ID}`, `${ID}.example.com`, 'example.com', 'abc', `${ID}0`])
		assert.equal(traceIdOf(word), undefined);
});

test('explain of an id: a waterfall, what failed, its log entries', async () => {
	const spans = [
		span('attempt', 'root', {
			kind: 'client',
			startMs: 1050,
			endMs: 1090,
			error: 'connect_refused',
			fields: { 'upstream.id': 'videos-1' },
		}),
		span('root', '', { name: 'GET /v1/*', kind: 'server' }),
	];
	const entries = [{ timeMs: 1040, severity: 'warn', message: `slow ${EVIL}`, instance: 'videos-1' }];
	const { code, out, err, commands } = await run(says([], { spans, entries }), 'explain', ID.toUpperCase());
	assert.equal(code, 0, err);
	assert.deepEqual(commands, [{ command: 'trace', args: { id: ID } }]);
	const lines = out.split('\n');
	assert.equal(lines[0], `trace ${ID}`);
	assert.match(lines[2] as string, /^GET \/v1\/\* +█+ +100 ms$/);
	assert.match(lines[3] as string, /^ {2}! attempt → videos-1: connect_refused +█+ +40 ms$/);
	assert.equal(lines[4], 'attempt: connect_refused');
	assert.match(out, /1 log entry\n.*WARN {2}videos-1 slow \\x1b/);
	const none = await run(says([], { spans: [], entries: [] }), 'explain', ID);
	assert.deepEqual([none.code, none.out], [1, '']);
	assert.match(none.err, /^nothing is known of 4bf9/);
	assert.match((await run(says([], {}), 'explain', ID, '--method', 'GET')).err, /--method is for a URL/);
});

test('a waterfall of hostile spans: circles, orphans, no times, thousands; never too wide', () => {
	const circle = [span('a', 'b'), span('b', 'a'), span('self', 'self'), span('lost', 'nowhere')];
	const deep = Array.from({ length: 2000 }, (_, n) => span(`s${n}`, n === 0 ? '' : `s${n - 1}`));
	const evil = [span('x', '', { name: EVIL, error: EVIL, startMs: Number.NaN, endMs: Number.NaN })];
	assert.equal(waterfallLines(circle, recordedTerminal()).length, 4);
	assert.equal(waterfallLines(deep, recordedTerminal()).at(-1), '… 1500 more spans');
	for (const columns of [30, 80, 200]) {
		for (const line of waterfallLines([...circle, ...deep, ...evil], recordedTerminal({ columns, colours: true }))) {
			const plain = stripVTControlCharacters(line);
			assert.ok(textWidth(plain) <= columns, plain);
			assert.doesNotMatch(plain, /\p{Cc}|\u202e/u);
		}
	}
});

test('review: sentences by what they are about, wrapped; nothing to say', async () => {
	const findings = [
		{ kind: 'saturated', weight: 'problem', text: `${'word '.repeat(30)}end` },
		{ kind: 'big', weight: 'advice', text: `too big ${EVIL}` },
		'a bare sentence',
		null,
	];
	const { out, commands } = await run(says([], { findings }), 'review', '--since', '1h');
	assert.deepEqual(commands[0], { command: 'review', args: { overMs: 3_600_000 } });
	assert.match(out, /^Saturated\n {2}! (?:word )+word\n {4}(?:word )+end\n\nToo big\n {2}- too big \\x1b/);
	assert.match(out, /\nFound\n {2}- a bare sentence\n/);
	for (const line of out.split('\n')) assert.ok(textWidth(line) <= 100, line);
	assert.equal((await run(says([], []), 'review')).out, 'nothing to say: all that was measured fits\n');
	assert.match((await run(says([], 7), 'review')).err, /does not know \(findings\)/);
});
