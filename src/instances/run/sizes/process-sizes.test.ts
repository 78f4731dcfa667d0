import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { getPriority, tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, test } from 'node:test';
import { findGroups } from './cgroup-place.ts';
import { CgroupSizes } from './cgroup-sizes.ts';
import { NiceSizes, niceOf } from './nice-sizes.ts';

const MIB = 1_048_576;
const closing: (() => void)[] = [];

afterEach(() => {
	for (const close of closing.splice(0)) close();
});

function node(code: string): ChildProcess & { pid: number } {
	const child = spawn(process.execPath, ['-e', code], { stdio: ['ignore', 'pipe', 'ignore'] });
	closing.push(() => child.kill('SIGKILL'));
	return child as ChildProcess & { pid: number };
}

const ended = (child: ChildProcess) =>
	new Promise<string | null>((resolve) => child.once('exit', (_, signal) => resolve(signal)));

const cpuSeconds = (pid: number): number => {
	const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]?.split(' ') ?? [];
	return (Number(fields[11]) + Number(fields[12])) / 100;
};

const sizes = process.platform === 'linux' ? findGroups() : null;
const without = (what: 'cpu' | 'memory'): string | false =>
	sizes?.holds[what] === true ? false : `there is no cgroup to be had that bounds ${what}`;

test('a process gets no more CPU than it is given, and more as soon as it is given more', {
	skip: without('cpu'),
}, async () => {
	const child = node('for (;;) {}');
	assert.equal(sizes?.give('test-cpu', child.pid, { cpu: 0.2, memoryBytes: null }), null);
	const used = async (ms: number): Promise<number> => {
		const [before, began] = [cpuSeconds(child.pid), performance.now()];
		await new Promise((resolve) => setTimeout(resolve, ms));
		return (cpuSeconds(child.pid) - before) / ((performance.now() - began) / 1000);
	};
	const little = await used(1500);
	assert.ok(little < 0.3, `${little} cores of 0.2`);
	assert.equal(sizes?.give('test-cpu', child.pid, { cpu: null, memoryBytes: null }), null);
	const free = await used(1000);
	assert.ok(free > little, `${free} cores without a bound, ${little} with one`);
	child.kill('SIGKILL');
	await ended(child);
	assert.equal(sizes?.ended('test-cpu'), false);
});

test('a process that needs more memory than it is given is ended, and that is known', {
	skip: without('memory'),
}, async () => {
	const child = node(
		'setTimeout(() => { const all = []; setInterval(() => all.push(Buffer.alloc(8e6, 1)), 5); }, 300); setTimeout(() => {}, 20000)',
	);
	assert.equal(sizes?.give('test-memory', child.pid, { cpu: null, memoryBytes: 120 * MIB }), null);
	assert.equal(await ended(child), 'SIGKILL');
	assert.equal(sizes?.ended('test-memory'), true);
});

test('version 2: what is written, and where', () => {
	const folder = mkdtempSync(join(tmpdir(), 'ballast-cgroup-'));
	closing.push(() => rmSync(folder, { recursive: true }));
	const sizes2 = new CgroupSizes({ version: 2, cpu: folder, memory: folder }, 'ballast-1');
	assert.equal(sizes2.give('videos/next-1', process.pid, { cpu: 0.5, memoryBytes: 100 * MIB }), null);
	const read = (file: string) => readFileSync(join(folder, 'ballast-1-videos_next-1', file), 'utf8');
	assert.deepEqual(['cpu.max', 'memory.high', 'memory.max', 'cgroup.procs'].map(read), [
		'50000 100000',
		String(90 * MIB),
		String(100 * MIB),
		String(process.pid),
	]);
	sizes2.give('videos/next-1', process.pid, { cpu: null, memoryBytes: null });
	assert.deepEqual(['cpu.max', 'memory.max'].map(read), ['max 100000', 'max']);
	writeFileSync(join(folder, 'ballast-1-videos_next-1', 'memory.events'), 'low 0\noom 1\noom_kill 2\n');
	assert.equal(sizes2.ended('videos/next-1'), true);
});

test('version 2 is looked for first, version 1 where it bounds nothing, and nothing is made where nothing may be', () => {
	const folder = mkdtempSync(join(tmpdir(), 'ballast-cgroup-'));
	closing.push(() => rmSync(folder, { recursive: true }));
	const proc = (mounts: string, cgroup: string): string => {
		const at = mkdtempSync(join(folder, 'proc-'));
		writeFileSync(join(at, 'mounts'), mounts);
		writeFileSync(join(at, 'cgroup'), cgroup);
		return at;
	};
	const tree = join(folder, 'a b');
	mkdirSync(join(tree, 'unit'), { recursive: true });
	const two = `cgroup2 ${tree.replace(' ', '\\040')} cgroup2 rw 0 0\n`;
	assert.equal(findGroups(proc(two, '0::/unit\n')), null);
	writeFileSync(join(tree, 'unit', 'cgroup.controllers'), 'cpuset cpu memory\n');
	assert.equal(findGroups(proc(two, '0::/unit\n'))?.kind, 'cgroup v2');
	assert.equal(readFileSync(join(tree, 'unit', 'cgroup.subtree_control'), 'utf8'), '+cpu +memory');
	const one = `cgroup ${tree.replace(' ', '\\040')} cgroup rw,cpu,cpuacct 0 0\n`;
	assert.equal(findGroups(proc(one, '4:cpu,cpuacct:/unit\n'))?.kind, 'cgroup v1 (cpu only)');
	assert.equal(findGroups(proc(one, '4:cpu,cpuacct:/nowhere\n')), null);
	assert.equal(findGroups(join(folder, 'nothing')), null);
});

test('without cgroups: who is given less comes later', async () => {
	assert.deepEqual([1, 0.5, 0.1, 4].map(niceOf), [0, 3, 10, 0]);
	const child = node('setTimeout(() => {}, 20000)');
	assert.equal(new NiceSizes().give('x', child.pid, { cpu: 0.5, memoryBytes: null }), null);
	assert.equal(getPriority(child.pid), 3);
	assert.match(new NiceSizes().give('x', 2 ** 22 + 7, { cpu: 0.5, memoryBytes: null }) as string, /cannot be set/);
});
