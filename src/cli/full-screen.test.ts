import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { controlPeer } from './testing/control-peer.ts';
import { sampleSeeing } from './testing/sample-seeing.ts';

const LEAVE = '\x1b[?25h\x1b[?1049l';
const here = (name: string) => JSON.stringify(fileURLToPath(new URL(name, import.meta.url)));

test('a crash gives the screen back before it is told', () => {
	const script = `
		const { fullScreen } = await import(${here('full-screen.ts')});
		const { processTerminal } = await import(${here('terminal.ts')});
		fullScreen(processTerminal()).draw(['something']);
		setTimeout(() => { throw new Error('by itself'); }, 1);`;
	// Both into one, to see the order.
	const { stdout, status } = spawnSync(
		'/bin/sh',
		['-c', '"$0" --input-type=module -e "$1" 2>&1', process.execPath, script],
		{
			encoding: 'utf8',
		},
	);
	assert.notEqual(status, 0);
	assert.ok(stdout.startsWith('\x1b[?1049h'), stdout);
	assert.ok(stdout.includes(LEAVE) && stdout.indexOf(LEAVE) < stdout.indexOf('by itself'), stdout);
	assert.equal(stdout.split(LEAVE).length, 2);
});

test('top on a real terminal: keys, size, SIGTERM and Ctrl-C give it back', async (context) => {
	if (process.platform !== 'linux' || spawnSync('script', ['--version']).status !== 0)
		return context.skip('needs `script` of util-linux for a terminal');
	const peer = await controlPeer(sampleSeeing);
	const run = `import(${here('main.ts')}).then((m) => m.main(['top', '--socket', ${JSON.stringify(peer.path)}])).then((code) => { process.exitCode = code; })`;
	try {
		for (const how of ['SIGTERM', '\x03', 'q'] as const) {
			// The shell says its process id, then becomes the program; the settings are shown before and after.
			const inner = `stty cols 80 rows 24; stty -g; (echo "pid $(exec sh -c 'echo $PPID')"; exec "${process.execPath}" -e '${run.replaceAll("'", `'\\''`)}'); echo "code $?"; stty -g`;
			const child = spawn('script', ['-qfec', inner, '/dev/null'], { stdio: ['pipe', 'pipe', 'inherit'] });
			let out = '';
			child.stdout.setEncoding('utf8').on('data', (chunk: string) => void (out += chunk));
			const until = async (found: () => boolean) => {
				for (const end = Date.now() + 10_000; !found(); ) {
					assert.ok(Date.now() < end, out);
					await new Promise((resolve) => setTimeout(resolve, 10));
				}
			};
			await until(() => out.includes('LAST MINUTE'));
			assert.ok(out.includes('\x1b[24;1H'), 'the last line of 24');
			child.stdin.write('\r');
			await until(() => out.includes('videos: '));
			if (how === 'SIGTERM') process.kill(Number(/pid (\d+)/.exec(out)?.[1]), how);
			else child.stdin.write(how);
			await until(() => /code \d+\r\n\S+\r\n/.test(out));
			child.stdin.end();
			if (child.exitCode === null) await once(child, 'exit');
			assert.match(out, /code 0\r/);
			const [before, behind] = out.split(LEAVE);
			assert.equal(out.split(LEAVE).length, 2);
			assert.equal(/code 0\r\n(\S+)\r\n/.exec(behind as string)?.[1], /(?:^|\n)(\S+)\r\n/.exec(before as string)?.[1]);
		}
	} finally {
		await peer.close();
	}
});
