import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { launch, type Program } from './command.ts';
import { readStat } from './proc-stat.ts';

/** A program with a child, and with a grandchild that has left its session and lost its parent. */
const FAMILY = 'sleep 60 & setsid sh -c "setsid sleep 60 & exit" & trap "" TERM; wait; wait; sleep 60';

async function treeOf(program: Program, size: number): Promise<number[]> {
	for (let turn = 0; turn < 100; turn++) {
		const pids = program.tree();
		if (pids.length === size) return pids;
		await sleep(20);
	}
	throw new Error(`the tree never had ${size} processes: ${program.tree()}`);
}

test('a tree holds detached descendants too, and all of it is ended', async () => {
	const program = launch({ argv: ['sh', '-c', FAMILY], cores: '0' });
	const pids = await treeOf(program, 3);
	assert.ok(pids.includes(program.pid));
	await program.stop(200);
	await sleep(50);
	for (const pid of pids) assert.equal(readStat(pid), undefined, `${pid} is left`);
});

test('the exit code and what was printed are kept', async () => {
	const program = launch({ argv: ['sh', '-c', 'echo out; echo err >&2; exit 7'], cores: '0' });
	while (program.exitCode() === undefined) await sleep(10);
	await sleep(20);
	assert.equal(program.exitCode(), 7);
	assert.match(program.output(), /out/);
	assert.match(program.output(), /err/);
	await program.stop();
});

test('a program that does not exist ends with a reason', async () => {
	const program = launch({ argv: ['/does/not/exist'], cores: '0' });
	while (program.exitCode() === undefined) await sleep(10);
	await sleep(20);
	assert.notEqual(program.exitCode(), 0);
	assert.match(program.output(), /does\/not\/exist/);
	await program.stop();
});
