import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { type Answer, type ControlPeer, controlPeer, refuses, says } from './testing/control-peer.ts';
import { ballast } from './testing/recorded-terminal.ts';
import { sampleStatus } from './testing/sample-status.ts';

const peers: ControlPeer[] = [];
after(async () => {
	for (const peer of peers) await peer.close();
});

/** Carries a command out against a peer with this answer. */
async function against(answer: Answer, ...argv: string[]) {
	const peer = await controlPeer(answer);
	peers.push(peer);
	return { ...(await ballast(['--socket', peer.path, ...argv])), commands: peer.commands };
}

test('progress as it comes, then the result in a sentence', async () => {
	const { code, out, err, commands } = await against(
		says(['videos-3 starts', 'evil \x1b[2J line'], null),
		'restart',
		'videos',
	);
	assert.deepEqual([code, out, err], [0, 'videos-3 starts\nevil \\x1b[2J line\nrestarted videos\n', '']);
	assert.deepEqual(commands, [{ command: 'restart', args: { service: 'videos' } }]);
});

test('what a result tells is in the sentence', async () => {
	assert.equal((await against(says([], {}), 'restart')).out, 'restarted every service\n');
	assert.equal((await against(says([], { changes: 'nothing changed' }), 'reload')).out, 'nothing changed\n');
	assert.equal(
		(await against(says([], { changes: '+ services.x\x1b' }), 'reload')).out,
		'reloaded\n+ services.x\\x1b\n',
	);
	assert.equal((await against(says([], { pid: 7, generation: 2 }), 'upgrade')).out, 'upgraded: core 7, generation 2\n');
	assert.equal((await against(says([], { settled: true }), 'scale', 'videos', '3')).out, 'videos has 3 instances\n');
	assert.equal((await against(says([], { settled: true }), 'scale', 'videos', '1')).out, 'videos has 1 instance\n');
	assert.match(
		(await against(says([], {}), 'scale', 'videos', '3', '--no-wait')).out,
		/^videos is to have 3 instances; `ballast status` shows/,
	);
});

test('each command sends its arguments', async () => {
	const sent = async (...argv: string[]) => (await against(says([], null), ...argv)).commands;
	assert.deepEqual(await sent('reload'), [{ command: 'reload', args: {} }]);
	assert.deepEqual(await sent('scale', 'videos', '4'), [
		{ command: 'scale', args: { service: 'videos', n: 4, wait: true } },
	]);
	assert.deepEqual(await sent('scale', 'videos', '4', '--no-wait'), [
		{ command: 'scale', args: { service: 'videos', n: 4, wait: false } },
	]);
	assert.deepEqual(await sent('drain', 'videos-1'), [{ command: 'drain', args: { instance: 'videos-1' } }]);
	assert.deepEqual(await sent('upgrade'), [{ command: 'upgrade', args: {} }]);
	assert.deepEqual(await sent('deploy', 'videos'), [
		{ command: 'deploy', args: { service: 'videos', order: 'begin' } },
	]);
	assert.deepEqual(await sent('deploy', 'videos', '--', 'node', '--x', 'v2.js'), [
		{ command: 'deploy', args: { service: 'videos', order: 'begin', command: ['node', '--x', 'v2.js'] } },
	]);
	assert.deepEqual(await sent('deploy', 'videos', '--abort'), [
		{ command: 'deploy', args: { service: 'videos', order: 'abort' } },
	]);
});

test('deploy: 0 when the new version took over, 1 when it was rolled back, but for who asked for that', async () => {
	const back = says(['videos: rolled back: it crashed'], { outcome: 'rolled_back', text: 'videos: rolled back\x1b' });
	assert.deepEqual(await against(back, 'deploy', 'videos').then(({ code, out }) => [code, out]), [
		1,
		'videos: rolled back: it crashed\nvideos: rolled back\\x1b\n',
	]);
	assert.equal((await against(back, 'deploy', 'videos', '--abort')).code, 0);
	const over = says([], { outcome: 'promoted', text: 'done' });
	assert.equal((await against(over, 'deploy', 'videos')).code, 0);
	assert.equal((await against(over, 'deploy', 'videos', '--abort')).code, 1, 'too late');
	assert.equal((await against(back, 'deploy', 'videos', '--promote')).code, 1);
	const { code, out } = await against(back, 'deploy', 'videos', '--json');
	assert.deepEqual([code, JSON.parse(out).result.outcome], [1, 'rolled_back']);
});

test('deploy: orders exclude each other and take no command', async () => {
	const both = await against(says([], null), 'deploy', 'videos', '--abort', '--promote');
	assert.deepEqual([both.code, both.commands], [2, []]);
	assert.match(both.err, /--abort and --promote exclude each other/);
	const command = await against(says([], null), 'deploy', 'videos', '--promote', '--', 'node');
	assert.deepEqual([command.code, command.commands], [2, []]);
});

test('--json: one document on standard output, progress beside it', async () => {
	const { code, out, err } = await against(says(['one'], { n: 2 }), 'scale', 'videos', '2', '--json');
	assert.deepEqual([code, JSON.parse(out), err], [0, { ok: true, result: { n: 2 } }, 'one\n']);
	const failed = await against(refuses('start_failed', 'it exits at once'), 'restart', '--json');
	assert.deepEqual(
		[failed.code, JSON.parse(failed.out)],
		[1, { ok: false, code: 'start_failed', message: 'it exits at once' }],
	);
});

test('a refused reload prints the problems and exits with 2', async () => {
	const problems = 'ballast.yaml:3:5  services.videos.helth: /x\n    accepted keys: health';
	const { code, out, err } = await against(refuses('config_invalid', problems), 'reload');
	assert.deepEqual([code, out], [2, '']);
	assert.equal(
		err,
		`error: ${problems}\nnothing was changed: the running configuration stays. Correct the file, then \`ballast check\` and \`ballast reload\`\n`,
	);
});

test('an unknown service or instance: what was meant, what there is', async () => {
	const answer =
		(code: string): Answer =>
		(request, socket) =>
			request.command === 'status'
				? says([], sampleStatus())(request, socket)
				: refuses(code, 'there is none')(request, socket);
	const service = await against(answer('unknown_service'), 'restart', 'video');
	assert.deepEqual(
		[service.code, service.err],
		[1, 'error: there is none\ndid you mean `videos`? The services: videos\n'],
	);
	const instance = await against(answer('unknown_instance'), 'drain', 'zzz');
	assert.deepEqual([instance.code, instance.err], [1, 'error: there is none\nThe instances: videos-1, videos-2\n']);
});

test('a number that is none is refused before anything is asked', async () => {
	const { code, err, commands } = await against(says([], null), 'scale', 'videos', 'many');
	assert.deepEqual([code, err, commands], [2, 'error: <n> takes a whole number from 0 to 1000, not `many`\n', []]);
});

test('drain and undrain take an instance or a region', async () => {
	const instance = await against(says([], {}), 'drain', 'videos-3');
	assert.deepEqual([instance.out, instance.commands[0]?.args], ['videos-3 is drained\n', { instance: 'videos-3' }]);
	const region = await against(says([], {}), 'drain', '--region', 'eu-west', '--force');
	assert.deepEqual(
		[region.out, region.commands[0]?.args],
		['region eu-west is drained\n', { region: 'eu-west', force: true }],
	);
	const back = await against(says([], {}), 'undrain', '--region', 'eu-west');
	assert.deepEqual([back.out, back.commands[0]?.command], ['region eu-west takes requests again\n', 'undrain']);
	for (const [wrong, message] of [
		[['drain'], 'drain: say what to drain: ballast drain videos-3, or --region NAME'],
		[
			['undrain', 'x', '--region', 'y'],
			'undrain: say either an instance or a region to undrain: ballast undrain videos-3, or --region NAME',
		],
		[['drain', 'x', '--force'], 'drain: --force is for --region'],
	] as const) {
		const { code, err, commands } = await against(says([], {}), ...wrong);
		assert.deepEqual([code, err, commands], [2, `error: ${message}\n`, []]);
	}
});

test('Ctrl-C leaves the operation alone and says so', async () => {
	const { code, err, out } = await against(({ id }, socket) => {
		socket.write(`{"id":${id},"line":"videos-1 drains"}\n`);
		setTimeout(() => process.emit('SIGINT'), 30);
	}, 'restart');
	assert.deepEqual([code, out], [130, 'videos-1 drains\n']);
	assert.equal(err, '\nnot waiting any longer; the restart itself goes on (`ballast status` shows how it is)\n');
	assert.equal(process.listenerCount('SIGINT'), 0);
});

test('stop has ended only when nothing answers any more', async () => {
	let status = 0;
	const { code, out } = await against((request, socket) => {
		if (request.command === 'stop') return says(['drained'], null)(request, socket);
		says([], sampleStatus())(request, socket);
		if (++status === 2) void peers.at(-1)?.close();
	}, 'stop');
	assert.deepEqual([code, out, status], [0, 'drained\nstopped\n', 2]);
});

test('a connection that ends while stopping is a stop when nothing answers any more', async () => {
	const { code, out } = await against(() => void peers.at(-1)?.close(), 'stop');
	assert.deepEqual([code, out], [0, 'stopped\n']);
});
