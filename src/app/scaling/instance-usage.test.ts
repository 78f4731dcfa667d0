import assert from 'node:assert/strict';
import test from 'node:test';
import { InstanceUsage } from './instance-usage.ts';

const WHOLE = { cpu: null, memoryBytes: null };

function usageOf() {
	const usage = new InstanceUsage();
	const read = (atMs: number, cpuSeconds: number, memoryBytes = 1e6) =>
		usage.read([{ instance: 'a', cpuSeconds, memoryBytes }], atMs);
	const cores = (cpu: number | null = null) => usage.cpu({ cpu, memoryBytes: null }).get('a')?.value;
	return { usage, read, cores };
}

test('CPU is known from the second reading on, as a share of what is given', () => {
	const { usage, read, cores } = usageOf();
	read(1000, 50);
	assert.equal(cores(), undefined);
	read(3000, 51);
	assert.equal(cores(), 0.5);
	assert.equal(cores(0.25), 2);
	assert.equal(usage.cpu(WHOLE).get('a')?.atMs, 3000);
	assert.equal(usage.cpu(WHOLE).get('b'), undefined);
});

test('a total that stays the same was not read anew; after a while it is idle', () => {
	const { read, cores } = usageOf();
	read(0, 50);
	read(1000, 51);
	read(2000, 51);
	read(4000, 51);
	assert.equal(cores(), 1);
	// Over all of the time since it changed.
	read(5000, 53);
	assert.equal(cores(), 0.5);
	read(9000, 53);
	assert.equal(cores(), 0);
});

test('less than before is another process: nothing is known until its next reading', () => {
	const { read, cores } = usageOf();
	read(0, 50);
	read(1000, 51);
	read(2000, 0.1);
	assert.equal(cores(), undefined);
	read(3000, 0.3);
	assert.ok(Math.abs((cores() ?? 0) - 0.2) < 1e-9);
});

test('memory is a share of what is given, or of the machine; unknown without either', () => {
	const { usage, read } = usageOf();
	read(1000, 1, 50e6);
	const of = (memoryBytes: number | null, machine: number) =>
		usage.memory({ cpu: null, memoryBytes }, machine).get('a')?.value;
	assert.equal(of(100e6, 1e9), 0.5);
	assert.equal(of(null, 1e9), 0.05);
	assert.equal(of(null, Number.NaN), undefined);
	read(2000, 1, Number.NaN);
	assert.equal(of(100e6, 1e9), undefined);
});

test('instances that are no more are forgotten', () => {
	const { usage, read, cores } = usageOf();
	read(0, 50);
	read(1000, 51);
	usage.read([], 70_000);
	assert.equal(cores(), undefined);
});
