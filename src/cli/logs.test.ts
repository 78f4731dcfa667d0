import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { stripVTControlCharacters } from 'node:util';
import type { LogEntry } from '../core/log-entry.ts';
import { formatTime } from './clock-text.ts';
import { logLine } from './log-view.ts';
import { type Answer, type ControlPeer, controlPeer, refuses, says } from './testing/control-peer.ts';
import { ballast } from './testing/recorded-terminal.ts';

const peers: ControlPeer[] = [];
after(async () => {
	for (const peer of peers) await peer.close();
});

async function at(answer: Answer): Promise<ControlPeer> {
	const peer = await controlPeer(answer);
	peers.push(peer);
	return peer;
}

function entry(more: Partial<LogEntry> = {}): LogEntry {
	return {
		timeMs: 1_700_000_000_123,
		severity: 'info',
		source: 'instance',
		message: 'listening',
		service: 'videos',
		instance: 'videos-1',
		traceId: '',
		spanId: '',
		fields: {},
		...more,
	};
}

const PLAIN = { colours: false };

test('a line: time, level, who, message, and the fields that the message does not say', () => {
	const fields = { 'http.response.status_code': 502, cause: 'connect refused', path: '/v1/a', empty: '' };
	const line = logLine(
		entry({ message: 'GET /v1/a 502', severity: 'error', fields, traceId: 'ab' }),
		PLAIN,
		1_700_000_000_000,
	);
	assert.equal(
		line,
		`${formatTime(1_700_000_000_123, 1_700_000_000_000)} ERROR videos-1 GET /v1/a 502 cause="connect refused" trace=ab`,
	);
	const request = {
		'http.request.method': 'GET',
		'url.path': '/v1/a',
		'http.response.status_code': 502,
		duration_s: 0.0123,
		'http.route': 'GET /v1/*',
		'user_agent.original': 'curl/8',
		queue_s: 0.1,
		other: 1,
	};
	assert.match(
		logLine(entry({ source: 'access', message: 'connect refused', fields: request }), PLAIN, 0),
		/INFO {2}videos-1 GET \/v1\/a 502 12 ms connect refused route="GET \/v1\/\*" agent=curl\/8 queue=0\.1 other=1$/,
	);
	const broken = { 'http.request.method': 'GET', 'url.path': '/v1/a' };
	assert.match(logLine(entry({ source: 'access', message: '', fields: broken }), PLAIN, 0), /GET \/v1\/a no answer$/);
	// What could not be read has no method; a number is not said already since some other one has its digits.
	const unread = { 'http.response.status_code': 400, duration_s: 0.5 };
	assert.match(
		logLine(entry({ source: 'access', message: '', fields: unread }), PLAIN, 0),
		/ status=400 duration(?:_s)?=0\.5$/,
	);
	const counted = { ...broken, 'url.path': '/v1/1234', weight: 12, 'http.response.body.size': 34 };
	assert.match(logLine(entry({ source: 'access', message: '', fields: counted }), PLAIN, 0), / weight=12 \S+=34$/);
	assert.match(logLine(entry({ service: '', instance: '', source: 'event' }), PLAIN, 0), /INFO {2}event listening$/);
	assert.match(logLine(entry(), PLAIN, 1_800_000_000_000), /^2023-11-1\d \d\d:\d\d:20\.123 /);
});

test('whatever an entry holds: one inert line of bounded length', () => {
	const evil = `\x1b]0;owned\x07\x1b[2J\nfake line\r\u202e${'x'.repeat(100_000)}`;
	const fields = Object.fromEntries(Array.from({ length: 100 }, (_, n) => [`${n}${evil}`, evil]));
	const line = logLine(entry({ message: evil, service: evil, instance: evil, traceId: evil, fields }), PLAIN, 0);
	assert.doesNotMatch(line, /\p{Cc}|\u202e/u);
	assert.ok(line.length < 20_000, String(line.length));
	const coloured = logLine(entry({ severity: 'error' }), { colours: true }, 0);
	assert.equal(stripVTControlCharacters(coloured), logLine(entry({ severity: 'error' }), PLAIN, 0));
	assert.ok(coloured.includes('\x1b[31mERROR\x1b[0m'));
});

test('the command: newest last, what is asked for, strange entries survived', async () => {
	const entries = [
		entry({ timeMs: 3, message: 'third' }),
		{ timeMs: 'x', message: 7, fields: [1], severity: 'loud' },
		entry({ timeMs: 2, message: 'second' }),
	];
	const peer = await at(says([], { entries, more: true, searched: 2 }));
	const shown = await ballast(['logs', 'level:warn "a b"', '--since', '2h', '--limit', '5', '--socket', peer.path]);
	assert.equal(shown.code, 0, shown.err);
	const lines = shown.out.trimEnd().split('\n');
	assert.equal(lines.length, 3);
	assert.ok(lines.findIndex((line) => line.includes('second')) < lines.findIndex((line) => line.includes('third')));
	assert.match(shown.err, /^there may be older ones: looked at until /);
	const { command, args } = peer.commands[0] ?? { command: '', args: {} };
	const { fromMs, toMs, ...rest } = args as Record<string, number>;
	assert.deepEqual([command, rest], ['logs', { query: 'level:warn "a b"', limit: 5 }]);
	assert.equal((toMs ?? 0) - (fromMs ?? 0), 7_200_000);
	const json = await ballast(['logs', '--json', '--socket', peer.path]);
	assert.equal(JSON.parse(json.out).entries.length, 3);
	const none = await at(says([], { entries: [] }));
	const found = await ballast(['logs', '--socket', none.path]);
	assert.deepEqual([found.code, found.out, found.err], [0, '', 'nothing found\n']);
	const older = await at(says([], 'no logs'));
	assert.match((await ballast(['logs', '--socket', older.path])).err, /does not know \(the answer\)/);
});

test('lines of the same ms stand in the order that they were written in', async () => {
	const entries = ['third', 'second', 'first'].map((message) => entry({ message }));
	const peer = await at(says([], { entries }));
	const { out } = await ballast(['logs', '--socket', peer.path]);
	assert.deepEqual(out.match(/first|second|third/g), ['first', 'second', 'third']);
});

test('a broken query shows where it breaks', async () => {
	const peer = await at(refuses('bad_query', 'at character 7: expected a closing "'));
	const { code, err } = await ballast(['logs', 'größe "abc', '--socket', peer.path]);
	assert.equal(code, 1);
	assert.equal(err, 'error: at character 7: expected a closing "\n  größe "abc\n        ^\n');
});

test('a store that cannot be read is no store without entries', async () => {
	const peer = await at(refuses('store_unusable', 'the logs cannot be read: EACCES: permission denied'));
	for (const asked of [
		['logs'],
		['logs', '--histogram'],
		['logs', '--traffic'],
		['events'],
		['explain', 'a'.repeat(32)],
	]) {
		const { code, out, err } = await ballast([...asked, '--socket', peer.path]);
		assert.deepEqual([code, out], [1, ''], asked.join(' '));
		assert.match(err, /^error: the logs cannot be read: EACCES: permission denied\n/);
	}
});

test('times: since, from and to, and what is none', async () => {
	const peer = await at(says([], { entries: [] }));
	const asked = async (...more: string[]) => {
		const { code, err } = await ballast(['logs', ...more, '--socket', peer.path]);
		return { code, err, args: peer.commands.at(-1)?.args as { fromMs: number; toMs: number } };
	};
	const span = await asked('--from', '2026-01-02T03:04:05Z', '--to', '2026-01-02T04:00:00+00:00');
	assert.deepEqual([span.args.fromMs, span.args.toMs], [Date.UTC(2026, 0, 2, 3, 4, 5), Date.UTC(2026, 0, 2, 4)]);
	const local = await asked('--from', '2020-02-03 14:30', '--to', '2020-02-04');
	assert.deepEqual(
		[local.args.fromMs, local.args.toMs],
		[new Date(2020, 1, 3, 14, 30).getTime(), new Date(2020, 1, 4).getTime()],
	);
	const clock = await asked('--from', '00:00');
	assert.ok(clock.args.fromMs <= Date.now() && clock.args.fromMs > Date.now() - 86_400_000);
	for (const [words, message] of [
		[['--since', '1x'], /--since takes a duration such as 90s/],
		[['--from', 'yesterday'], /--from takes a time such as 14:30/],
		[['--from', '2026-13-45'], /--from takes a time/],
		[['--since', '1h', '--from', '14:30'], /exclude each other/],
		[['--from', '2026-01-02', '--to', '2026-01-01'], /ends .* before it begins/],
		[['--follow', '--to', '14:30'], /--follow has no end/],
		[['--follow', '--histogram'], /--follow and --histogram exclude each other/],
		[['--limit', '0'], /--limit takes a whole number from 1 to 5000/],
	] as const) {
		const { code, err } = await asked(...words);
		assert.equal(code, 2, err);
		assert.match(err, message);
	}
});

test('--follow: what there is, then what comes; none twice, also where Ballast is gone for a moment; Ctrl-C', async () => {
	const streams: Record<string, unknown>[] = [];
	const peer = await at((request, socket) => {
		const { id, args } = request;
		if (args['follow'] !== true)
			return says([], { entries: [entry({ timeMs: 9e15 - 2, message: 'old' })] })(request, socket);
		streams.push(args);
		const line = (each: unknown) => socket.write(`${JSON.stringify({ id, line: JSON.stringify(each) })}\n`);
		if (streams.length === 1) line(entry({ timeMs: 9e15 - 2, message: 'old' }));
		line(entry({ timeMs: 9e15, message: 'new' }));
		socket.write(`${JSON.stringify({ id, line: 'no entry' })}\n`);
		if (streams.length === 1) return void socket.end();
		line(entry({ timeMs: 9e15, message: 'newer' }));
		setTimeout(() => process.emit('SIGINT'), 20);
	});
	const { code, out, err } = await ballast(['logs', 'x', '--follow', '--json', '--socket', peer.path]);
	const messages = out
		.trimEnd()
		.split('\n')
		.map((line) => JSON.parse(line).message);
	assert.deepEqual([code, messages], [0, ['old', 'new', 'newer']]);
	assert.match(err, /closed the connection before it answered; waiting for it\n$/);
	assert.deepEqual(
		streams.map(({ query, follow, forMs }) => [query, follow, forMs]),
		[
			['x', true, 30_000],
			['x', true, 30_000],
		],
	);
	assert.equal(streams[1]?.['fromMs'], 9e15);
	assert.equal(process.listenerCount('SIGINT'), 0);
});

test('--follow: what was printed twice in one ms is shown twice', async () => {
	const streams: number[] = [];
	const peer = await at((request, socket) => {
		const { id, args } = request;
		if (args['follow'] !== true) return says([], { entries: [] })(request, socket);
		streams.push(id as number);
		const line = (each: unknown) => socket.write(`${JSON.stringify({ id, line: JSON.stringify(each) })}\n`);
		for (let n = 0; n <= streams.length; n++) line(entry({ timeMs: 9e15, message: 'retrying' }));
		if (streams.length === 1) return void socket.end();
		setTimeout(() => process.emit('SIGINT'), 20);
	});
	const { out } = await ballast(['logs', '--follow', '--socket', peer.path]);
	assert.equal(out.match(/retrying/g)?.length, 3);
});

test('--follow ends with what is wrong with the query', async () => {
	const peer = await at((request, socket) =>
		request.args['follow'] === true
			? refuses('bad_query', 'at character 1: no')(request, socket)
			: says([], { entries: [] })(request, socket),
	);
	assert.equal((await ballast(['logs', '(', '--follow', '--socket', peer.path])).code, 1);
});

test('events: the same log, only of what Ballast did', async () => {
	const peer = await at(says([], { entries: [entry({ source: 'event', message: 'videos-1 is ready' })] }));
	assert.match((await ballast(['events', '--socket', peer.path])).out, /videos-1 is ready\n$/);
	await ballast(['events', 'a OR b', '--socket', peer.path]);
	assert.deepEqual(
		peer.commands.map(({ args }) => args['query']),
		['source:event', '(a OR b) source:event'],
	);
});

test('--export: all of it, oldest first, each once, however it has to be cut', async () => {
	// 5,300 entries, bunched: the peer gives the newest `limit` of a span, its end included or not.
	const all = Array.from({ length: 5300 }, (_, n) =>
		entry({ timeMs: 1000 + (n < 3000 ? n / 100 : n * 2), message: String(n) }),
	);
	for (const inclusive of [true, false]) {
		const peer = await at((request, socket) => {
			const { fromMs, toMs, limit } = request.args as Record<string, number>;
			const within = all.filter(
				({ timeMs }) => timeMs >= (fromMs ?? 0) && (inclusive ? timeMs <= (toMs ?? 0) : timeMs < (toMs ?? 0)),
			);
			const newest = within.slice(-(limit ?? 0)).reverse();
			says([], { entries: newest, more: newest.length < within.length })(request, socket);
		});
		const { code, out } = await ballast([
			'logs',
			'--export',
			'--from',
			'1970-01-01T00:00:00Z',
			'--to',
			'1970-01-01T01:00:00Z',
			'--socket',
			peer.path,
		]);
		assert.equal(code, 0);
		assert.deepEqual(
			out
				.trimEnd()
				.split('\n')
				.map((line) => JSON.parse(line).message),
			all.map(({ message }) => message),
		);
		assert.ok(peer.commands.length < 80, String(peer.commands.length));
	}
});

test('summaries: over time, by value, percentiles, patterns', async () => {
	const peer = await at((request, socket) => {
		const answers: Record<string, unknown> = {
			'log-histogram': { fromMs: 0, stepMs: 60_000, counts: [0, 5, 10, 'x'], whole: false },
			'log-top': {
				values: [
					{ value: '/a\x1b[2J', count: 30 },
					{ value: 7, count: 10 },
				],
				others: 10,
			},
			'log-percentiles': { values: [0.01, 0.5, 1, 2, null], count: 12_345, min: 0.001, max: 3 },
			'log-patterns': [
				{ text: 'usual <n>', count: 900, severity: 'info', minutes: [1, 2] },
				{ text: 'new \x1b[2J', count: 1, severity: 'error', fresh: true },
				{ text: 'more', count: 90, grown: true },
			],
		};
		says([], answers[request.command])(request, socket);
	});
	const run = async (...words: string[]) => {
		const { code, out, err } = await ballast(['logs', 'q', ...words, '--socket', peer.path], { columns: 60 });
		assert.equal(code, 0, err);
		assert.ok(!out.includes('\x1b'));
		return out;
	};
	const histogram = await run('--histogram');
	assert.match(histogram, /^10 ┤ {2}█\n/);
	assert.match(histogram, /15 entries, 1m a column\nnot all of the time was looked at/);
	assert.match(
		await run('--top', 'path'),
		/\n +30 {2}60\.0 % {2}█{24} {2}\/a\\x1b\[2J\n.* 7\n +10 {2}20\.0 % +others\n$/,
	);
	assert.match(
		await run('--percentiles', 'duration_s'),
		/DURATION_S\nmin +1 ms\np50 +10 ms\np90 +500 ms\np95 +1 s\np99 +2 s\nmax +3 s\nof 12k entries\n$/,
	);
	const patterns = (await run('--patterns')).split('\n');
	assert.deepEqual(
		patterns.slice(1, 4).map((line) => /new |grown |usual/.exec(line)?.[0].trim()),
		['new', 'grown', 'usual'],
	);
	assert.deepEqual(
		peer.commands.map(({ command, args }) => [command, args['field'], args['query']]),
		[
			['log-histogram', undefined, 'q'],
			['log-top', 'path', 'q'],
			['log-percentiles', 'duration_s', 'q'],
			['log-patterns', undefined, 'q'],
		],
	);
});

test('--traffic: routes beside the time before, who asks, the slowest', async () => {
	const of = (requests: number, errors: number, p95: number | null) => ({
		requests,
		errors,
		mean: 1,
		p50: p95,
		p95,
		p99: p95,
	});
	const peer = await at(
		says([], {
			all: of(2000, 20, 0.2),
			before: of(0, 0, null),
			routes: [{ service: 'videos', route: 'GET /a\x1b[2J', ...of(1500, 0, 0.1), before: of(1000, 10, 0.5) }, 7],
			statuses: [{ status: 200, count: 1980 }],
			clients: [{ value: '\x1b]0;owned\x07', count: 5 }],
			entries: 220,
			distinctClients: 52_276,
			clientsLack: 230,
			userAgents: 'none',
			bots: [],
			slowest: [entry({ message: 'GET /slow 200' })],
			whole: false,
		}),
	);
	const { code, out, err } = await ballast(['logs', '--traffic', 'status>=200', '--socket', peer.path], {
		columns: 100,
	});
	assert.equal(code, 0, err);
	assert.deepEqual([peer.commands[0]?.command, peer.commands[0]?.args['query']], ['analytics', 'status>=200']);
	assert.match(
		out,
		/^ROUTE +REQUESTS +BEFORE +ERRORS +BEFORE +P50 +P95 +BEFORE +P99\nall +2000 +0 +1 % +- +200 ms +200 ms +- +200 ms\n/,
	);
	assert.match(out, /\nvideos GET \/a\\x1b\[2J +1500 +1000 +0 % +1 % +100 ms +100 ms +500 ms/);
	assert.match(
		out,
		/\nestimated from 220 stored requests: all that failed or were slow, and a sample of the others\n\n/,
	);
	assert.match(out, /\n +1980 +99 % +200\n/);
	assert.match(
		out,
		/CLIENT \(52k different\)\n +5 +0\.25 % +\\x1b\]0;owned.*\neach of these counts may be too low by up to 230\n/,
	);
	assert.match(out, /\nSLOWEST\n.*GET \/slow 200\n\nnot all of the time/);
	assert.doesNotMatch(out.replaceAll('\n', ''), /\p{Cc}/u);
});
