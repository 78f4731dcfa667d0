import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'node:test';
import { HolderLock } from './holder-lock.ts';

const MODULE = new URL('./holder-lock.ts', import.meta.url).href;

/** A process that holds a lock until it is killed. */
async function holder(folder: string, name: string): Promise<() => Promise<void>> {
	const script = `const { HolderLock } = await import(${JSON.stringify(MODULE)});
		globalThis.lock = new HolderLock(${JSON.stringify(folder)}, ${JSON.stringify(name)});
		console.log('held'); setInterval(() => {}, 60_000);`;
	const child = spawn(process.execPath, ['--input-type=module', '-e', script], {
		stdio: ['ignore', 'pipe', 'inherit'],
	});
	await once(child.stdout, 'data');
	return async () => {
		child.kill('SIGKILL');
		await once(child, 'exit');
	};
}

test('a holder is gone once its process is, however that ended, and not before', async () => {
	const folder = mkdtempSync(join(tmpdir(), 'ballast-holders-'));
	try {
		const kill = await holder(folder, 'one');
		const two = new HolderLock(folder, 'two');
		assert.deepEqual(two.gone, []);
		// Of one process, too.
		const three = new HolderLock(folder, 'three');
		assert.deepEqual(three.gone, []);
		assert.deepEqual(
			['one', 'two', 'nobody'].map((name) => three.isAlive(name)),
			[true, true, false],
		);
		await kill();
		assert.equal(three.isAlive('one'), false);
		two.release();
		const four = new HolderLock(folder, 'four');
		assert.deepEqual(four.gone, ['one']);
		four.release();
		three.release();
	} finally {
		rmSync(folder, { recursive: true });
	}
});

test('one that is only being made is not taken for gone; what was left so for long is removed', () => {
	const folder = mkdtempSync(join(tmpdir(), 'ballast-holders-'));
	try {
		for (const name of ['making.part', 'left.part']) writeFileSync(join(folder, name), '');
		const longAgo = Date.now() / 1000 - 3600;
		utimesSync(join(folder, 'left.part'), longAgo, longAgo);
		const one = new HolderLock(folder, 'one');
		assert.deepEqual(one.gone, []);
		assert.deepEqual(readdirSync(folder).toSorted(), ['making.part', 'one.lock']);
		assert.equal(one.isAlive('nobody'), false);
		one.release();
		assert.deepEqual(readdirSync(folder), ['making.part'], 'to ask for one does not make it');
	} finally {
		rmSync(folder, { recursive: true });
	}
});
