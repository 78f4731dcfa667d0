import type { Ended } from '../../src/app/rollout-run.ts';
import { startBallast } from '../support/ballast.ts';
import { eventually, statusOf } from '../support/suite.ts';
import type { Told } from './echo-client.ts';
import { ECHO_RUN } from './echo-instances.ts';
import { EchoLoad } from './echo-load.ts';
import { count, faultTest, ms } from './judge.ts';
import { sized } from './plan.ts';
import { judgeWhole } from './wholeness.ts';

const INSTANCES = 3;

faultTest('release', '', async (judge, { stack }) => {
	const app = {
		instances: { run: [...ECHO_RUN, '--release', 'old '], grace: '3s' },
		scale: INSTANCES,
		health: { path: '/', interval: '500ms' },
		// The steps and the judge as they are by default, only sooner, and without a look at how busy this machine is.
		deploy: { every: '1s', latency: 'off' },
	};
	const ballast = stack.use(await startBallast({ workers: 2, stop: '0s', services: { app } }));
	const ready = async () => (await statusOf(ballast)).services[0]?.ready;
	await eventually(ready, (found) => found === INSTANCES, 20_000);
	const deploy = (release: string, errors: string) =>
		ballast.control('deploy', {
			service: 'app',
			command: [...ECHO_RUN, '--release', release, '--errors', errors],
		}) as Promise<Ended>;
	const rounds = sized(1, 10);
	const shares: number[] = [];
	const tookMs: number[] = [];
	const wrong: string[] = [];
	let requests = 0;
	for (let round = 0; round < rounds; round++) {
		const seen = { all: 0, bad: 0 };
		const load = new EchoLoad({ port: ballast.port, clients: 16, fresh: 2 });
		load.onTold = ({ instance }: Told) => {
			seen.all++;
			if (instance.startsWith('bad ')) seen.bad++;
		};
		const began = performance.now();
		const { outcome, text } = await deploy('bad ', '0.05');
		tookMs.push(performance.now() - began);
		await load.stop();
		if (outcome !== 'rolled_back') wrong.push(text);
		shares.push(seen.bad / seen.all);
		requests += seen.all;
		const others = load.failures.filter(({ status, instance }) => status !== 500 || !instance.startsWith('bad '));
		if (others.length > 0) wrong.push(load.shown(others));
		await eventually(ready, (found) => found === INSTANCES, 20_000);
	}
	judge(
		'rolled back by itself, having touched ≤ 2 % of the requests',
		wrong[0] ??
			`${rounds} of ${rounds}, at most ${(Math.max(...shares) * 100).toFixed(2)} % of ${count(requests / rounds)} requests each, after at most ${ms(Math.max(...tookMs))}`,
		wrong.length === 0 && Math.max(...shares) <= 0.02 && Math.min(...shares) > 0,
	);
	const load = stack.use(
		new EchoLoad({
			port: ballast.port,
			clients: 16,
			fresh: 2,
			request: (n) => (n % 4 === 0 ? { method: 'POST', bodySize: 200 } : {}),
		}),
	);
	const began = performance.now();
	const { outcome, text } = await deploy('good ', '0');
	const promotedMs = performance.now() - began;
	await load.stop();
	judge(
		'a good release takes over, and no request fails',
		outcome === 'promoted' ? `after ${ms(promotedMs)}; ${load.shown()} of ${count(load.sent)}` : text,
		outcome === 'promoted' && load.failures.length === 0,
	);
	await judgeWhole(ballast, judge, INSTANCES);
});
