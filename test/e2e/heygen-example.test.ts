/** A day of the example in some seconds, and what tries the real HeyGen. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { type Simulator, startSimulator } from '../../simulators/heygen/start-simulator.ts';
import { freePorts } from '../support/free-ports.ts';

const example = join(import.meta.dirname, '..', '..', 'examples', 'heygen-video');

/** Another Ballast of this user may be running under the same name. */
const runFolder = mkdtempSync(join(tmpdir(), 'ballast-example-run-'));
after(() => rmSync(runFolder, { recursive: true, force: true }));

interface Ran {
	code: number | null;
	out: string;
	err: string;
}

function run(file: string, args: string[], env: Record<string, string> = {}): Promise<Ran> {
	const { HEYGEN_API_KEY: _, NODE_TEST_CONTEXT: __, ...rest } = process.env;
	const child = spawn(process.execPath, [join(example, file), ...args], {
		env: { ...rest, XDG_RUNTIME_DIR: runFolder, ...env },
	});
	const ran: Ran = { code: null, out: '', err: '' };
	child.stdout.setEncoding('utf8').on('data', (text: string) => void (ran.out += text));
	child.stderr.setEncoding('utf8').on('data', (text: string) => void (ran.err += text));
	return new Promise((resolve) => child.once('close', (code) => resolve({ ...ran, code })));
}

test('a day: each wish is one video, the cap holds, and it says what it was', { timeout: 120_000 }, async () => {
	const [port, admin] = await freePorts(2);
	const { code, out, err } = await run('start.ts', [
		...['--load', '--videos', '40', '--seconds', '5', '--port', String(port), '--admin', String(admin)],
	]);
	assert.equal(code, 0, out + err);
	assert.match(out, /^all +40 +\d+ +\d+ .* \$\d+\.\d\d$/m);
	assert.match(out, /created twice 0\n/);
	assert.match(out, /40 accepted with 202/);
});

describe('npm run smoke:heygen', () => {
	let simulator: Simulator;
	before(async () => {
		simulator = await startSimulator({ timeScale: 5000 });
	});
	after(() => simulator.close());
	const smoke = (...args: string[]): Promise<Ran> =>
		run('smoke.ts', args, { HEYGEN_API_KEY: 'simulator-key', HEYGEN_API_URL: simulator.url });

	test('without a key it says so and is no failure', async () => {
		const { code, out, err } = await run('smoke.ts', []);
		assert.deepEqual([code, err], [0, '']);
		assert.match(out, /^Skipped: HEYGEN_API_KEY is not set.*\n$/);
	});

	test('above its limit nothing is made', async () => {
		const { code, err } = await smoke('--limit', '0.1');
		assert.equal(code, 1);
		assert.match(err, /^nothing was made: .* more than the limit of \$0\.10/);
		assert.equal(simulator.ledger().jobs.length, 0);
	});

	test('it makes one video, and says what was spent', { timeout: 120_000 }, async () => {
		const { code, out, err } = await smoke('--every', '100ms');
		assert.equal(code, 0, out + err);
		assert.match(out, /an MP4 of \d+ bytes came; 0\.\d\d spent/);
		assert.equal(simulator.ledger().jobs.length, 1);
		assert.ok(!`${out}${err}`.includes('simulator-key'));
	});
});
