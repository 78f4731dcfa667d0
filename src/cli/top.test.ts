import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { stripVTControlCharacters } from 'node:util';
import { main } from './main.ts';
import { type Answer, type ControlPeer, controlPeer, refuses, says } from './testing/control-peer.ts';
import { ballast, recordedTerminal } from './testing/recorded-terminal.ts';
import { sampleSeeing } from './testing/sample-seeing.ts';
import { sampleInstance, sampleStatus } from './testing/sample-status.ts';
import { textWidth } from './text-width.ts';
import { askTop, type TopData } from './top-data.ts';
import { TOP_TABLES } from './top-row.ts';
import { FIRST_STATE, press, type TopState } from './top-state.ts';
import { screenLines, shownRows, snapshotLines } from './top-view.ts';

const peers: ControlPeer[] = [];
after(async () => {
	for (const peer of peers) await peer.close();
});

async function at(answer: Answer): Promise<string> {
	const peer = await controlPeer(answer);
	peers.push(peer);
	return peer.path;
}

async function data(answer: Answer = sampleSeeing): Promise<TopData> {
	const where = { path: await at(answer), runDir: null };
	return await askTop({ where, tables: TOP_TABLES, nowMs: 1_065_000, signal: new AbortController().signal });
}

const pressed = (state: TopState, keys: string[], found: TopData): TopState =>
	keys.reduce((now, key) => press(now, key, shownRows(found, now, now.table)).state, state);

test('80 by 24: services, then one of them closer', async () => {
	const found = await data();
	const terminal = recordedTerminal({ columns: 80, rows: 24 });
	const lines = screenLines(found, FIRST_STATE, terminal, '');
	assert.equal(lines.length, 24);
	assert.equal(
		lines.slice(0, 5).join('\n'),
		`Ballast 0.1.0, up 3m05s  1.2k req/s ▁▂▃▄▄▅▆▇██  errors 1.2 %  cpu 42 %  mem 61 %
[services]  routes   instances    by req/s ▼

   SERVICE   READY  REQ/S▼  ERRORS    P95    P99  IN FLIGHT   CPU  LAST MINUTE
›  videos   1 of 2  1.2k/s   1.2 %  12 ms  1.2 s          7  42 %  ▁▂▂▃▄▄▅▆▆▇██`,
	);
	const closer = pressed(FIRST_STATE, ['\r'], found);
	const inside = screenLines(found, closer, terminal, '');
	assert.equal(inside[1], 'videos:  routes  [instances]   by req/s ▼');
	assert.match(inside[3] as string, /^ROUTE +REQ\/S▼ +ERRORS/);
	assert.match(inside.join('\n'), /\n\n +INSTANCE +STATE/);
	assert.match(inside.join('\n'), /\n› +videos-1 +ready/);
	assert.match(inside.at(-1) as string, /Esc back/);
});

test('no line is too wide and there are never too many, at any size', async () => {
	const found = await data();
	for (const state of [FIRST_STATE, pressed(FIRST_STATE, ['\r'], found), pressed(FIRST_STATE, ['3', '?'], found)]) {
		for (const [columns, rows] of [
			[80, 24],
			[40, 10],
			[20, 5],
			[5, 2],
			[200, 60],
		] as const) {
			for (const problem of ['', 'x'.repeat(300)]) {
				const lines = screenLines(found, state, recordedTerminal({ columns, rows, colours: true }), problem);
				assert.ok(lines.length <= rows, `${lines.length} of ${rows}`);
				for (const line of lines.map(stripVTControlCharacters))
					assert.ok(textWidth(line) <= columns, `${columns}: ${line}`);
			}
		}
	}
});

test('colours only add to the words', async () => {
	const found = await data();
	const plain = screenLines(found, FIRST_STATE, recordedTerminal({ columns: 120 }), '');
	const coloured = screenLines(found, FIRST_STATE, recordedTerminal({ columns: 120, colours: true }), '');
	assert.deepEqual(coloured.map(stripVTControlCharacters), plain);
	assert.notDeepEqual(coloured, plain);
});

test('keys: choose, sort, turn, tables, closer and back, hold, help, end', async () => {
	const status = sampleStatus();
	const [service] = status.services;
	assert.ok(service !== undefined);
	status.services = ['a', 'b', 'c'].map((name, n) => ({
		...service,
		name,
		counts: { ...service.counts, perSecond: n },
		instances: [sampleInstance({ id: `${name}-1` })],
	}));
	const found = await data((request, socket) =>
		request.command === 'status' ? says([], status)(request, socket) : refuses('bad_command', 'none')(request, socket),
	);
	const names = (state: TopState) => shownRows(found, state, state.table).map(({ name }) => name);
	assert.deepEqual(names(FIRST_STATE), ['c', 'b', 'a']);
	const turned = pressed(FIRST_STATE, ['r'], found);
	assert.deepEqual(names(turned), ['a', 'b', 'c']);
	const byName = pressed(FIRST_STATE, ['<', '<'], found);
	assert.deepEqual([byName.sort.services, names(byName)], [{ column: 'name', descending: false }, ['a', 'b', 'c']]);
	// Chosen is a service, not a line: it stays when the order changes.
	const down = pressed(FIRST_STATE, ['\x1b[B', 'j', 'j'], found);
	assert.equal(down.selected, 'a');
	assert.equal(pressed(down, ['r'], found).selected, 'a');
	assert.equal(pressed(down, ['k', '\x1b[A', 'k'], found).selected, 'c');
	const closer = pressed(down, ['\r'], found);
	assert.deepEqual([closer.service, closer.table, names(closer)], ['a', 'instances', ['a-1']]);
	assert.equal(pressed(closer, ['\t'], found).table, 'routes');
	assert.equal(pressed(closer, ['\t', '\t'], found).table, 'instances');
	assert.deepEqual(pressed(closer, ['\x1b'], found), { ...down, sort: closer.sort });
	assert.deepEqual(names(pressed(FIRST_STATE, ['\t', '\t'], found)), ['a-1', 'b-1', 'c-1']);
	assert.equal(pressed(FIRST_STATE, ['p'], found).paused, true);
	const help = pressed(FIRST_STATE, ['?'], found);
	assert.match(screenLines(found, help, recordedTerminal({ columns: 80 }), '').join('\n'), /PgUp, PgDn/);
	// Any key ends the help, and only that.
	assert.deepEqual(press(help, 'q', []), { state: FIRST_STATE, quit: false });
	for (const key of ['q', '\x03']) assert.equal(press(FIRST_STATE, key, []).quit, true);
	assert.equal(press(help, '\x03', []).quit, true);
});

test('nothing that is shown can act on the terminal', async () => {
	const evil = '\x1b]0;owned\x07\x1b[2J\nfake\u202e';
	const status = sampleStatus({ version: evil });
	for (const service of status.services) {
		service.name = evil;
		for (const each of service.instances) Object.assign(each, { id: evil, state: evil, note: evil });
		for (const route of service.routes) route.name = evil;
	}
	const found = await data((request, socket) =>
		request.command === 'status' ? says([], status)(request, socket) : sampleSeeing(request, socket),
	);
	for (const state of [FIRST_STATE, pressed(FIRST_STATE, ['\r'], found)]) {
		for (const line of screenLines(found, state, recordedTerminal({ columns: 300 }), evil))
			assert.doesNotMatch(line, /\p{Cc}|\u202e/u);
	}
});

test('the command: once, without a terminal, as JSON; a wrong column', async () => {
	const path = await at(sampleSeeing);
	const shown = await ballast(['top', '--socket', path]);
	assert.equal(shown.code, 0, shown.err);
	assert.ok(!shown.out.includes('\x1b'));
	for (const word of ['SERVICE', 'ROUTE', 'INSTANCE', 'GET /v1/avatars', 'videos-2', '123 MB'])
		assert.ok(shown.out.includes(word), `${word}\n${shown.out}`);
	const once = await ballast(['top', '--once', '--sort', 'P95', '--socket', path], { columns: 100 });
	assert.match(once.out, /P95▼/);
	const json = JSON.parse((await ballast(['top', '--json', '--socket', path])).out);
	assert.deepEqual([json.services[0].name, json.services[0].p95, json.instances.length], ['videos', 0.0123, 2]);
	const wrong = await ballast(['top', '--sort', 'p59', '--socket', path]);
	assert.deepEqual([wrong.code, wrong.out], [2, '']);
	assert.match(wrong.err, /there is no column `p59`; did you mean `p50`\?/);
	assert.equal((await ballast(['top', '--socket', `${path}-none`], { columns: 80 })).code, 3);
});

test('live: draws, takes keys, draws only what changed, gives the screen back', async () => {
	let asked = 0;
	const path = await at((request, socket) => {
		if (request.command === 'status') asked++;
		return asked === 2 && request.command === 'status' ? void socket.destroy() : sampleSeeing(request, socket);
	});
	let key: (pressed: string) => void = assert.fail;
	let resize: () => void = assert.fail;
	let listening = false;
	const recorded = recordedTerminal({ columns: 80, rows: 24 });
	const ended = main(['top', '--socket', path], {
		...recorded,
		keyboard: {
			listen: (onKey, onResize) => {
				[key, resize, listening] = [onKey, onResize, true];
				return () => void (listening = false);
			},
		},
	});
	const until = async (found: () => boolean) => {
		for (const end = Date.now() + 5000; !found(); ) {
			assert.ok(Date.now() < end, recorded.text.out);
			await new Promise((resolve) => setTimeout(resolve, 10));
		}
	};
	await until(() => listening);
	assert.ok(recorded.text.out.startsWith('\x1b[?1049h\x1b[?25l'));
	const first = recorded.text.out.length;
	key('\r');
	assert.match(recorded.text.out.slice(first), /videos: /);
	// It asks at once for what is shown now; this time nobody answers.
	await until(() => /closed the connection/.test(recorded.text.out));
	await until(
		() =>
			recorded.text.out.endsWith('\x1b[K\x1b[?2026l') &&
			asked >= 3 &&
			!recorded.text.out.slice(-400).includes('closed'),
	);
	const before = recorded.text.out.length;
	resize();
	assert.ok(recorded.text.out.slice(before).includes('\x1b[1;1H'));
	key('q');
	assert.equal(await ended, 0);
	assert.ok(recorded.text.out.endsWith('\x1b[0m\x1b[?25h\x1b[?1049l'));
	assert.equal(listening, false);
	assert.equal(recorded.text.err, '');
});

test('what a cache gives has a column, where there is a cache', async () => {
	const where = recordedTerminal({ columns: 200, rows: 24 });
	const without = await data();
	assert.doesNotMatch(screenLines(without, FIRST_STATE, where, '').join('\n'), /HITS/);
	const found = await data((request, socket) => {
		if (request.command !== 'figures' || !String(request.args['query']).startsWith('cache.hit_ratio'))
			return sampleSeeing(request, socket);
		const labels = { service: 'videos', route: 'GET /v1/videos' };
		return says([], [{ labels, fromMs: 1_060_000, stepMs: 5000, values: [0.873] }])(request, socket);
	});
	const lines = screenLines(found, FIRST_STATE, where, '');
	assert.match(lines.join('\n'), /ERRORS +HITS .*\n.*videos .* 87 %/);
	assert.doesNotMatch(screenLines(without, FIRST_STATE, where, '')[0] as string, /cache/);
	assert.match(screenLines({ ...found, hitRatio: 0.873 }, FIRST_STATE, where, '')[0] as string, / {2}cache 87 % {2}/);
});

test('jobs: at the head, and their queues below the services where there is room', async () => {
	const found = await data();
	const queue = { parked: 0, done: 9, oldestMs: null, paused: false, name: 'videos' };
	const queues = [
		{ ...queue, waiting: 12, running: 4, failed: 1, oldestMs: Date.now() - 125_000 },
		{ ...queue, name: 'pdf', waiting: 3, running: 0, failed: 0 },
	];
	const lanes = [{ queue: 'videos', lane: 'main', running: 3, slots: 10 }];
	const status = { ...found.status, jobs: { queues, unusable: '', webhooks: { waiting: 0, gone: 0 }, lanes } };
	const where = recordedTerminal({ columns: 200, rows: 24 });
	const lines = screenLines({ ...found, status }, FIRST_STATE, where, '');
	assert.match(lines[0] as string, /jobs 15 waiting \(2m0\ds\), 4 running, 1 failed/);
	assert.match(lines.join('\n'), /QUEUE +WAITING.*\nvideos +12 .*\npdf +3 /);
	assert.match(lines.join('\n'), /\nmain +videos +3\/10 /);
	const shownIn = (rows: number) =>
		screenLines({ ...found, status }, FIRST_STATE, recordedTerminal({ columns: 200, rows }), '').join('\n');
	assert.doesNotMatch(shownIn(7), /QUEUE/);
	assert.match(shownIn(11), /QUEUE +WAITING/);
	assert.doesNotMatch(shownIn(11), /SLOTS/);
	assert.match(snapshotLines({ ...found, status }, FIRST_STATE, where).join('\n'), /QUEUE +WAITING/);
});
