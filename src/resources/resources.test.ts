import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { DiskSampler, fullIn } from './disk.ts';
import { HostSampler } from './host.ts';
import { LoopLag } from './loop-lag.ts';
import { parseCpuTimes, parseMemory, parseNetwork, parseProcessStat } from './proc-text.ts';
import { ProcTrees } from './proc-trees.ts';
import { CpuTotals, Family } from './process-trees.ts';
import { PsTrees, parseProcesses } from './ps-trees.ts';
import { Resources } from './resources.ts';

const skip = existsSync('/proc/self/stat') ? false : 'there is no /proc here';

/** A process with a child of its own that burns CPU until told to end; the child has left its group. */
async function burningTree(): Promise<{ child: ChildProcess; end: () => Promise<void> }> {
	const burn =
		'process.stdin.on("end", () => process.exit()).resume(); setInterval(() => { const until = Date.now() + 8; while (Date.now() < until); }, 10); console.log("burns")';
	const parent = `require("node:child_process").spawn(process.execPath, ["-e", ${JSON.stringify(burn)}], { stdio: "inherit", detached: true }).on("exit", () => process.exit())`;
	const child = spawn(process.execPath, ['-e', parent], { stdio: ['pipe', 'pipe', 'inherit'], detached: true });
	await once(child.stdout, 'data');
	return {
		child,
		end: async () => {
			child.stdin.end();
			if (child.exitCode === null) await once(child, 'exit');
		},
	};
}

test('the whole tree of a process is counted, and its CPU time only grows', { skip }, async () => {
	const { child, end } = await burningTree();
	const pid = child.pid as number;
	try {
		const trees = new ProcTrees();
		const first = await trees.sample([pid, 2 ** 22 + 1], [process.pid]);
		assert.equal(first.trees[0]?.processes, 2);
		assert.equal(first.trees[1], null);
		assert.ok((first.trees[0]?.memoryBytes ?? 0) > 40e6);
		assert.ok((first.trees[0]?.fds ?? 0) > 10);
		const rss = process.memoryUsage.rss();
		assert.ok(Math.abs((first.alone?.memoryBytes ?? 0) / rss - 1) < 0.2);
		let last = first.trees[0]?.cpuSeconds ?? 0;
		const from = last;
		for (const until = Date.now() + 5000; last < from + 0.1; ) {
			assert.ok(Date.now() < until, 'the child has burnt no CPU');
			await new Promise((resolve) => setTimeout(resolve, 50));
			const now = (await trees.sample([pid], [])).trees[0]?.cpuSeconds ?? 0;
			assert.ok(now >= last);
			last = now;
		}
	} finally {
		await end();
	}
	assert.deepEqual((await new ProcTrees().sample([pid], [])).trees, [null]);
});

test('ps tells the same of a tree', { skip }, async () => {
	const { child, end } = await burningTree();
	try {
		const pid = child.pid as number;
		const [{ trees: one }, { trees: other }] = await Promise.all([
			new ProcTrees().sample([pid], []),
			new PsTrees().sample([pid], [process.pid]),
		]);
		assert.equal(other[0]?.processes, one[0]?.processes);
		assert.ok(Math.abs((other[0]?.memoryBytes ?? 0) / (one[0]?.memoryBytes ?? 1) - 1) < 0.3);
		assert.ok(Number.isNaN(other[0]?.fds));
	} finally {
		await end();
	}
});

test('a name with brackets and spaces does not shift the fields of a process', () => {
	const tail = Array.from({ length: 40 }, (_, at) => at + 3).join(' ');
	const stat = parseProcessStat(`42 (a) b (c) R ${tail.slice(2)}`);
	assert.deepEqual(stat, { parent: 4, group: 5, session: 6, cpuSeconds: (14 + 15 + 16 + 17) / 100, memoryPages: 24 });
	assert.equal(parseProcessStat(''), undefined);
	assert.equal(parseProcessStat('1 (x) R'), undefined);
});

test('the times of all cores, memory, network; nonsense is nothing', () => {
	assert.deepEqual(parseCpuTimes('cpu  10 0 20 60 10 0 0 0 5 5\ncpu0 1 1'), { busy: 30, total: 100 });
	assert.equal(parseCpuTimes('intr 1'), undefined);
	assert.deepEqual(parseMemory('MemTotal: 8 kB\nMemFree: 1 kB\nMemAvailable:   2 kB\n'), {
		total: 8192,
		available: 2048,
	});
	assert.equal(parseMemory('MemTotal: 8 kB'), undefined);
	const network =
		'Inter-|\n face |\n    lo: 9 0 0 0 0 0 0 0 9 0\n  eth0: 5 0 0 0 0 0 0 0 7 0\neth1:1 0 0 0 0 0 0 0 2 0\n bad: x\n';
	assert.deepEqual(parseNetwork(network), { received: 6, sent: 9 });
	assert.equal(parseNetwork(''), undefined);
});

test('lines of ps with days and without', () => {
	const rows = parseProcesses('  7 1 7 100 00:01:05\n 8 7 7 1 2-01:00:00\nnonsense\n 9 7 7 x 0:01\n');
	assert.deepEqual([...rows.keys()], [7, 8]);
	assert.equal(rows.get(7)?.cpuSeconds, 65);
	assert.equal(rows.get(8)?.cpuSeconds, 2 * 86_400 + 3600);
	assert.equal(rows.get(7)?.memoryBytes, 102_400);
});

test('a process whose parent is no more belongs to its group and session; circles end', () => {
	const family = new Family(
		new Map([
			[10, { parent: 1, group: 10, session: 10 }],
			[11, { parent: 1, group: 10, session: 10 }],
			[12, { parent: 11, group: 12, session: 12 }],
			[20, { parent: 21, group: 20, session: 20 }],
			[21, { parent: 20, group: 20, session: 20 }],
		]),
	);
	assert.deepEqual([...family.treeOf(10)].sort(), [10, 11, 12]);
	assert.deepEqual([...family.treeOf(20)].sort(), [20, 21]);
});

test('CPU time does not fall when a process goes', () => {
	const totals = new CpuTotals();
	assert.deepEqual(
		[5, 7, 3, 4].map((seconds) => totals.total(1, seconds)),
		[5, 7, 7, 8],
	);
	totals.retain([]);
	assert.equal(totals.total(1, 2), 2);
});

test('the host is told in sensible figures', async () => {
	const host = new HostSampler();
	assert.ok(Number.isNaN(host.sample().cpuRatio));
	const until = Date.now() + 60;
	while (Date.now() < until);
	const usage = host.sample();
	assert.ok(usage.cpuRatio > 0 && usage.cpuRatio <= 1, String(usage.cpuRatio));
	assert.ok(usage.memoryUsedBytes > 1e7 && usage.memoryUsedBytes <= usage.memoryLimitBytes);
	assert.ok(usage.cores >= 1 && usage.load >= 0);
});

test('a disk that fills up is full when the line through its last hours says so', () => {
	const falling = (perSecond: number, seconds: number, noise = 0) =>
		Array.from({ length: seconds / 30 + 1 }, (_, at) => ({
			timeMs: at * 30_000,
			freeBytes: 1e9 - at * 30 * perSecond + (at % 2 === 0 ? noise : -noise),
		}));
	const left = fullIn(falling(10_000, 3600));
	assert.ok(Math.abs(left - (1e9 - 3.6e7) / 10_000) < 1, String(left));
	const noisy = fullIn(falling(10_000, 3600, 1e6));
	assert.ok(Math.abs(noisy / left - 1) < 0.1, String(noisy));
	assert.ok(Number.isNaN(fullIn(falling(10_000, 300))));
	assert.ok(Number.isNaN(fullIn(falling(-10_000, 3600))));
	assert.ok(Number.isNaN(fullIn(falling(0, 3600))));
	assert.ok(Number.isNaN(fullIn([])));
});

test('disks are looked at twice a minute; a folder that is not there is left out', async () => {
	let timeMs = 0;
	const disk = new DiskSampler(() => timeMs);
	await disk.sample([tmpdir(), '/there/is/none', tmpdir()]);
	assert.deepEqual(
		disk.usage.map(({ mount }) => mount),
		[tmpdir()],
	);
	assert.ok((disk.usage[0]?.usedRatio ?? -1) >= 0 && (disk.usage[0]?.freeBytes ?? 0) > 0);
	const before = disk.usage;
	timeMs = 29_000;
	await disk.sample([tmpdir()]);
	assert.equal(disk.usage, before);
	timeMs = 30_000;
	await disk.sample([tmpdir()]);
	assert.notEqual(disk.usage, before);
});

test('a folder that is not there yet is looked for until it is', async () => {
	const folder = join(tmpdir(), `ballast-disk-${process.pid}`);
	const disk = new DiskSampler(() => 0);
	await disk.sample([folder]);
	assert.deepEqual(disk.usage, []);
	mkdirSync(folder);
	try {
		await disk.sample([folder]);
		assert.deepEqual(
			disk.usage.map(({ mount }) => mount),
			[folder],
		);
	} finally {
		rmSync(folder, { recursive: true });
	}
});

test('a loop that was blocked is late', async () => {
	const lag = new LoopLag();
	await new Promise((resolve) => setTimeout(resolve, 60));
	const until = Date.now() + 150;
	while (Date.now() < until);
	await new Promise((resolve) => setTimeout(resolve, 60));
	const late = lag.take();
	assert.ok(late > 0.1 && late < 1, String(late));
	assert.ok(Number.isNaN(lag.take()));
	lag.stop();
});

test('instances have what their processes use; when processes cannot be looked at, that is told once', async () => {
	const instance = { service: 'api', pool: 'main', instance: 'api-1', pid: process.pid };
	const options = {
		instances: () => [instance, { ...instance, pid: 2 ** 22 + 1 }],
		own: () => [process.pid],
		mounts: () => [],
	};
	const resources = new Resources(options);
	assert.equal(resources.host(), null);
	await resources.sample();
	assert.equal(resources.processes().length, 1);
	assert.equal(resources.processes()[0]?.instance, 'api-1');
	assert.ok((resources.own()?.memoryBytes ?? 0) > 1e7);
	assert.ok(resources.host() !== null);
	const failures: unknown[] = [];
	const trees = { sample: () => Promise.reject(new Error('no')) };
	const blind = new Resources({ ...options, trees, failed: (error) => failures.push(error) });
	await blind.sample();
	await blind.sample();
	assert.equal(failures.length, 1);
	assert.deepEqual(blind.processes(), []);
	assert.equal(blind.own(), null);
});
