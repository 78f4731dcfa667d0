/** A disk that is full while jobs come in. A shorter version: test/e2e/jobs.test.ts. */
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { setTimeout as sleep } from 'node:timers/promises';
import { mountSmallDisk, NO_MOUNT } from '../../src/jobs/testing/small-disk.ts';
import { startBallast } from '../support/ballast.ts';
import { eventually } from '../support/suite.ts';
import { AlertWatch } from './alert-watch.ts';
import { JobCallers, statesOf } from './job-callers.ts';
import { workedOff } from './job-queues.ts';
import { JobUpstream } from './job-upstream.ts';
import { count, faultTest } from './judge.ts';
import { PROMISED } from './plan.ts';

const CALLERS = 64;
/** Every other one lies in a file of its own. */
const SIZES = [200, 70_000];
const DISK_KB = 256 * 1024;
const TIMES = 5;

faultTest('15', '', async (judge, { stack, leaveOut }) => {
	const disk = mountSmallDisk(DISK_KB);
	if (disk === null) return leaveOut('no more 202s', NO_MOUNT);
	stack.use(disk);
	const upstream = await JobUpstream.start();
	stack.defer(() => upstream.close());
	const offload = { upstreamKey: {}, concurrency: 16, backoff: { base: '100ms', most: '1s' } };
	const services = { app: { instances: [upstream.url], offload } };
	const ballast = stack.use(await startBallast({ workers: 2, stop: '0s', store: disk.path, services }));
	const ports = [ballast.port];
	const crowd = SIZES.map((size) => {
		const body = 'x'.repeat(size);
		return stack.use(new JobCallers({ ports, callers: CALLERS / SIZES.length, pauseMs: 300, path: '/render', body }));
	});
	const acknowledged = (): number => crowd.reduce((sum, callers) => sum + callers.acknowledged.length, 0);
	const refused = (): number =>
		crowd.reduce((sum, callers) => sum + [...callers.refused.values()].reduce((all, times) => all + times, 0), 0);
	await Promise.all(crowd.map((callers) => callers.more(100)));
	const alert = new AlertWatch(ballast, PROMISED['15']);
	let whileFull = 0;
	for (let time = 0; time < TIMES; time++) {
		const before = refused();
		disk.fill();
		await eventually(refused, (times) => times >= before + CALLERS, 30_000);
		const there = acknowledged();
		if (time === 0) await alert.fired();
		else await sleep(1000);
		whileFull += acknowledged() - there;
		disk.free();
		await Promise.all(crowd.map((callers) => callers.more(50)));
	}
	const said = crowd.map((callers) => callers.shown()).join('; ');
	judge(
		'503 while the disk is full, 202 again once there is room',
		`${TIMES} × full, ${whileFull} × 202 meanwhile; instead of 202: ${said}`,
		crowd.every((callers) => [...callers.refused.keys()].every((what) => what === '503 jobs_unavailable')),
	);
	await alert.judge(judge);
	await Promise.all(crowd.map((callers) => callers.stop()));
	await workedOff(ballast);
	const views = new Map((await Promise.all(crowd.map((callers) => callers.views()))).flatMap((each) => [...each]));
	const lost = [...views].filter(([id, view]) => view === null || !upstream.came.has(id)).length;
	const { succeeded = 0, ...others } = statesOf(views);
	judge('nothing acknowledged is lost', `${lost} of ${count(views.size)}`, lost === 0 && views.size > 500);
	judge(
		'whole again once the fault ends: all is carried out',
		`${count(succeeded)} succeeded${Object.keys(others).length > 0 ? `, ${JSON.stringify(others)}` : ''}, ${upstream.repeated} of them by a second attempt`,
		succeeded === views.size,
	);
	const alien = [...upstream.came.keys()].filter((id) => !views.has(id)).length;
	judge(
		'nothing half-stored: no job that its client does not know',
		`${alien} of ${count(upstream.came.size)}`,
		alien === 0,
	);
	const jobs = join(disk.path, 'jobs');
	const { length: large = 0 } = crowd[1]?.acknowledged ?? [];
	const bodies = await eventually(
		() => readdirSync(join(jobs, 'bodies')),
		(files) => files.length <= large && files.every((name) => !name.endsWith('.part')),
		10_000,
	);
	await ballast.stop();
	const database = new DatabaseSync(join(jobs, 'jobs.db'));
	const integrity = String(database.prepare('PRAGMA integrity_check').get()?.['integrity_check']);
	database.close();
	judge(
		'no corruption',
		`${integrity}; ${count(bodies.length)} bodies of ${count(large)} jobs with a large one`,
		integrity === 'ok',
	);
});
