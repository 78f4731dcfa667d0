/**
 * A minute of as many requests as the machine carries, with everything that is seen on: memory stays bounded, and each
 * request is in the counts, and in the access log or among those that are counted as dropped.
 * `node benchmarks/sustained.ts [--quick]`: answers of Ballast itself first, then of an upstream behind it.
 */
import { createReadStream } from 'node:fs';
import { mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { createGunzip } from 'node:zlib';
import { stringify } from 'yaml';
import { launch, type Program } from './measure/command.ts';
import { type LoadResult, runLoad } from './measure/load.ts';
import { freePorts, waitFor200 } from './measure/ports.ts';
import { memoryOf } from './measure/proc-stat.ts';
import { startUpstream } from './measure/upstream.ts';
import { BALLAST_BIN, ballastEnvironment } from './peers/ballast.ts';
import { conclude, type Line, quick } from './stability/verdict.ts';

const SECONDS = quick ? 10 : 60;
/** What keeper, core and all that is seen may take together. */
const MEMORY_MOST_MB = 600;
const GROWTH_MOST_MB = 120;
const GOAL = 40_000;

/** A counter of the page of metrics, over all its series. */
async function counter(adminPort: number, name: string): Promise<number> {
	const page = await (await fetch(`http://127.0.0.1:${adminPort}/metrics`)).text();
	return page
		.split('\n')
		.filter((line) => line.startsWith(`${name}{`) || line.startsWith(`${name} `))
		.reduce((sum, line) => sum + Number(line.slice(line.lastIndexOf(' '))), 0);
}

/** Of the file that is written and of those that were rotated away. */
async function linesOf(folder: string): Promise<number> {
	let lines = 0;
	for (const name of await readdir(folder)) {
		if (!name.startsWith('access')) continue;
		const file = createReadStream(join(folder, name));
		const plain = name.endsWith('.gz') ? file.pipe(createGunzip()) : file;
		for await (const part of plain) for (const byte of part as Buffer) if (byte === 10) lines++;
	}
	return lines;
}

/** Memory of the tree once a second, MB. */
function watchMemory(program: Program): { stop(): number[] } {
	const seen: number[] = [];
	const timer = setInterval(() => seen.push(memoryOf(program.tree()) / 1e6), 1000);
	return {
		stop: () => {
			clearInterval(timer);
			return seen;
		},
	};
}

interface Measured {
	load: LoadResult;
	counted: number;
	lines: number;
	dropped: number;
	memory: number[];
}

async function measure(service: Record<string, unknown>): Promise<Measured> {
	const folder = await mkdtemp(join(tmpdir(), 'ballast-sustained-'));
	const [port, adminPort] = (await freePorts(2)) as [number, number];
	const path = join(folder, 'ballast.yaml');
	const log = join(folder, 'access.log');
	await mkdir(folder, { recursive: true });
	const configuration = {
		listen: port,
		admin: { port: adminPort },
		logs: { access: { to: log, rotate: { keep: 100 } } },
		services: { api: service },
	};
	await writeFile(path, stringify(configuration));
	const argv = [process.execPath, BALLAST_BIN, 'up', path];
	const program = launch({ argv, cores: '0,1', cwd: folder, env: ballastEnvironment(folder) });
	try {
		const url = `http://127.0.0.1:${port}/json`;
		await waitFor200(url, program);
		await runLoad({ url, seconds: 5, cores: '0,1' });
		await sleep(2000);
		const before = { counted: await counter(adminPort, 'ballast_requests_total'), lines: await linesOf(folder) };
		const watch = watchMemory(program);
		const load = await runLoad({ url, seconds: SECONDS, cores: '0,1' });
		const memory = watch.stop();
		// What is in the rings and buffers is written by then.
		await sleep(3000);
		return {
			load,
			memory,
			counted: (await counter(adminPort, 'ballast_requests_total')) - before.counted,
			lines: (await linesOf(folder)) - before.lines,
			dropped: await counter(adminPort, 'ballast_log_records_dropped_total'),
		};
	} finally {
		await program.stop(15_000);
		await rm(folder, { recursive: true, force: true });
	}
}

function linesFor(name: string, key: string, { load, counted, lines, dropped, memory }: Measured): Line[] {
	const tenth = Math.max(1, Math.floor(memory.length / 10));
	const mean = (values: number[]): number => values.reduce((sum, value) => sum + value, 0) / values.length;
	const growth = mean(memory.slice(-tenth)) - mean(memory.slice(tenth, 2 * tenth));
	// wrk gives up what is under way at its end: it is answered, and counted here alone.
	const spare = 64;
	const line = (figure: string, id: string, measured: number, most?: number, unit?: string): Line => ({
		figure: `${name}: ${figure}`,
		key: `${key}${id}`,
		measured: Math.round(measured),
		most,
		...(unit === undefined ? {} : { unit }),
	});
	return [
		line(`requests a second, the goal being ${GOAL}`, 'Rate', load.requests / load.seconds),
		line('failed', 'Failed', load.errors, 0),
		line('answered and not counted', 'Uncounted', Math.max(0, load.requests - counted), 0),
		line('counted beyond those', 'Beyond', Math.max(0, counted - load.requests), spare),
		line('neither a line in the access log nor counted as dropped', 'Lost', Math.max(0, counted - lines - dropped), 0),
		line('dropped and counted, rows of the store and spans among them', 'Dropped', dropped),
		line('most memory of the tree', 'Memory', Math.max(...memory), MEMORY_MOST_MB, 'MB'),
		line('memory from the second tenth to the last', 'Growth', growth, GROWTH_MOST_MB, 'MB'),
	];
}

await conclude('sustained', async () => {
	const own = await measure({ respond: { status: 200, body: 'ok' } });
	const folder = await mkdtemp(join(tmpdir(), 'ballast-sustained-'));
	const upstream = await startUpstream(folder, '0,1');
	try {
		const urls = upstream.ports.map((port) => `http://127.0.0.1:${port}`);
		const forwarded = await measure({ instances: { urls } });
		return [...linesFor('answered here', 'own', own), ...linesFor('forwarded', 'forwarded', forwarded)];
	} finally {
		await upstream.stop();
		await rm(folder, { recursive: true, force: true });
	}
});
