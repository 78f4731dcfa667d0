import { setTimeout as sleep } from 'node:timers/promises';
import { TestingDns, type Zone } from '../../src/instances/dns/testing-dns.ts';
import { startBallast } from '../support/ballast.ts';
import { eventually, statusOf } from '../support/suite.ts';
import { AlertWatch } from './alert-watch.ts';
import { startEcho } from './echo-instances.ts';
import { EchoLoad } from './echo-load.ts';
import { count, faultTest } from './judge.ts';
import { LONG, PROMISED, sized } from './plan.ts';
import { judgeWhole } from './wholeness.ts';

const GOOD: Zone = { a: ['127.0.0.1', '127.0.0.2'] };
const FAULTS: Zone[] = ['nxdomain', 'silent', 'servfail', { a: [] }];

faultTest('7', '', async (judge, { stack }) => {
	const dns = await TestingDns.start(GOOD);
	stack.defer(() => dns.close());
	// The name's addresses lead to one process, which listens on all.
	const { port } = stack.use(await startEcho({ ECHO_HOST: '0.0.0.0' }));
	const instances = { dns: `api.example:${port}`, resolve: '500ms', resolver: dns.address, family: 4 };
	const ballast = stack.use(await startBallast({ workers: 2, stop: '0s', services: { app: { instances } } }));
	const addresses = async () => (await statusOf(ballast)).services[0]?.instances.map(({ host }) => host).sort() ?? [];
	await eventually(addresses, (found) => found.length === 2);
	const load = stack.use(new EchoLoad({ port: ballast.port, clients: 8, fresh: 4, pauseMs: 2 }));
	const alert = new AlertWatch(ballast, PROMISED['7']);
	for (const zone of FAULTS) {
		dns.zone = zone;
		const { queries } = dns;
		await eventually(
			() => dns.queries - queries,
			(asked) => asked >= 2,
			15_000,
		);
		await sleep(sized(100, 10_000));
		const kept = (await addresses()).join(' ');
		const name = typeof zone === 'string' ? zone.toUpperCase() : 'an answer without addresses';
		judge(`last good addresses kept: ${name}`, `${kept} after ${dns.queries - queries} queries`, kept === GOOD_TEXT);
	}
	if (LONG) await alert.judge(judge);
	dns.zone = { a: ['127.0.0.2', '127.0.0.3'] };
	const healed = performance.now();
	await eventually(addresses, (found) => found.join() === '127.0.0.2,127.0.0.3', 20_000);
	const tookMs = performance.now() - healed;
	await load.stop();
	judge('no request fails', `${load.shown()} of ${count(load.sent)}`, load.failures.length === 0 && load.sent > 100);
	judge('a new answer is taken up', `after ${(tookMs / 1000).toFixed(1)} s, looked up each 0.5 s`, tookMs < 12_000);
	await judgeWhole(ballast, judge, 2);
});

const GOOD_TEXT = '127.0.0.1 127.0.0.2';
