/** `npm run demo`, told fast: its story ends well, and its table says so. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { test } from 'node:test';

const DEMO = join(import.meta.dirname, '..', '..', 'scripts', 'demo.ts');

test('the demo ends with 0, and each event of its table is ok', { timeout: 120_000 }, async () => {
	const { NODE_TEST_CONTEXT: _, ...env } = process.env;
	const demo = spawn(process.execPath, [DEMO, '--fast'], { env, stdio: ['ignore', 'pipe', 'pipe'] });
	let output = '';
	for (const stream of [demo.stdout, demo.stderr]) stream.setEncoding('utf8').on('data', (text) => (output += text));
	const code = await new Promise((resolve) => demo.once('close', resolve));
	assert.equal(code, 0, output);

	const lines = output.slice(output.indexOf('\nEVENT ')).trim().split('\n');
	assert.match(lines.shift() ?? '', /^EVENT +REQUESTS +FAILED +HEALED IN$/);
	const rows = lines.map((line) => /^(.+?) {2,}(\d+) +(\d+) +(-|[\d.]+ s) +(.*)$/.exec(line)?.slice(1) ?? [line]);
	assert.deepEqual(
		rows.map(([event, , , healed, verdict]) => [event, healed !== '-', verdict]),
		[
			['steady load', false, 'ok'],
			['load × 5', false, 'ok'],
			['instance killed -9', true, 'ok'],
			['rolling release', false, 'ok'],
			['bad configuration', false, 'ok'],
			['core killed -9', true, 'ok'],
			['all', false, 'ok'],
		],
		output,
	);
	const [requests = [], failed = []] = [1, 2].map((column) => rows.map((row) => Number(row[column])));
	for (const count of requests) assert.ok(count > 0, output);
	const sum = (counts: number[]): number => counts.slice(0, -1).reduce((total, count) => total + count, 0);
	assert.ok((requests.at(-1) ?? 0) >= sum(requests) && sum(requests) > 500, output);
	assert.equal(failed.at(-1), sum(failed), output);
	assert.match(output, /refused with exit code 2; what ran goes on/);
	assert.match(output, /no process is left/);
});
