import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { test } from 'node:test';
import { Worker } from 'node:worker_threads';
import {
	childMicros,
	cpuMicros,
	memoryOf,
	parseRollup,
	parseStat,
	readAllStats,
	readEnvironment,
	readStat,
	threadMicros,
} from './proc-stat.ts';

test('a stat line is read, whatever the name of the program holds', () => {
	const tail = 'S 17 42 42 0 -1 4194304 100 0 0 0 321 123 7 8 20 0 1 0 5555 1000 2000';
	for (const name of ['nginx', 'a) S 1 2', 'two words', ')(']) {
		assert.deepEqual(parseStat(`42 (${name}) ${tail}`), {
			pid: 42,
			ppid: 17,
			userTicks: 321,
			systemTicks: 123,
			startTicks: 5555,
		});
	}
	assert.equal(parseStat(''), undefined);
	assert.equal(parseStat('42 (cut) S 17'), undefined);
});

test('memory is read in bytes', () => {
	const text = '5581 [rollup]\nRss:    1000 kB\nPss:   250 kB\nPrivate_Clean:   10 kB\nPrivate_Dirty:  40 kB\n';
	assert.deepEqual(parseRollup(text), { own: 51_200, shared: 972_800 });
	assert.deepEqual(parseRollup(''), { own: 0, shared: 0 });
});

test('this process is found, with its parent, environment and memory', () => {
	const own = readStat(process.pid);
	assert.equal(own?.ppid, process.ppid);
	assert.ok(readAllStats().some((stat) => stat.pid === process.pid));
	assert.equal(readEnvironment(process.pid, 'PATH'), process.env.PATH);
	const one = memoryOf([process.pid]);
	assert.ok(Math.abs(one - process.memoryUsage.rss()) < 20e6, `${one}`);
	assert.equal(memoryOf([2 ** 22 + 1]), 0);
});

test('CPU time is what was spent, and an ended process counts nothing', () => {
	const before = cpuMicros([process.pid]);
	const end = performance.now() + 200;
	while (performance.now() < end);
	const spent = cpuMicros([process.pid]) - before;
	// Upward without a bound: other threads of this process may work too; downward a busy machine may take its share.
	assert.ok(spent >= 40_000, `${spent} µs`);
	assert.equal(cpuMicros([2 ** 22 + 1]), 0);
});

test('threads are told apart by their names, and children count once they have ended', async () => {
	const busy = 'const end = performance.now() + 100; while (performance.now() < end);';
	const worker = new Worker(
		`${busy} require("node:worker_threads").parentPort.postMessage(0);setInterval(() => {}, 1000)`,
		{
			eval: true,
			name: 'bench-busy',
		},
	);
	await new Promise((resolve) => worker.once('message', resolve));
	const [thread] = threadMicros(process.pid).filter(({ name }) => name === 'bench-busy');
	await worker.terminate();
	assert.ok(thread !== undefined && thread.micros >= 20_000, `${thread?.micros} µs`);
	assert.deepEqual(threadMicros(2 ** 22 + 1), []);
	const before = childMicros();
	spawnSync(process.execPath, ['-e', busy]);
	assert.ok(childMicros() - before >= 20_000);
});
