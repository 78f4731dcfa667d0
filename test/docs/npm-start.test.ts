import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { readBlocks } from '../../scripts/checks/shell-blocks.ts';
import { freePorts } from '../support/free-ports.ts';
import { eventually } from '../support/suite.ts';

const root = join(import.meta.dirname, '..', '..');
const example = join(root, 'examples', 'heygen-video');
const manifest = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { scripts: { start: string } };

/** Own processes and those of a group of their own, by what they have in their environment. */
function processesWith(mark: string): number[] {
	if (process.platform !== 'linux') return [];
	return readdirSync('/proc').flatMap((pid) => {
		if (!/^\d+$/.test(pid)) return [];
		try {
			return readFileSync(`/proc/${pid}/environ`, 'latin1').includes(mark) ? [Number(pid)] : [];
		} catch {
			return [];
		}
	});
}

describe('`npm start`', () => {
	const folder = mkdtempSync(join(tmpdir(), 'ballast-start-'));
	let printed = '';
	let ports: number[];
	let child: ReturnType<typeof spawn>;
	let ended: Promise<number | null>;

	const start = async (): Promise<void> => {
		printed = '';
		ports = await freePorts(2);
		const command = `${manifest.scripts.start} --port ${ports[0]} --admin ${ports[1]} --time-scale 300`;
		child = spawn('bash', ['-c', command], {
			cwd: root,
			env: {
				...process.env,
				XDG_RUNTIME_DIR: folder,
				PATH: `${join(root, 'node_modules', '.bin')}:${process.env['PATH']}`,
			},
			stdio: ['ignore', 'pipe', 'pipe'],
			detached: true,
		});
		for (const stream of [child.stdout, child.stderr])
			stream?.setEncoding('utf8').on('data', (part) => (printed += part));
		ended = new Promise((resolve) => child.once('close', resolve));
		await eventually(
			async () =>
				child.exitCode === null
					? fetch(`http://127.0.0.1:${ports[0]}/avatars`).catch(() => null)
					: assert.fail(printed),
			(answer) => answer?.status === 200,
			60_000,
		);
	};
	/** All of them, as a terminal's user does. */
	const paste = (commands: string): string => {
		const script = commands.replaceAll('127.0.0.1:8080', `127.0.0.1:${ports[0]}`);
		const { status, stdout, stderr } = spawnSync('bash', ['-euo', 'pipefail', '-c', script], {
			...{ cwd: folder, encoding: 'utf8', timeout: 60_000 },
		});
		assert.equal(status, 0, `${script}\n${stdout}${stderr}\n${printed}`);
		return stdout;
	};
	const isFilm = (name: string): boolean => readFileSync(join(folder, name)).toString('latin1', 4, 8) === 'ftyp';
	/** This one, the simulator, Ballast's two, two instances. */
	const all = () => processesWith(`XDG_RUNTIME_DIR=${folder}`);
	const nothingLeft = () => eventually(all, ({ length }) => length === 0, 20_000);

	before(start);
	after(async () => {
		if (child.exitCode === null && child.signalCode === null && child.pid !== undefined)
			process.kill(-child.pid, 'SIGKILL');
		await ended;
		rmSync(folder, { recursive: true, force: true });
	});

	test('the lines that it prints can be pasted, and bring a film', () => {
		const lines = printed.split('\n').filter((line) => /^ {2}(?:job|curl)/.test(line));
		assert.equal(lines.length, 3, printed);
		assert.match(paste(lines.join('\n')), /event: succeeded/);
		assert.ok(isFilm('video.mp4'));
	});

	test("the commands of the example's page do what it says", () => {
		const blocks = readBlocks(readFileSync(join(example, 'README.md'), 'utf8')).filter(({ how }) => how === 'run');
		assert.equal(blocks.length, 2);
		const [first, second] = blocks.map(({ text }) => paste(text)) as [string, string];
		assert.match(first, /avatar_ada_office[\s\S]*HTTP\/1\.1 202 [\s\S]*location: \/jobs\//i);
		const id = /location: \/jobs\/(\S+)/i.exec(first)?.[1] ?? assert.fail();
		assert.ok(second.includes(`"id":"${id}"`), second);
		assert.match(second, /event: succeeded/);
		assert.ok(isFilm('film.mp4'));
	});

	test('what it may not is refused', async () => {
		const url = `http://127.0.0.1:${ports[0]}`;
		const post = (body: string, headers: Record<string, string>) =>
			fetch(`${url}/videos`, { method: 'POST', body, headers }).then(({ status }) => status);
		const ann = { authorization: 'Bearer ann' };
		assert.equal(await post('{"script":"Hello"}', {}), 401);
		assert.equal(await post('not JSON', ann), 400);
		assert.equal(await post(JSON.stringify({ script: 'a'.repeat(5001) }), ann), 400);
		assert.equal(await post(JSON.stringify({ script: 'a'.repeat(40_000) }), ann), 413);
		assert.equal(await post('{"script":"Hello","avatar":"../x"}', ann), 400);
		const { jobs } = (await (await fetch(`${url}/jobs`, { headers: ann })).json()) as { jobs: { id: string }[] };
		assert.equal(jobs.length, 2);
		for (const path of [`/jobs/${jobs[0]?.id}`, `/videos/${jobs[0]?.id}`, `/videos/${jobs[0]?.id}/film`])
			assert.equal((await fetch(url + path, { headers: { authorization: 'Bearer bob' } })).status, 404, path);
		assert.match(await (await fetch(`${url}/`)).text(), /<form>/);
	});

	test('Ctrl-C drains and ends all of it', async () => {
		if (process.platform === 'linux') assert.ok(all().length >= 6, String(all()));
		process.kill(-(child.pid as number), 'SIGINT');
		assert.equal(await ended, 0, printed);
		await nothingLeft();
	});

	test('a kill -9 leaves nothing either', async () => {
		await start();
		process.kill(child.pid as number, 'SIGKILL');
		await nothingLeft();
	});
});
