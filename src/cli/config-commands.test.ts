import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { loadConfig } from '../config/load.ts';
import { maskConfig } from '../config/mask.ts';
import { type ControlPeer, controlPeer, says } from './testing/control-peer.ts';
import { ballast } from './testing/recorded-terminal.ts';

const folder = mkdtempSync(join(tmpdir(), 'ballast-cli-'));
const peers: ControlPeer[] = [];
after(async () => {
	rmSync(folder, { recursive: true });
	for (const peer of peers) await peer.close();
});

function file(name: string, text: string): string {
	writeFileSync(join(folder, name), text);
	return join(folder, name);
}

process.env.BALLAST_CLI_SECRET = 'never-shown';
const good = file(
	'good.yaml',
	`listen: [8080, 8081]
services:
  videos:
    instances: { run: node server.js, env: { TOKEN: { env: BALLAST_CLI_SECRET } } }
    routes: { GET /a: {}, GET /b: {} }
`,
);
const changed = file(
	'changed.yaml',
	'listen: [8080, 8081]\nservices:\n  videos: { instances: { run: node server.js, grace: 5s } }\n',
);
const bad = file('bad.yaml', 'servces: {}\nlisten: 99999\nservices:\n  a\x01: {}\n');

test('check: a valid one in a sentence, a bad one with all its problems', async () => {
	const ok = await ballast(['check', good]);
	assert.deepEqual([ok.code, ok.out, ok.err], [0, `${good} is valid: 1 service, 2 routes, 2 listeners\n`, '']);
	const broken = file('broken.yaml', 'listen: 99999\nservces: {}\n');
	const wrong = await ballast(['check', broken]);
	assert.deepEqual([wrong.code, wrong.out], [2, '']);
	assert.match(wrong.err, /broken\.yaml:1:\d+ {2}listen/);
	assert.match(wrong.err, /broken\.yaml:2:1 {2}servces\n.*did you mean `services`/);
	assert.match(wrong.err, /\n\d problems\n$/);
});

test('check --live: each platform is asked once; what is missing is named, and the exit code says so', async () => {
	const group = (text: string) => JSON.stringify([process.execPath, '-e', text]);
	const answer = '{ "desired": 2, "members": [{ "id": "a", "host": "127.0.0.1" }] }';
	const list = group(`console.log('${answer}')`);
	const denied = group(
		`console.log('{"permission":"groups:list"}'); console.error('nobody may look'); process.exit(77)`,
	);
	const platform = (command: string, match = '/') =>
		`{ match: ${match}, instances: { exec: { list: ${command}, resize: ${denied}, remove: ${denied}, port: 80 } } }`;
	const one = file('live.yaml', `services:\n  videos: ${platform(list)}\n`);
	const ok = await ballast(['check', one, '--live']);
	assert.deepEqual([ok.code, ok.err], [0, '']);
	assert.match(ok.out, /is valid: .*\nvideos: the group of `.*` answers: 1 of 2 running\n$/s);
	const two = file(
		'live-denied.yaml',
		`services:\n  videos: ${platform(list)}\n  legacy: ${platform(denied, '/old')}\n`,
	);
	const wrong = await ballast(['check', two, '--live']);
	assert.equal(wrong.code, 1);
	assert.match(
		wrong.err,
		/^legacy: .* cannot be read: nobody may look \(permission needed: groups:list\)\n1 problem\n$/,
	);
	const json = JSON.parse((await ballast(['check', two, '--live', '--json'])).out);
	assert.deepEqual(
		json.platforms.map(({ pool, found, problems }: { pool: string; found: unknown; problems: string[] }) => [
			...[pool, found, problems.length],
		]),
		[
			['videos', { desired: 2, running: 1 }, 0],
			['legacy', null, 1],
		],
	);
	assert.equal('platforms' in JSON.parse((await ballast(['check', two, '--json'])).out), false);
	const none = await ballast(['check', good, '--live']);
	assert.match(none.out, /no instances are of a platform/);
});

test('check: warns of commands and users that this machine does not have, and of nothing else', async () => {
	file('plain.sh', 'echo');
	const text = `services:
  here: { match: /1/*, instances: { run: node server.js } }
  gone: { match: /2/*, instances: { run: no-such-command-x --flag } }
  file: { match: /3/*, instances: { run: ./missing.sh } }
  plain: { match: /4/*, instances: { run: [./plain.sh, --token, hunter2], user: root } }
  user: { match: /5/*, instances: { run: sh, user: no-such-user-x } }
  folder: { match: /6/*, instances: { run: /tmp } }
  path: { match: /7/*, instances: { run: plain.sh, env: { PATH: ${folder} } } }
  words: { match: /8/*, instances: { run: [node server.js] } }
`;
	const { code, out, err } = await ballast(['check', file('machine.yaml', text)]);
	assert.deepEqual([code, out], [0, `${join(folder, 'machine.yaml')} is valid: 8 services, 0 routes, 1 listener\n`]);
	const place = (line: number, column: number) => `${join(folder, 'machine.yaml')}:${line}:${column}  `;
	const start = '    this could not be started on this machine:';
	assert.deepEqual(err.trimEnd().split('\n'), [
		'warnings:',
		`${place(3, 42)}services.gone.instances.run: no-such-command-x --flag`,
		`${start} no-such-command-x was not found in PATH`,
		`${place(4, 42)}services.file.instances.run: ./missing.sh`,
		`${start} ${join(folder, 'missing.sh')} does not exist`,
		`${place(5, 43)}services.plain.instances.run: ./plain.sh --token ***`,
		`${start} ${join(folder, 'plain.sh')} is not executable`,
		`${place(6, 52)}services.user.instances.user: no-such-user-x`,
		'    there is no such user on this machine',
		`${place(7, 44)}services.folder.instances.run: /tmp`,
		`${start} /tmp is a folder`,
		`${place(8, 42)}services.path.instances.run: plain.sh`,
		`${start} plain.sh is in PATH, but is not executable`,
		`${place(9, 43)}services.words.instances.run: node server.js`,
		`${start} node server.js was not found in PATH (write its words apart: there is no shell in between)`,
	]);
});

test('check: nothing of a file can act on the terminal', async () => {
	const { code, err } = await ballast(['check', bad]);
	assert.equal(code, 2);
	assert.doesNotMatch(err, /[^\P{Cc}\n\t]/u);
});

test('check --json', async () => {
	const ok = await ballast(['check', good, '--json']);
	assert.deepEqual(JSON.parse(ok.out), { ok: true, files: [good], services: 1, routes: 2, listeners: 2, warnings: [] });
	const wrong = await ballast(['check', bad, '--json']);
	assert.deepEqual([wrong.code, wrong.err], [2, '']);
	const { ok: isOk, code, problems } = JSON.parse(wrong.out);
	assert.deepEqual([isOk, code], [false, 'config_invalid']);
	assert.ok(problems.length > 0 && problems[0].file === bad);
});

test('a file that is not there', async () => {
	for (const command of ['check', 'print', 'diff']) {
		const { code, err } = await ballast([command, join(folder, 'none.yaml'), ...(command === 'diff' ? [good] : [])]);
		assert.equal(code, 2, command);
		assert.match(err, /none\.yaml/);
	}
});

test('print: all defaults, loadable again, no secret', async () => {
	const { code, out } = await ballast(['print', good]);
	assert.equal(code, 0);
	assert.match(out, /firstByte: 1m/);
	assert.match(out, /TOKEN: "\*\*\*"/);
	assert.doesNotMatch(out, /never-shown/);
	const json = JSON.parse((await ballast(['print', good, '--json'])).out);
	assert.equal(json.services.videos.instances.env.TOKEN, '***');
	assert.equal((await loadConfig(file('again.yaml', out))).ok, true);
});

test('diff of two files', async () => {
	const { code, out } = await ballast(['diff', good, changed]);
	assert.equal(code, 0);
	assert.match(out, /: \d changes\n/);
	assert.match(out, /^~ services\.videos\.instances\.grace: 30s → 5s\n {4}\S/m);
	assert.match(out, /^- services\.videos\.routes\["GET \/a"\]$/m);
	assert.doesNotMatch(out, /never-shown/);
	assert.equal((await ballast(['diff', good, changed, '--exit-code'])).code, 1);
	const same = await ballast(['diff', good, good, '--exit-code']);
	assert.deepEqual([same.code, same.out], [0, `${good} → ${good}: nothing changes\n`]);
	const json = JSON.parse((await ballast(['diff', good, changed, '--json'])).out);
	assert.deepEqual([json.before, json.after, json.changes[0].kind], [good, changed, 'changed']);
});

test('diff of what runs against a file', async () => {
	const loaded = await loadConfig(good);
	assert.ok(loaded.ok);
	const peer = await controlPeer(says([], maskConfig(loaded.config)));
	peers.push(peer);
	const same = await ballast(['diff', good, '--socket', peer.path]);
	assert.deepEqual([same.code, same.out], [0, `running → ${good}: nothing changes\n`]);
	const { out } = await ballast(['diff', changed, '--socket', peer.path]);
	assert.match(out, /^running → .*: \d changes\n/);
	const none = await ballast(['diff', good, '--socket', join(folder, 'none.sock')]);
	assert.equal(none.code, 3);
});
