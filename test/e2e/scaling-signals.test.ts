/** Sizes by what instances use and by what a Prometheus says, and what each instance is given. Side by side. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { findGroups } from '../../src/instances/run/sizes/cgroup-place.ts';
import { type Ballast, startBallast } from '../support/ballast.ts';
import { freePorts } from '../support/free-ports.ts';
import { NO_PROMETHEUS, Prometheus } from '../support/prometheus.ts';
import { RateLoad } from '../support/rate-load.ts';
import { decisionsOf, pidsOf, readyAre, SizeWatch, sentencesOf } from '../support/sizes.ts';
import { eventually } from '../support/suite.ts';

const MIB = 1_048_576;

/** `/SERVICE/burn?ms=`: CPU of a process that it started; `/SERVICE/here?ms=`: its own; `/SERVICE/hog`: memory without end. */
const API_JS = `
const http = require('node:http');
const { fork } = require('node:child_process');
const burn = (ms) => {
	const from = process.cpuUsage();
	for (;;) {
		const { user, system } = process.cpuUsage(from);
		if (user + system >= ms * 1000) return;
	}
};
if (process.send) {
	process.on('message', (ms) => { burn(ms); process.send('done'); });
	process.on('disconnect', () => process.exit(0));
} else {
	let child = null;
	const waiting = [];
	const held = [];
	http.createServer((request, response) => {
		const url = new URL(request.url, 'http://localhost');
		const ms = Number(url.searchParams.get('ms'));
		const what = url.pathname.split('/')[2];
		if (what === 'burn') {
			child ??= fork(__filename).on('message', () => waiting.shift().end('burnt'));
			waiting.push(response);
			child.send(ms);
		} else if (what === 'here') {
			const began = performance.now();
			burn(ms);
			response.end(String(performance.now() - began));
		} else if (what === 'hog') {
			setInterval(() => held.push(Buffer.alloc(4e6, 1)), 5);
			response.end('ok');
		} else response.end(JSON.stringify({ pid: process.pid, options: process.env.NODE_OPTIONS ?? '' }));
	}).listen(process.env.PORT, '127.0.0.1');
}
`;

const QUICK = { window: '4s', panic: 'off', cooldown: '3s', warmUp: '0s' };
const groups = findGroups();
const NO_GROUPS: string | false =
	groups?.holds.cpu === true && groups.holds.memory ? false : 'there is no cgroup to be had that bounds CPU and memory';

function config(size: Record<string, unknown>, prometheus: string) {
	const service = (name: string, scale: Record<string, unknown>) => ({
		match: `/${name}/*`,
		instances: { run: 'node api.js', grace: '2s' },
		health: { path: '/', interval: '300ms', timeout: '5s' },
		scale,
	});
	return {
		workers: 1,
		stop: '1s',
		services: {
			busy: service('busy', { min: 1, max: 4, perInstance: { cpu: '30%' }, ...QUICK }),
			queued: service('queued', {
				...{ min: 1, max: 6, perInstance: { backlog: 20 }, ...QUICK },
				metrics: { backlog: { prometheus, query: 'sum(backlog)' } },
			}),
			sized: service('sized', { min: 1, max: 1, size }),
		},
	};
}

describe('a pool that sizes itself', { concurrency: true }, () => {
	let ballast: Ballast;
	let page: Server;
	let backlog = 10;
	let prometheusPort = 0;
	const from = (): string => `http://127.0.0.1:${prometheusPort}`;
	before(async () => {
		[prometheusPort = 0] = await freePorts(1);
		page = createServer((_, response) => response.end(`# TYPE backlog gauge\nbacklog ${backlog}\n`));
		await new Promise<void>((resolve) => page.listen(0, '127.0.0.1', resolve));
		ballast = await startBallast(config({ cpu: 0.25, memory: '128MiB' }, from()), { files: { 'api.js': API_JS } });
	});
	after(async () => {
		await ballast?.stop();
		page.close();
		page.closeAllConnections();
	});
	const ask = async (path: string): Promise<string> => (await fetch(`${ballast.url}${path}`)).text();

	test('by CPU, that of processes that its instances started too', async () => {
		await using asking = new RateLoad({ port: ballast.port, rate: 10, path: '/busy/burn?ms=40' });
		const more = await eventually(
			() => decisionsOf(ballast, 'busy'),
			(made) => made.length > 0,
			20_000,
		);
		// 0.4 of a core is 40 % of one instance that is to use 30 %; the machine may not have as much for it.
		assert.match(more[0]?.sentence ?? '', /^busy: 1 → 2: CPU \d+ % over target 30 %$/);
		asking.rate = 1;
		await readyAre(ballast, 'busy', 1, 25_000);
		await asking.stop();
		assert.deepEqual(asking.failures, []);
		assert.match((await decisionsOf(ballast, 'busy')).at(-1)?.sentence ?? '', /→ 1: CPU [\d.]+ % under target 30 %/);
	});

	test('by a query of a real Prometheus; while that is away the size stays', { skip: NO_PROMETHEUS }, async () => {
		const { port } = page.address() as AddressInfo;
		let prometheus = await Prometheus.scraping(port, prometheusPort);
		try {
			backlog = 95;
			await readyAre(ballast, 'queued', 5);
			assert.ok(
				(await sentencesOf(ballast, 'queued')).some((text) =>
					/→ 5: backlog [\d.]+ an instance over target 20/.test(text),
				),
			);
			const printed = ballast.output().length;
			await prometheus.stop();
			await using watch = new SizeWatch(ballast, 'queued');
			backlog = 10;
			// Its last answer is good for a while.
			const why = 'backlog is not known: it cannot be reached (ECONNREFUSED)';
			await ballast.printed(` ${why}`, { from: printed, withinMs: 45_000 });
			await sleep(2000);
			assert.equal((await sentencesOf(ballast, 'queued')).at(-1), `queued: stays at 5: ${why}`);
			assert.deepEqual(watch.sizes(), [5]);
			await watch.stop();
			prometheus = await Prometheus.scraping(port, prometheusPort);
			await readyAre(ballast, 'queued', 1, 25_000);
		} finally {
			await prometheus.stop();
		}
	});

	test('each instance has its size: CPU changes as it runs, memory by replacing it', { skip: NO_GROUPS }, async () => {
		const take = async (size: Record<string, unknown>): Promise<void> => {
			ballast.configure(config(size, from()));
			await ballast.control('reload');
		};
		await ballast.printed(/sized +.*instances are held to their size by cgroup v\d/);
		const [pid = 0] = await pidsOf(ballast, 'sized');
		assert.deepEqual(limitsOf(pid), { cores: 0.25, memoryBytes: 128 * MIB });
		const slow = Number(await ask('/sized/here?ms=200'));
		assert.ok(slow >= 450, `200 ms of CPU took ${slow} ms with a quarter of a core`);

		await take({ cpu: 2, memory: '128MiB' });
		assert.deepEqual(await pidsOf(ballast, 'sized'), [pid]);
		assert.deepEqual(limitsOf(pid), { cores: 2, memoryBytes: 128 * MIB });
		assert.deepEqual(JSON.parse(await ask('/sized/')), { pid, options: '--max-old-space-size=96' });

		await using asking = new RateLoad({ port: ballast.port, rate: 20, path: '/sized/' });
		await take({ cpu: 2, memory: '192MiB' });
		const [next = 0] = await eventually(
			() => pidsOf(ballast, 'sized'),
			(pids) => pids.length === 1 && pids[0] !== pid,
			15_000,
		);
		await asking.stop();
		assert.deepEqual(asking.failures, []);
		assert.deepEqual(limitsOf(next), { cores: 2, memoryBytes: 192 * MIB });
		assert.deepEqual(JSON.parse(await ask('/sized/')), { pid: next, options: '--max-old-space-size=144' });

		const printed = ballast.output().length;
		await ask('/sized/hog');
		await ballast.printed(/sized-\d needed more than the 192MiB of memory that it is given/, { from: printed });
		await readyAre(ballast, 'sized', 1);
		assert.notDeepEqual(await pidsOf(ballast, 'sized'), [next]);
	});
});

/** What the kernel holds a process to. */
function limitsOf(pid: number): { cores: number; memoryBytes: number } {
	const lines = readFileSync(`/proc/${pid}/cgroup`, 'utf8').split('\n');
	const mounts = readFileSync('/proc/mounts', 'utf8').split('\n');
	const folderOf = (controller: string): string => {
		const line = lines.find((each) => each.split(':')[1]?.split(',').includes(controller));
		const mount = mounts.find((each) => {
			const [, , type, options = ''] = each.split(' ');
			return line === undefined ? type === 'cgroup2' : type === 'cgroup' && options.split(',').includes(controller);
		});
		const path = (line ?? lines.find((each) => each.startsWith('0::')) ?? '').split(':').slice(2).join(':');
		return join(mount?.split(' ')[1] ?? '', path);
	};
	const read = (controller: string, file: string): string =>
		readFileSync(join(folderOf(controller), file), 'utf8').trim();
	if (groups?.kind.startsWith('cgroup v2') === true) {
		const [quota, period] = read('cpu', 'cpu.max').split(' ').map(Number);
		return { cores: (quota ?? Number.NaN) / (period ?? 1), memoryBytes: Number(read('memory', 'memory.max')) };
	}
	const cores = Number(read('cpu', 'cpu.cfs_quota_us')) / Number(read('cpu', 'cpu.cfs_period_us'));
	return { cores, memoryBytes: Number(read('memory', 'memory.limit_in_bytes')) };
}
