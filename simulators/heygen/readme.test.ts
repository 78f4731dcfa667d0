import assert from 'node:assert/strict';
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import { KNOB_NAMES, KNOBS } from './knobs.ts';

const file = join(import.meta.dirname, 'README.md');
const root = join(import.meta.dirname, '..', '..');
const page = readFileSync(file, 'utf8');
const env = {
	...process.env,
	PATH: `${dirname(process.execPath)}:${process.env['PATH']}`,
	// What is to be installed is, or this test would not run.
	npm_config_ignore_scripts: 'true',
	NODE_TEST_CONTEXT: undefined,
};

test('the page has each knob, with its default', () => {
	const rows = KNOB_NAMES.map((name) => `| \`${name}\` | ${KNOBS[name].about} | ${shown(name)} |`);
	const table = ['| knob | is | default |', '| --- | --- | --- |', ...rows].join('\n');
	const right = page.replace(/(<!-- knobs -->\n)[\s\S]*(<!-- \/knobs -->)/, `$1${table}\n$2`);
	if (process.env['BALLAST_UPDATE'] === '1') writeFileSync(file, right);
	else assert.equal(page, right, 'renew it: BALLAST_UPDATE=1 node --test simulators/heygen/readme.test.ts');
});

/** A duration in the largest unit that it is whole in. */
function shown(name: (typeof KNOB_NAMES)[number]): string {
	const value = KNOBS[name].default;
	if (typeof value !== 'number' || !name.endsWith('Ms') || value === 0) return String(value);
	const units: [ms: number, unit: string][] = [
		[86_400_000, 'd'],
		[60_000, 'm'],
		[1000, 's'],
		[1, 'ms'],
	];
	const [ms, unit] = units.find(([each]) => value % each === 0) as [number, string];
	return `${value / ms}${unit}`;
}

const curl = spawnSync('curl', ['--version']).status === 0;

test('what the page tells its reader to run works', {
	skip: curl ? false : 'curl is not here',
	timeout: 60_000,
}, async () => {
	const port = await freePort();
	const blocks = [...page.matchAll(/^```sh (start|run)\n([\s\S]*?)^```/gm)].map(([, how, text = '']) => ({
		how,
		text,
	}));
	assert.ok(blocks.length >= 4);
	let started: ChildProcess | undefined;
	const outputs: string[] = [];
	try {
		for (const { how, text } of blocks) {
			if (how === 'start') started = await start(text, port);
			else outputs.push(run(text, port));
		}
	} finally {
		if (started?.pid !== undefined) process.kill(-started.pid, 'SIGTERM');
	}
	const [made, listed, knobs] = outputs.map((output) => JSON.parse(output.split('\n')[0] as string));
	assert.equal(made.data.status, 'waiting');
	assert.equal(listed.data[0].id, made.data.video_id);
	assert.equal(knobs.failureRate, 0.05);
});

/** Resolves when it says that it is there. */
async function start(text: string, port: number): Promise<ChildProcess> {
	const child = spawn('sh', ['-c', text], {
		cwd: root,
		env: { ...env, HEYGEN_SIMULATOR_PORT: String(port) },
		detached: true,
	});
	let said = '';
	await new Promise<void>((resolve, reject) => {
		for (const stream of [child.stdout, child.stderr])
			stream?.setEncoding('utf8').on('data', (part: string) => {
				said += part;
				if (said.includes('HeyGen simulator at')) resolve();
			});
		child.once('exit', () => reject(new Error(said)));
	});
	assert.match(said, new RegExp(`http://127.0.0.1:${port}, 600 times`));
	return child;
}

function run(text: string, port: number): string {
	const { status, stdout, stderr } = spawnSync('sh', ['-ec', text.replaceAll('9480', String(port))], {
		cwd: root,
		env,
		encoding: 'utf8',
	});
	assert.equal(status, 0, stderr);
	return stdout;
}

function freePort(): Promise<number> {
	return new Promise((resolve) => {
		const server = createServer().listen(0, '127.0.0.1', () => {
			const { port } = server.address() as { port: number };
			server.close(() => resolve(port));
		});
	});
}
