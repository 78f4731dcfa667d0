import { startBallast } from '../support/ballast.ts';
import { startFaultProxy } from '../support/fault-proxy.ts';
import { connect, type RawClient } from '../support/raw-client.ts';
import { startUpstream } from '../support/raw-upstream.ts';
import { get, post } from '../support/suite.ts';
import { AlertWatch } from './alert-watch.ts';
import { textOf } from './echo-text.ts';
import { count, faultTest } from './judge.ts';
import { PROMISED, sized } from './plan.ts';
import { judgeWhole } from './wholeness.ts';

const SIZE = 400_000;

/** How the answer of each path is framed, and how a client may tell that it is not whole. */
const FRAMINGS: Record<string, string> = {
	length: `Content-Length: ${SIZE}`,
	chunked: 'Transfer-Encoding: chunked',
	close: 'Connection: close',
};

/** Of an answer that broke off: how much came, and what is wrong with it; empty: an abort that the client sees. */
function complainOf(client: RawClient, id: string): string {
	if (client.ended && client.error === '') return `${id} ended cleanly after ${client.received.length} bytes`;
	const text = client.text();
	const body = text.slice(text.indexOf('\r\n\r\n') + 4).replaceAll(/(?:^|\r\n)[0-9a-f]+\r\n/g, '');
	if (!text.startsWith('HTTP/1.1 200')) return `${id}: ${text.slice(0, 60)}`;
	if (text.includes('\r\n0\r\n')) return `${id} got a last chunk`;
	return textOf(id, SIZE).startsWith(body.replace(/\r\n$/, '')) ? '' : `${id} got bytes that are not its own`;
}

faultTest('6', '', async (judge, { stack }) => {
	const upstreams = (await Promise.all([startUpstream(), startUpstream()])).map((each) => stack.use(each));
	const proxies = (await Promise.all(upstreams.map(({ port }) => startFaultProxy(port)))).map((each) =>
		stack.use(each),
	);
	for (const upstream of upstreams)
		for (const [name, framing] of Object.entries(FRAMINGS))
			upstream.on(`/${name}`, (request, peer) => {
				const text = textOf(request.field('x-id') ?? '', SIZE);
				const chunked = `${SIZE.toString(16)}\r\n${text}\r\n0\r\n\r\n`;
				peer.send(`HTTP/1.1 200 OK\r\n${framing}\r\n\r\n${name === 'chunked' ? chunked : text}`);
				if (name === 'close') peer.finish();
			});
	const app = { instances: proxies.map(({ url }) => url) };
	const ballast = stack.use(await startBallast({ workers: 2, stop: '0s', services: { app } }));
	const rounds = sized(12, 200);
	const complaints: string[] = [];
	let asked = 0;
	const alert = new AlertWatch(ballast, PROMISED['6']);
	for (let round = 0; round < rounds; round++) {
		// Less than the sockets' buffers hold, and more.
		for (const proxy of proxies) proxy.resetAfter([300, 5000, 90_000, 250_000][round % 4] as number);
		const clients = await Promise.all(
			Object.keys(FRAMINGS).flatMap((name) =>
				['GET', 'POST'].map(async (method) => {
					const id = `r${String(asked++).padStart(6, '0')}`;
					const client = await connect(ballast.port);
					client.send(method === 'GET' ? get(`/${name}`, `X-Id: ${id}`) : post(`/${name}`, 'body', `X-Id: ${id}`));
					return { client, id };
				}),
			),
		);
		for (const { client, id } of clients) {
			await client.until(() => client.closed || client.ended, `the end of ${id}`, 10_000);
			complaints.push(...[complainOf(client, id)].filter((complaint) => complaint !== ''));
			client.destroy();
		}
	}
	const ids = upstreams.flatMap(({ requests }) => requests.map((request) => request.field('x-id')));
	const twice = ids.length - new Set(ids).size;
	judge('never retried once response bytes went out', `${count(asked)} requests, ${twice} sent twice`, twice === 0);
	judge(
		'the client sees an abort, and only bytes of its own answer',
		complaints[0] ?? `${count(asked)} of ${count(asked)} aborted`,
		complaints.length === 0,
	);
	await alert.judge(judge);
	for (const proxy of proxies) await proxy.heal();
	await judgeWhole(ballast, judge, 2);
});
