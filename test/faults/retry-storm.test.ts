import http from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { startBallast } from '../support/ballast.ts';
import { eventually } from '../support/suite.ts';
import { AlertWatch } from './alert-watch.ts';
import { EchoLoad } from './echo-load.ts';
import { count, faultTest } from './judge.ts';
import { LONG, PROMISED, sized } from './plan.ts';

const seen = new WeakSet<Socket>();

/** How instances fail: all of them the same. */
const WAYS: Record<string, (request: http.IncomingMessage, response: http.ServerResponse, n: number) => void> = {
	'503 to all': (_, response) => response.writeHead(503).end(),
	'every other request 502': (_, response, n) => response.writeHead(n % 2 === 0 ? 502 : 200, { 'x-id': '?' }).end(),
	'all reset': (request) => request.socket.resetAndDestroy(),
	'the second request of each connection reset': ({ socket }, response) => {
		if (seen.has(socket)) socket.resetAndDestroy();
		else response.end('ok');
		seen.add(socket);
	},
};

/** An instance of the test's own, which counts what comes. */
async function startCounting(stack: AsyncDisposableStack, way: string) {
	const found = { url: '', requests: 0 };
	const server = http.createServer((request, response) => WAYS[way]?.(request, response, found.requests++));
	await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
	stack.defer(() => {
		server.close();
		server.closeAllConnections();
	});
	found.url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
	return found;
}

/** With all defaults; and without the outliers' verdict: then nothing but the budget holds the storm back. */
const POLICIES: Record<string, Record<string, unknown>> = { 'by default': {}, 'outliers off': { outliers: 'off' } };
const LEAST = 2000;
const CASES = Object.keys(POLICIES).flatMap((policy) => Object.keys(WAYS).map((way) => ({ policy, way })));

/** The shorter version takes the first way with the defaults, and the resets without outliers. */
for (const [at, { policy, way }] of CASES.entries())
	if (LONG || at === 0 || (policy !== 'by default' && way.includes('reset')))
		faultTest('25', `${way}, ${policy}`, async (judge, { stack }) => {
			const instances = await Promise.all([1, 2, 3].map(() => startCounting(stack, way)));
			const urls = instances.map(({ url }) => url);
			const app = { instances: urls, health: { kind: 'tcp', interval: '1s' }, ...POLICIES[policy] };
			const ballast = stack.use(await startBallast({ workers: 2, stop: '0s', services: { app } }));
			// What repeats on a kept connection that had ended is no retry: of its errors there is an alert all the same.
			const watched = way.startsWith('the second') ? { alert: 'errors', seconds: 30 } : PROMISED['25'];
			const alert = new AlertWatch(ballast, watched);
			const load = stack.use(new EchoLoad({ port: ballast.port, clients: 24, fresh: 4 }));
			await sleep(sized(800, 15_000));
			// Beside few requests the floor of 10 retries a second is the larger part.
			await eventually(
				() => load.sent,
				(sent) => sent >= LEAST,
				30_000,
			);
			// It has to last for the rule: too long for the shorter version.
			if (LONG) await alert.fired();
			await load.stop();
			const came = instances.reduce((sum, { requests }) => sum + requests, 0);
			judge(
				`upstream load ≤ 1.2 ×: ${way}, ${policy}`,
				`${(came / load.sent).toFixed(3)} × (${count(came)} of ${count(load.sent)} requests)`,
				came <= 1.2 * load.sent,
			);
			if (LONG) await alert.judge(judge, `${way}, ${policy}`);
		});
