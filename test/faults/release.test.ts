import { setTimeout as sleep } from 'node:timers/promises';
import { startBallast } from '../support/ballast.ts';
import { eventually, statusOf } from '../support/suite.ts';
import { AlertWatch } from './alert-watch.ts';
import type { Told } from './echo-client.ts';
import { ECHO_RUN } from './echo-instances.ts';
import { EchoLoad } from './echo-load.ts';
import { count, faultTest } from './judge.ts';
import { LONG, PROMISED, sized } from './plan.ts';
import { judgeWhole } from './wholeness.ts';

const INSTANCES = 2;

interface Ended {
	outcome: string;
	text: string;
}

faultTest('release', '', async (judge, { stack }) => {
	const app = {
		instances: { run: ECHO_RUN, grace: '2s' },
		scale: INSTANCES,
		health: '/',
		deploy: { steps: ['1%', '5%', '25%'], every: `${sized(1, 5)}s`, requests: sized(100, 200) },
	};
	const ballast = stack.use(await startBallast({ workers: 2, stop: '0s', services: { app } }));
	await eventually(
		async () => (await statusOf(ballast)).services[0]?.ready,
		(ready) => ready === INSTANCES,
		20_000,
	);
	const load = stack.use(
		new EchoLoad({
			port: ballast.port,
			clients: 32,
			fresh: 2,
			request: (n) => (n % 4 === 0 ? { method: 'POST', bodySize: 100 } : {}),
		}),
	);
	const told: Told[] = [];
	load.onTold = (each) => told.push(each);
	const rolledBack: Ended[] = [];
	let during = 0;
	let touched = 0;
	let failed = 0;
	let seconds = 0;
	let alert: AlertWatch | undefined;
	const releases = sized(1, 5);
	for (let release = 1; release <= releases; release++) {
		await sleep(500);
		told.length = 0;
		const started = performance.now();
		const startedMs = Date.now();
		const command = [...ECHO_RUN, '--errors', '0.05', '--release', 'bad '];
		rolledBack.push((await ballast.control('deploy', { service: 'app', command })) as Ended);
		// How long it is looked at before it is rolled back is a matter of the steps.
		alert ??= new AlertWatch(ballast, PROMISED.release, startedMs);
		seconds = Math.max(seconds, (performance.now() - started) / 1000);
		const own = told.filter(({ instance }) => instance.startsWith('bad '));
		during += told.length;
		touched += own.length;
		failed += told.filter(({ status }) => status !== 200).length;
	}
	const after = told.length;
	await sleep(300);
	const late = told.slice(after).filter(({ instance }) => instance.startsWith('bad ')).length;
	if (LONG) {
		const before = load.failures.length;
		const good = (await ballast.control('deploy', {
			service: 'app',
			command: [...ECHO_RUN, '--release', 'good '],
		})) as Ended;
		const failures = load.failures.slice(before);
		judge(
			'a good one takes over',
			`${good.text}; failed: ${load.shown(failures)}`,
			good.outcome === 'promoted' && failures.length === 0,
		);
	}
	await load.stop();
	judge(
		'rolled back by itself',
		`${rolledBack.map(({ outcome }) => outcome).join(', ')} within ${seconds.toFixed(0)} s: ${rolledBack.at(-1)?.text}`,
		rolledBack.every(({ outcome }) => outcome === 'rolled_back') && late === 0,
	);
	judge(
		'≤ 2 % of the requests touched',
		`${count(touched)} of ${count(during)} (${((100 * touched) / during).toFixed(2)} %), ${failed} of them failed; ${releases} × released`,
		touched > 0 && touched <= 0.02 * during,
	);
	await alert?.judge(judge);
	await judgeWhole(ballast, judge, INSTANCES);
});
