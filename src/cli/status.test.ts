import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { stripVTControlCharacters } from 'node:util';
import { readStatus, type ServiceStatus } from './status-answer.ts';
import { statusLines } from './status-view.ts';
import { type Answer, type ControlPeer, controlPeer, says } from './testing/control-peer.ts';
import { ballast, recordedTerminal } from './testing/recorded-terminal.ts';
import { sampleCounts, sampleInstance, sampleRollout, sampleStatus } from './testing/sample-status.ts';
import { textWidth } from './text-width.ts';

const peers: ControlPeer[] = [];
after(async () => {
	for (const peer of peers) await peer.close();
});

async function at(answer: Answer): Promise<string> {
	const peer = await controlPeer(answer);
	peers.push(peer);
	return peer.path;
}

const NOW = 1_065_000;

test('wide', () => {
	assert.equal(
		statusLines(sampleStatus(), recordedTerminal(), NOW).join('\n'),
		`Ballast 0.1.0, up 3m05s, pid 4000 (core 4001, generation 2, Node 26.10.0)
configuration  /srv/app/ballast.yaml
listening      http://127.0.0.1:8080
workers        2 ready; 38 connections; 1 restart

SERVICE   READY   REQ/S     P50    P95    P99  REQUESTS  FAILED      IN    OUT
videos   1 of 2  1.2k/s  3.4 ms  12 ms  1.2 s       12k       3  1.2 MB  99 MB

INSTANCE  STATE  BREAKER    FOR  ADDRESS           PID  IN FLIGHT   REQ/S    P95  FAILED  RESTARTS  NOTE
videos-1  ready  closed   1m05s  127.0.0.1:41001  4711          7  1.2k/s  12 ms       0         0  ready after 0.4 s
videos-2  down   closed   1m05s  127.0.0.1:41002     -          0     0/s      -       0         3  exited with code 1; starts again in 4.0 s

ROUTE            SERVICE   REQ/S     P50    P95    P99  2XX  3XX  4XX  5XX  FAILED
GET /v1/avatars  videos   1.2k/s  3.4 ms  12 ms  1.2 s  12k  300   40    5       0
*                videos      0/s       -      -      -    0    0    0    0       0`,
	);
});

test('pools, where a service has several or they are in regions', () => {
	const status = sampleStatus();
	const [service] = status.services;
	assert.ok(service !== undefined);
	service.pools = [
		{ name: 'primary', priority: 1, region: 'eu-west', desired: 5, ready: 2, total: 5, share: 0.571, drained: true },
		{ name: 'standby', priority: 2, region: null, desired: 2, ready: 2, total: 2, share: 0.429, drained: false },
	];
	assert.equal(
		statusLines(status, recordedTerminal(), NOW).slice(8, 11).join('\n'),
		`POOL     SERVICE  PRIORITY  REGION              READY  TRAFFIC
primary  videos          1  eu-west (drained)  2 of 5   57.1 %
standby  videos          2  -                  2 of 2   42.9 %`,
	);
});

test('80 columns', () => {
	assert.equal(
		statusLines(sampleStatus(), recordedTerminal({ columns: 80 }), NOW)
			.slice(8, 11)
			.join('\n'),
		`INSTANCE  STATE    FOR  IN FLIGHT   REQ/S    P95  FAILED  NOTE
videos-1  ready  1m05s          7  1.2k/s  12 ms       0  ready after 0.4 s
videos-2  down   1m05s          0     0/s      -       0  exited with code 1; s…`,
	);
});

test('no line is wider than the terminal, at any width', () => {
	for (let columns = 4; columns < 130; columns++) {
		for (const line of statusLines(
			sampleStatus({ warnings: ['x'.repeat(300)] }),
			recordedTerminal({ columns, colours: true }),
			NOW,
		)) {
			const plain = stripVTControlCharacters(line);
			assert.ok(textWidth(plain) <= columns, `${columns}: ${plain}`);
		}
	}
});

test('a roll-out: its step, what goes there, both versions and the verdict; a command that was deployed by hand', () => {
	const status = sampleStatus();
	const [service] = status.services;
	assert.ok(service !== undefined);
	service.rollout = sampleRollout();
	assert.equal(
		statusLines(readStatus(JSON.parse(JSON.stringify(status))), recordedTerminal(), NOW)
			.slice(8, 11)
			.join('\n'),
		`roll-out       videos: \`node v2.js\` (step 2 of 4, judging) gets 5 % of the requests
               new: 57 requests, 1 failed, p95 14 ms; old: 1200 requests, 0 failed, p95 12 ms
               57 of 200 requests judged, 1.8 % failed (old: 0 %)`,
	);
	service.rollout = { ...sampleRollout(), step: 0, phase: 'starting', gets: 'no requests', verdict: '' };
	assert.deepEqual(statusLines(status, recordedTerminal(), NOW).slice(8, 10), [
		'roll-out       videos: `node v2.js` (starting) gets no requests',
		'',
	]);
	service.rollout = null;
	service.deployed = 'node v2.js';
	assert.equal(
		statusLines(status, recordedTerminal(), NOW)[8],
		'deployed       videos: `node v2.js` by hand, not what the configuration says',
	);
});

test('colours only add to the words', () => {
	const coloured = statusLines(sampleStatus(), recordedTerminal({ colours: true }), NOW);
	assert.deepEqual(coloured.map(stripVTControlCharacters), statusLines(sampleStatus(), recordedTerminal(), NOW));
	assert.ok(coloured.some((line) => line.includes('\x1b[31mdown\x1b[0m')));
});

test('nothing that is shown can act on the terminal', () => {
	const evil = '\x1b]0;owned\x07\x1b[2J\nfake line\r\u202etxt\x9b31m';
	const counts = sampleCounts();
	const status = sampleStatus({
		version: evil,
		node: evil,
		config: evil,
		warnings: [evil],
		listeners: [{ address: evil, tls: true }],
		workers: [{ id: 0, state: evil, connections: 0, restarts: 0, sheds: evil }],
		services: [
			{
				name: evil,
				desired: 1,
				ready: 1,
				total: 1,
				concurrency: { by: evil, limit: 10, inFlight: 10 },
				counts,
				pools: [{ name: evil, priority: 1, region: evil, desired: 1, ready: 1, total: 1, share: 1, drained: false }],
				rollout: { ...sampleRollout(), command: evil, phase: evil, gets: evil, verdict: evil },
				deployed: evil,
				instances: [sampleInstance({ id: evil, host: evil, state: evil, note: evil })],
				routes: [
					{ name: evil, counts },
					{ name: evil, counts },
				],
				rateLimits: [{ name: evil, route: evil, refused: 0, full: 0, used: 0, entries: 64 }],
			},
		],
	});
	for (const line of statusLines(status, recordedTerminal(), NOW)) assert.doesNotMatch(line, /\p{Cc}|\u202e/u);
});

test('jobs: what waits, runs and failed, by queue; ends that are to be told', () => {
	const counts = { waiting: 41, scheduled: 1, running: 2, submitted: 1, parked: 1, failed: 3, succeeded: 90 };
	const queues = { videos: { paused: false, counts, oldestMs: NOW - 61_000 }, evil: { paused: true } };
	const jobs = { queues, unusable: 'no \x1b[2J space', webhooks: { waiting: 5, gone: 1, sent: 7 } };
	const lines = statusLines(readStatus({ ...sampleStatus(), jobs }), recordedTerminal(), NOW);
	assert.deepEqual(lines.slice(-3), [
		'QUEUE   WAITING  OLDEST  RUNNING  PARKED  FAILED  DONE',
		'videos       42   1m01s        3       1       3    90',
		'evil          0                0       0       0     0  paused',
	]);
	assert.deepEqual(lines.slice(4, 6), [
		'jobs           cannot be stored: no \\x1b[2J space',
		'webhooks       5 ends of jobs to be told; 1 receiver answered 410: ballast jobs receivers',
	]);
});

test('the cache: what it answers, its room, what is away; purges for others; places of jobs', () => {
	const cached = { hit: 80, stale: 4, revalidated: 3, collapsed: 1, miss: 12, bypass: 50 };
	const [service] = sampleStatus().services;
	const answer = {
		...sampleStatus({ services: [] }),
		services: [{ ...service, counts: { ...service?.counts, cached } }],
		cache: {
			...{
				entries: 1204,
				bytes: 45e6,
				most: 256e6,
				evicted: 0,
				disk: { entries: 2, bytes: 1e9, most: 5e9, evicted: 0 },
			},
			levels: [{ level: 'redis\x1b[2J', down: true }, { level: 'other' }],
		},
		purges: [
			{ name: 'edge', waiting: 3, lost: 1, ageMs: 125_000, lastError: '503\x1b[2J' },
			{ name: 'far', waiting: 0, lost: 0, ageMs: 0, lastError: '' },
		],
		jobs: {
			queues: { videos: { paused: false, counts: { waiting: 1 }, oldestMs: NOW } },
			lanes: [{ queue: 'videos', lane: 'main', running: 3, slots: 10, done: 4, credit: { left: 12.5, low: true } }],
		},
	};
	const lines = statusLines(readStatus(answer), recordedTerminal(), NOW);
	assert.deepEqual(lines.slice(4, 7), [
		'cache          85 % of 100 requests given by it; 1204 answers in 45 MB of 256 MB; 1 GB of 5 GB of disk; redis\\x1b[2J cannot be reached',
		'purges         edge: 3 waiting, the oldest for 2m05s; 1 lost; 503\\x1b[2J',
		'purges         far: all passed on',
	]);
	assert.deepEqual(lines.slice(-2), [
		'PLACE  QUEUE   SLOTS  WAIT  TIME  DONE  CREDIT LEFT',
		'main   videos   3/10                 4        12.50',
	]);
	const unused = readStatus({ ...answer, services: [], cache: {}, purges: 'none' });
	assert.equal(
		statusLines(unused, recordedTerminal(), NOW)[4],
		'cache          nothing looked up yet; 0 answers in 0 B of 0 B',
	);
});

test('rate limits: whose they are, what they refused, how full they are', () => {
	const [service] = sampleStatus().services;
	const limit = { name: 'per-client', route: null, refused: 0, full: 0, used: 12, entries: 65_536 };
	const own = { name: 'address-5/m', route: 'POST /login', refused: 12_345, full: 3, used: 64, entries: 64 };
	const services = [{ ...(service as NonNullable<typeof service>), rateLimits: [limit, own] }];
	assert.deepEqual(statusLines(sampleStatus({ services }), recordedTerminal(), NOW).slice(-3), [
		'RATE LIMIT   SERVICE  ROUTE        REFUSED    CLIENTS  NO ROOM',
		'per-client   videos   all                0  12 of 66k        0',
		'address-5/m  videos   POST /login      12k   64 of 64        3',
	]);
	const older = structuredClone(sampleStatus({ services })) as unknown as { services: { rateLimits?: unknown }[] };
	delete older.services[0]?.rateLimits;
	assert.deepEqual(readStatus(older).services[0]?.rateLimits, []);
});

test('a breaker that is not closed is told where there is little room, too', () => {
	const counts = sampleCounts();
	const instances = [
		sampleInstance({ state: 'down', breaker: { state: 'open' }, note: 'ejected for 30 s: 5 failures in a row' }),
		sampleInstance({ id: 'videos-2', breaker: { state: 'half-open' }, note: '' }),
	];
	const services = [
		{
			...sampleStatus().services[0],
			name: 'videos',
			desired: 2,
			ready: 1,
			total: 2,
			counts,
			instances,
			routes: [],
		} as ServiceStatus,
	];
	assert.equal(
		statusLines(sampleStatus({ services }), recordedTerminal({ columns: 80 }), NOW)
			.slice(8, 11)
			.join('\n'),
		`INSTANCE  STATE  BREAKER    IN FLIGHT   REQ/S    P95  FAILED  NOTE
videos-1  down   open               7  1.2k/s  12 ms       0  ejected for 30 s:…
videos-2  ready  half-open          7  1.2k/s  12 ms       0`,
	);
	const older = structuredClone(sampleStatus()) as unknown as { services: { instances: { breaker?: unknown }[] }[] };
	delete older.services[0]?.instances[0]?.breaker;
	assert.equal(readStatus(older).services[0]?.instances[0]?.breaker.state, '');
});

test('numbers that are none, no services, services without instances', () => {
	const nan = JSON.parse(JSON.stringify(sampleCounts({ p50Ms: Number.NaN, perSecond: Number.NaN })));
	const services = [
		{ name: 'fixed', desired: 0, ready: 0, total: 0, counts: nan, instances: [], routes: [], rateLimits: [] },
	];
	const lines = statusLines(readStatus({ ...sampleStatus(), services }), recordedTerminal(), NOW);
	assert.match(lines.at(-1) as string, /^fixed\s+-\s+\?\s+\?/);
	assert.equal(
		statusLines(sampleStatus({ services: [], workers: [], listeners: [] }), recordedTerminal(), NOW).length,
		4,
	);
});

test('services with a limit have lines of their own; a worker that sheds is named', () => {
	const status = sampleStatus();
	const [service] = status.services;
	assert.ok(service !== undefined && status.workers[1] !== undefined);
	service.concurrency = { by: 'adaptive', limit: 163, inFlight: 163 };
	service.counts = sampleCounts({ failed: 50, shed: 48 });
	status.workers[1].sheds = 'low and normal';
	const lines = statusLines(status, recordedTerminal(), NOW);
	assert.deepEqual(lines.slice(-2), [
		'CONCURRENCY  LIMIT      IN FLIGHT  SHED',
		'videos       adaptive  163 of 163    48',
	]);
	assert.match(lines[3] as string, /^workers .*; 1 sheds low and normal$/);
	const { shed: _, ...older } = sampleCounts();
	const { concurrency: __, ...before } = { ...service, counts: older };
	const read = readStatus({
		...sampleStatus(),
		services: [before],
		workers: [{ id: 0, state: 'ready', connections: 1, restarts: 0 }],
	});
	assert.deepEqual(
		[read.services[0]?.concurrency, read.services[0]?.counts.shed, read.workers[0]?.sheds],
		[null, 0, 'nothing'],
	);
});

test('an answer of another version names the first place that differs', () => {
	assert.deepEqual(readStatus(JSON.parse(JSON.stringify(sampleStatus()))), sampleStatus());
	const { workers: _, ...without } = sampleStatus();
	assert.throws(() => readStatus(without), /does not know \(workers\)/);
	const wrong = structuredClone(sampleStatus()) as unknown as {
		services: { instances: { counts: { status: unknown } }[] }[];
	};
	(wrong.services[0] as (typeof wrong.services)[0]).instances[1] = { counts: { status: null } };
	assert.throws(() => readStatus(wrong), /services\[0\]\.instances\[1\]\.id/);
	for (const value of [null, 'text', [], 7]) assert.throws(() => readStatus(value), /the answer/);
});

test('requests without a route and warnings are told', () => {
	const unrouted = sampleCounts({ requests: 12_345 });
	const lines = statusLines(
		sampleStatus({ unrouted, warnings: ['the configuration was refused:\nx.yaml:1'] }),
		recordedTerminal(),
		NOW,
	);
	assert.deepEqual(lines.slice(4, 7), [
		'warning        the configuration was refused:',
		'               x.yaml:1',
		'no route       12k requests met none: unknown (404, 405) or malformed (400)',
	]);
});

test('the command: a table, JSON with all that came, exit codes', async () => {
	const path = await at(says([], { ...sampleStatus(), later: 'kept' }));
	const shown = await ballast(['status', '--socket', path]);
	assert.equal(shown.code, 0, shown.err);
	assert.match(shown.out, /^Ballast 0\.1\.0, up 3m05s/);
	const json = await ballast(['--socket', path, 'status', '--json']);
	assert.equal(JSON.parse(json.out).later, 'kept');
	const none = await ballast(['status', '--socket', `${path}-none`]);
	assert.equal(none.code, 3);
	assert.match(none.err, /^error: ballast is not running \(looked at .*-none\); start it with `ballast up`\n$/);
	const noneJson = await ballast(['status', '--json', '--socket', `${path}-none`]);
	assert.deepEqual([noneJson.code, JSON.parse(noneJson.out).code, noneJson.err], [3, 'not_running', '']);
});

test('--watch shows it again and again, survives a Ballast that is gone for a while, ends with Ctrl-C', async () => {
	let asked = 0;
	const path = await at((request, socket) => {
		asked++;
		if (asked === 2) return void socket.destroy();
		says([], sampleStatus())(request, socket);
		if (asked === 3) setTimeout(() => process.emit('SIGINT'), 20);
	});
	const shown = await ballast(['status', '--watch', '--socket', path], { columns: 80, rows: 8 });
	assert.equal(shown.code, 0, shown.err);
	const screens = shown.out.split('\x1b[H').slice(1);
	assert.equal(screens.length, 3);
	assert.ok(screens[0]?.endsWith('… 9 more lines; make the window higher\x1b[K\n\x1b[J'));
	assert.match(screens[1] as string, /closed the connection/);
	assert.equal(screens[2], screens[0]);
});
