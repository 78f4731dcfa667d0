import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { stripVTControlCharacters } from 'node:util';
import { type ControlPeer, controlPeer, says } from './testing/control-peer.ts';
import { ballast } from './testing/recorded-terminal.ts';

const peers: ControlPeer[] = [];
after(async () => {
	for (const peer of peers) await peer.close();
});

async function against(result: unknown, ...argv: string[]) {
	const peer = await controlPeer(says([], result));
	peers.push(peer);
	return { ...(await ballast(['--socket', peer.path, 'jobs', ...argv])), args: peer.commands[0]?.args };
}

const job = {
	id: 'zUqI3ZJmSyWmVvB1dEuI3A',
	state: 'failed',
	queue: 'videos',
	group: 'evil \x1b[2J',
	attempts: 3,
	attemptsMost: 5,
	created: '2026-11-28T12:00:00.000Z',
	error: { code: 'upstream_status', message: 'the API answered 503', status: 503 },
};

test('queues in a table; a paused one is told', async () => {
	const counts = { waiting: 4, scheduled: 1, running: 2, parked: 1, failed: 3, succeeded: 90 };
	const queues = { videos: { paused: true, counts, oldestMs: Date.now() - 61_000 } };
	const { code, out } = await against({ queues });
	assert.equal(code, 0);
	assert.match(out, /^QUEUE +WAITING +OLDEST +RUNNING +PARKED +FAILED +DONE/);
	assert.match(out, /videos +5 +1m01s +2 +1 +3 +90 +paused/);
	const told = (await against({ queues, webhooks: { waiting: 2, gone: 1 } })).out;
	assert.match(told, /\nwebhooks +2 ends of jobs to be told; 1 receiver answered 410: ballast jobs receivers\n$/);
	assert.equal((await against({ queues: {} })).out, 'no route makes jobs here\n');
});

test('places upstream and what is spent stand behind the queues, inert; the one that spends most first', async () => {
	const lane = { queue: 'heygen', lane: 'main', running: 7, slots: 10, started: 4, waitedS: 8, done: 2, ranS: 610 };
	const lanes = [
		{ ...lane, credit: { left: 12.5, low: true, toldMs: 1 } },
		{ ...lane, lane: 'other', slots: 0, started: 0, credit: null },
		{ ...lane, lane: 'third', ending: 2, credit: { left: null, low: false, toldMs: null, unread: true } },
	];
	const line = { service: 'heygen', limit: null, untilMs: 1, spent: 1, refused: 3 };
	const spending = [
		{ ...line, tenant: '*', name: '', used: 60, limit: 500 },
		{ ...line, tenant: 'acme', name: 'acme', used: 5 },
		{ ...line, tenant: '~3f', name: 'evil \x1b[2J', used: 55.256, limit: 100 },
	];
	const { out } = await against({ queues: {}, lanes, spending });
	assert.match(out, /^PLACE +QUEUE +SLOTS +WAIT +TIME +DONE +CREDIT LEFT$/m);
	assert.match(out, /^main +heygen +7\/10 +2 s +5m05s +2 +12.50$/m);
	assert.match(out, /^other +heygen +7\/∞ +5m05s +2$/m);
	assert.match(out, /^third +heygen +7\/10 \(2 ending\) +2 s +5m05s +2 +unread$/m);
	assert.match(out, /TENANT.*\n~3f +heygen +evil .*55.26 +100 +3\nacme .*\n\* +heygen +60 +500 +3\n/);
	assert.ok(!out.includes('\x1b[2J'));
	assert.match((await against({ queues: {}, lanes: 7, spending: [null, { used: 'x' }] })).out, /no route/);
});

test('colours are those of the tables, and only they act on the terminal', async () => {
	const counts = { waiting: 1, parked: 1 };
	const peer = await controlPeer(says([], { queues: { 'evil \x1b[2J': { paused: true, counts } } }));
	const { out } = await ballast(['jobs', '--socket', peer.path], { columns: 80, colours: true });
	await peer.close();
	assert.ok(out.startsWith('\x1b[2mQUEUE\x1b[0m'), out);
	assert.match(stripVTControlCharacters(out), /\nevil \\x1b\[2J +1 /);
});

test('jobs in a table, inert; what stands behind them is told', async () => {
	const { out, args } = await against({ jobs: [job], next: 'abc' }, 'list', '--state', 'failed', '--limit', '1');
	assert.deepEqual(args, { do: 'list', state: 'failed', limit: 1, newKey: false });
	assert.match(
		out,
		/zUqI3ZJmSyWmVvB1dEuI3A +failed +videos +evil \\x1b\[2J +3\/5 .* the API answered 503\nmore: --after abc\n$/,
	);
	assert.equal((await against({ jobs: [], next: null }, 'list')).out, 'there are none\n');
});

test('a job whose name begins with a dash is one, and no bundle of options', async () => {
	const id = '-P7YOTfNdXB4w0tl_lzUb0';
	assert.deepEqual((await against({ job: { ...job, id }, changed: true }, 'redrive', id, '--new-key')).args, {
		...{ do: 'redrive', id, limit: 20, newKey: true },
	});
	assert.match((await against({}, 'show', `-${id}`)).err, /has no option/);
});

test('a change, and one that was not possible', async () => {
	const done = await against({ job: { ...job, state: 'waiting' }, changed: true }, 'redrive', job.id, '--new-key');
	assert.deepEqual([done.code, done.out], [0, 'it is waiting now\n']);
	assert.deepEqual(done.args, { do: 'redrive', id: job.id, limit: 20, newKey: true });
	const not = await against({ job, changed: false }, 'cancel', job.id);
	assert.deepEqual([not.code, not.out], [1, 'it is failed: nothing was changed\n']);
	const paused = await against({ queue: { paused: true, counts: {}, oldestMs: null } }, 'pause', 'videos');
	assert.deepEqual(paused.args, { do: 'pause', queue: 'videos', limit: 20, newKey: false });
	assert.match(paused.out, /^paused/);
});

test('receivers of webhooks that are gone; one is called again, by its name or its host', async () => {
	const receivers = [{ key: 'AbC', host: 'hooks.example \x1b[2J', sinceMs: 0 }];
	const { out, args } = await against({ receivers }, 'receivers');
	assert.deepEqual(args, { do: 'receivers', limit: 20, newKey: false });
	assert.match(out, /RECEIVER +HOST +GONE SINCE\nAbC +hooks\.example \\x1b\[2J +1970-01-01T00:00:00\.000Z/);
	assert.match((await against({ receivers: [] }, 'receivers')).out, /^all receivers/);
	const again = await against({ enabled: 2 }, 'enable', 'hooks.example');
	assert.deepEqual(
		[again.code, again.out, again.args],
		[0, '2 receivers called again\n', { do: 'enable', receiver: 'hooks.example', limit: 20, newKey: false }],
	);
	assert.equal((await against({ enabled: 0 }, 'enable', 'none')).code, 1);
});

test('what makes no sense is refused before anything is asked; an answer of another version is borne', async () => {
	for (const [argv, message] of [
		[['lst'], /did you mean `list`/],
		[['show'], /needs the name of a job/],
		[['pause'], /needs the name of a queue/],
		[['list', 'x'], /takes no name/],
		[['list', '--limit', '0'], /from 1 to 1000/],
	] as const) {
		const { code, err, args } = await against({}, ...argv);
		assert.equal(code, 2);
		assert.match(err, message);
		assert.equal(args, undefined);
	}
	for (const odd of [null, 7, { jobs: 'x', queues: [], job: 3, next: {} }])
		assert.equal((await against(odd, 'list')).out, 'there are none\n');
});
