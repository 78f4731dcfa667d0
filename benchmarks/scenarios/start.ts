/** From spawning Ballast to the first proxied 200, for the clone and for the compiled package. */
import { existsSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { connect } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { launch, type Program } from '../measure/command.ts';
import { freePorts } from '../measure/ports.ts';
import { median } from '../measure/ratios.ts';
import { BALLAST_BIN, ballastEnvironment, writeConfiguration } from '../peers/ballast.ts';
import { figure } from '../report/table.ts';
import { installPackage } from './package.ts';
import { type Bench, BOTH_CORES, type Figures, type Outcome } from './scenario.ts';

const POLL_MS = 2;
const START_MS = 10_000;

export async function start(bench: Bench): Promise<Outcome> {
	const figures: Figures = {};
	const rows: string[][] = [];
	const notes: string[] = [];
	const times = bench.rounds ?? (bench.quick ? 3 : 10);
	const measure = async (name: string, bin: () => Promise<string>) => {
		bench.say(`start: ${name}, ${times} times`);
		try {
			const found = await startTimes(bench, await bin(), times);
			figures[`start.${name}`] = median(found);
			rows.push([name, figure(median(found)), figure(Math.min(...found)), figure(Math.max(...found))]);
		} catch (error) {
			notes.push(`${name}: skipped: ${(error as Error).message}`);
		}
	};
	if (bench.peers.some((peer) => peer.name === 'ballast')) {
		await measure('clone', async () => BALLAST_BIN);
		await measure('package', () => installPackage(join(bench.folder, 'package')));
	}
	rows.push(await bareNode(times));
	const title = 'Start to first proxied request (one worker, `urls`), ms';
	return { tables: [{ title, columns: ['program', 'median', 'least', 'most'], rows }], figures, notes };
}

/** What Node itself takes to start and end: the floor under the figures above. */
async function bareNode(times: number): Promise<string[]> {
	const found: number[] = [];
	for (let at = 0; at < times; at++) {
		const from = performance.now();
		const program = launch({ argv: [process.execPath, '-e', '0'], cores: BOTH_CORES });
		while (program.exitCode() === undefined) await sleep(POLL_MS);
		found.push(performance.now() - from);
		await program.stop();
	}
	return ['node -e 0 (to its end)', figure(median(found)), figure(Math.min(...found)), figure(Math.max(...found))];
}

async function startTimes(bench: Bench, bin: string, times: number): Promise<number[]> {
	if (!existsSync(bin)) throw new Error(`${bin} does not exist`);
	const found: number[] = [];
	for (let at = 0; at <= times; at++) {
		const folder = join(bench.folder, `start-${Date.now()}`);
		await mkdir(folder, { recursive: true, mode: 0o700 });
		const [port] = (await freePorts(1)) as [number];
		const path = await writeConfiguration({ folder, upstreams: bench.upstreams, cores: BOTH_CORES }, port);
		const from = performance.now();
		const program = launch({
			argv: [process.execPath, bin, 'up', path],
			cores: BOTH_CORES,
			cwd: folder,
			env: ballastEnvironment(folder),
		});
		try {
			await firstAnswer(port, program);
			// The first one fills the caches of the disk and counts for nothing.
			if (at > 0) found.push(performance.now() - from);
		} finally {
			await program.stop();
		}
	}
	return found;
}

async function firstAnswer(port: number, program: Program): Promise<void> {
	const end = performance.now() + START_MS;
	while (!(await answers200(port))) {
		const code = program.exitCode();
		if (code !== undefined) throw new Error(`ended with code ${code}: ${program.output().slice(-300)}`);
		if (performance.now() > end) throw new Error(`no 200 within ${START_MS} ms: ${program.output().slice(-300)}`);
		await sleep(POLL_MS);
	}
}

function answers200(port: number): Promise<boolean> {
	return new Promise((resolve) => {
		const socket = connect(port, '127.0.0.1');
		const done = (good: boolean) => {
			socket.destroy();
			resolve(good);
		};
		socket.setTimeout(1000, () => done(false));
		socket.once('error', () => done(false));
		socket.once('close', () => done(false));
		socket.once('connect', () =>
			socket.write('GET /json HTTP/1.1\r\nHost: api.example.com\r\nConnection: close\r\n\r\n'),
		);
		socket.once('data', (chunk: Buffer) => done(chunk.toString('latin1').startsWith('HTTP/1.1 200')));
	});
}
