import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { freePorts } from '../support/free-ports.ts';

const root = join(import.meta.dirname, '..', '..');
const example = join(root, 'examples', 'video-api');

test('what examples/video-api says of running it behind Ballast works', { timeout: 120_000 }, async () => {
	const page = readFileSync(join(example, 'README.md'), 'utf8');
	const lines = page.split('\n').filter((line) => line.includes('curl') && line.includes(':8080/'));
	assert.equal(lines.length, 3, page);

	const [listen, admin] = (await freePorts(2)) as [number, number];
	const folder = mkdtempSync(join(tmpdir(), 'ballast-start-'));
	const config = join(folder, 'ballast.yaml');
	const written = readFileSync(join(example, 'ballast.yaml'), 'utf8');
	assert.match(written, /^listen: 8080$/m, 'the lines that are printed name this port');
	const own = written
		.replace(/^listen: 8080$/m, `listen: ${listen}\nadmin: ${admin}`)
		.replaceAll(/^(\s+)run: node server\.ts$/gm, `$&\n$1cwd: ${example}`)
		.replaceAll('./data', join(folder, 'data'));
	writeFileSync(config, own);

	const ballast = spawn(process.execPath, [join(root, 'bin', 'ballast.js'), 'up', config], {
		env: { ...process.env, XDG_RUNTIME_DIR: folder },
		stdio: ['ignore', 'pipe', 'pipe'],
	});
	let printed = '';
	for (const stream of [ballast.stdout, ballast.stderr])
		stream.setEncoding('utf8').on('data', (part) => (printed += part));
	const ended = new Promise<number | null>((resolve) => ballast.on('close', resolve));
	try {
		for (let look = 0; !(printed.includes('ready after') && printed.includes('listening on')); look++) {
			assert.ok(look < 600 && ballast.exitCode === null, printed);
			await sleep(50);
		}
		for (const line of lines) {
			const answer = paste(line.trim().replace('127.0.0.1:8080', `127.0.0.1:${listen}`));
			assert.match(answer, /^2\d\d$/, `${line}\n${printed}`);
		}
		ballast.kill('SIGINT');
		assert.equal(await ended, 0, printed);
	} finally {
		ballast.kill('SIGKILL');
		await ended;
		rmSync(folder, { recursive: true, force: true });
	}
});

/** The status of the answer. */
function paste(command: string): string {
	const quiet = command.replace(/^curl/, "curl -s -o /dev/null -w '%{http_code}'");
	return spawnSync('bash', ['-c', quiet], { encoding: 'utf8', timeout: 60_000 }).stdout;
}
