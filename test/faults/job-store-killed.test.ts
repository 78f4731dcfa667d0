/** A process is killed at any moment while 64 callers hand in jobs: what it acknowledged is there, whole. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { setTimeout as sleep } from 'node:timers/promises';
import { openEmbeddedJobStore } from '../../src/jobs/embedded/embedded-job-store.ts';
import { JOB_STATES } from '../../src/jobs/job.ts';
import { count, faultTest } from './judge.ts';
import { sized } from './plan.ts';

const KILLS = sized(8, 100);
const WRITER = join(import.meta.dirname, '..', 'support', 'job-writer.ts');

/** Bytes of acknowledgements after which it is killed, at most: some hundred of them. */
const MOST_BYTES = 10_000;

const sizeOf = (file: string): number => (existsSync(file) ? statSync(file).size : 0);

/** Runs one until it has acknowledged some, and kills it. */
async function killOne(path: string, acknowledged: string): Promise<void> {
	const until = 1 + Math.random() * MOST_BYTES;
	const child = spawn(process.execPath, [WRITER, path, acknowledged], { stdio: ['ignore', 'ignore', 'inherit'] });
	const ended = new Promise((resolve) => child.once('exit', (_, signal) => resolve(signal)));
	while (sizeOf(acknowledged) < until) {
		assert.equal(child.exitCode, null);
		await sleep(1);
	}
	child.kill('SIGKILL');
	assert.equal(await ended, 'SIGKILL');
}

function idsOf(folder: string, word: string): string[] {
	const files = readdirSync(folder).filter((name) => name.startsWith('acknowledged'));
	const lines = files.flatMap((name) => readFileSync(join(folder, name), 'utf8').split('\n'));
	const ids = lines.filter((line) => line.startsWith(`${word} `)).map((line) => line.slice(word.length + 1));
	// The last line of a killed process may be cut off.
	return ids.filter((id) => id.length === 22);
}

faultTest('20', 'the store of jobs', async (judge, { stack }) => {
	const folder = mkdtempSync(join(tmpdir(), 'ballast-job-kill-'));
	stack.defer(() => rmSync(folder, { recursive: true, force: true }));
	const path = join(folder, 'jobs.db');
	for (let kills = 0; kills < KILLS; ) {
		// Now and then two at once, as two cores are during an upgrade.
		const together = kills % 5 === 0 ? 2 : 1;
		const writers = Array.from({ length: together }, () => killOne(path, join(folder, `acknowledged-${kills++}`)));
		await Promise.all(writers);
	}

	const [added, done] = [idsOf(folder, 'added'), new Set(idsOf(folder, 'done'))];
	assert.ok(added.length > KILLS && done.size > 0, `${added.length} added, ${done.size} done`);
	const store = openEmbeddedJobStore({
		path,
		quarantined: ({ reason }) => assert.fail(`quarantined: ${reason}`),
	});
	const lost: string[] = [];
	for (const id of added) {
		const state = (await store.get(id))?.state;
		if (state === undefined || (done.has(id) && state !== 'succeeded')) lost.push(`${id} ${state}`);
	}
	judge(
		'nothing that the store acknowledged is lost, 64 callers',
		`${lost.slice(0, 3).join(', ') || '0'} of ${count(added.length)}, in ${KILLS} kills`,
		lost.length === 0,
	);
	const counts: Record<string, number> = {};
	for (const name of ['queue-0', 'queue-1', 'queue-2']) {
		const view = await store.queue(name);
		for (const state of JOB_STATES) counts[state] = (counts[state] ?? 0) + view.counts[state];
	}
	await store.close();

	const database = new DatabaseSync(path);
	const integrity = String(database.prepare('PRAGMA integrity_check').get()?.['integrity_check']);
	const one = (sql: string) => database.prepare(sql).get()?.['n'];
	const all = Object.values(counts).reduce((sum, each) => sum + each, 0);
	assert.deepEqual([one('SELECT count(*) AS n FROM jobs'), one('SELECT count(*) AS n FROM payloads')], [all, all]);
	assert.equal(one('SELECT count(*) AS n FROM records'), all);
	const places = 'SELECT 1 FROM record_places WHERE part = substr(key, 1, 11) AND record_places.n = records.n';
	const unplaced = `n <= (SELECT placed FROM record_marks) AND NOT EXISTS (${places})`;
	assert.equal(one(`SELECT count(*) AS n FROM records WHERE ${unplaced}`), 0);
	assert.equal(one('SELECT count(*) AS n FROM jobs WHERE held = 1'), counts['running']);
	assert.equal(one('SELECT sum(held) AS n FROM groups'), counts['running']);
	assert.equal(one('SELECT sum(waiting) AS n FROM groups'), counts['waiting']);
	database.close();
	judge('integrity ok', `${integrity}; ${count(all)} jobs, counted as they are there`, integrity === 'ok');
});
