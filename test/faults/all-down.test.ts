import { startBallast } from '../support/ballast.ts';
import { eventually, statusOf } from '../support/suite.ts';
import { AlertWatch } from './alert-watch.ts';
import type { Told } from './echo-client.ts';
import { startEchoes } from './echo-instances.ts';
import { EchoLoad } from './echo-load.ts';
import { faultTest, ms, percentile } from './judge.ts';
import { LONG, PROMISED, sized } from './plan.ts';
import { askOnce, judgeWhole } from './wholeness.ts';

faultTest('8', '', async (judge, { stack }) => {
	const instances = await startEchoes(stack, 3);
	const app = { instances: instances.map(({ proxy }) => proxy.url), health: { interval: '300ms', timeout: '300ms' } };
	const ballast = stack.use(await startBallast({ workers: 2, stop: '0s', services: { app } }));
	const ready = async () => (await statusOf(ballast)).services[0]?.ready;
	await eventually(ready, (found) => found === 3);
	const load = stack.use(new EchoLoad({ port: ballast.port, clients: 8, fresh: 4, pauseMs: 5 }));
	const alert = new AlertWatch(ballast, PROMISED['8']);
	for (const { proxy } of instances) proxy.die();
	const died = performance.now();
	await eventually(ready, (found) => found === 0, 20_000);
	const noticedMs = performance.now() - died;
	await load.stop();
	const told: Told[] = [];
	for (let i = 0; i < sized(300, 5000); i++)
		told.push(await askOnce(ballast.port, i % 2 === 0 ? {} : { method: 'POST', bodySize: 1000 }));
	const took = told.map(({ tookMs }) => tookMs);
	const statuses = [...new Set(told.map(({ status, why }) => `${status} ${/"code":"(\w+)"/.exec(why)?.[1]}`))].join(
		', ',
	);
	judge(
		'503 in < 50 ms (p99)',
		`${statuses} after ${ms(percentile(took, 0.5))}, p99 ${ms(percentile(took, 0.99))}, at most ${ms(Math.max(...took))}; noticed after ${ms(noticedMs)}`,
		statuses === '503 no_ready_instance' && percentile(took, 0.99) < 50,
	);
	if (LONG) await alert.judge(judge);
	for (const { proxy } of instances) await proxy.accept();
	await judgeWhole(ballast, judge, 3);
});
