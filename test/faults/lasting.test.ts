/** Faults that have to last until somebody is told of them; in the longer version only. */
import { execFileSync } from 'node:child_process';
import { rmSync, statfsSync, writeFileSync } from 'node:fs';
import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Ballast, startBallast } from '../support/ballast.ts';
import { eventually, statusOf } from '../support/suite.ts';
import { AlertWatch } from './alert-watch.ts';
import { ECHO_RUN } from './echo-instances.ts';
import { EchoLoad } from './echo-load.ts';
import { count, faultTest } from './judge.ts';
import { LONG, PROMISED } from './plan.ts';
import { judgeWhole } from './wholeness.ts';

const INSTANCES = 2;
const app = { instances: { run: ECHO_RUN, grace: '2s' }, scale: INSTANCES, health: '/' };

async function started(stack: AsyncDisposableStack, config: Record<string, unknown>): Promise<Ballast> {
	const ballast = stack.use(await startBallast({ workers: 2, stop: '0s', ...config }));
	await eventually(
		async () => (await statusOf(ballast)).services[0]?.ready,
		(ready) => ready === INSTANCES,
		20_000,
	);
	return ballast;
}

if (LONG) {
	faultTest('crashes', '', async (judge, { stack }) => {
		const ballast = await started(stack, { services: { app } });
		const load = stack.use(new EchoLoad({ port: ballast.port, clients: 4, pauseMs: 20 }));
		await sleep(2000);
		const alert = new AlertWatch(ballast, PROMISED.crashes);
		let over = false;
		let kills = 0;
		const killing = (async () => {
			while (!over) {
				const [first] = (await statusOf(ballast)).services[0]?.instances ?? [];
				if (first?.state === 'ready' && first.pid !== null) {
					process.kill(first.pid, 'SIGKILL');
					kills++;
				}
				await sleep(200);
			}
		})();
		await alert.fired();
		over = true;
		await killing;
		await load.stop();
		judge(
			'no failed GET, the other one being there',
			`${load.shown()} of ${count(load.sent)}, ${kills} kills`,
			load.failures.length === 0,
		);
		await alert.judge(judge);
		await judgeWhole(ballast, judge, INSTANCES);
	});

	faultTest('disk', '', async (judge, { stack, leaveOut }) => {
		const folder = await mkdtemp(join(tmpdir(), 'ballast-disk-'));
		stack.defer(() => rmSync(folder, { recursive: true, force: true }));
		try {
			execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=32m', 'tmpfs', folder], { stdio: 'pipe' });
		} catch {
			return leaveOut('a full disk', 'a file system of the test’s own can only be mounted by root');
		}
		stack.defer(() => void execFileSync('umount', ['-l', folder]));
		const ballast = await started(stack, { store: { folder: join(folder, 'store') }, services: { app } });
		const load = stack.use(new EchoLoad({ port: ballast.port, clients: 4, pauseMs: 10 }));
		await sleep(3000);
		const { bavail, bsize } = statfsSync(folder);
		const alert = new AlertWatch(ballast, PROMISED.disk);
		const filler = join(folder, 'filler');
		try {
			writeFileSync(filler, Buffer.alloc(bavail * bsize));
		} catch {
			// What was written meanwhile; it is full all the same.
		}
		await alert.judge(judge);
		rmSync(filler, { force: true });
		await load.stop();
		judge('no request fails', `${load.shown()} of ${count(load.sent)}`, load.failures.length === 0);
		await judgeWhole(ballast, judge, INSTANCES);
	});

	faultTest('overload', '', async (judge, { stack }) => {
		const ballast = await started(stack, { services: { app: { ...app, concurrency: 4 } } });
		const alert = new AlertWatch(ballast, PROMISED.overload);
		const load = stack.use(
			new EchoLoad({ port: ballast.port, clients: 16, pauseMs: 20, request: () => ({ deed: 'late' }) }),
		);
		await alert.fired();
		await load.stop();
		const refused = load.failures.filter(({ status }) => status === 503).length;
		judge(
			'what is too much is refused, the rest is answered',
			`${count(load.answered)} answered, ${count(refused)} × 503 of ${count(load.sent)}`,
			load.answered > 100 && refused === load.failures.length && refused > 0,
		);
		await alert.judge(judge);
		await judgeWhole(ballast, judge, INSTANCES);
	});
}
