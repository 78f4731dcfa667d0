import { promises as dns } from 'node:dns';
import { createServer, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { TestingDns, type Zone } from '../../src/instances/dns/testing-dns.ts';
import { callWebhook, type Resolve } from '../../src/jobs/webhooks/call-webhook.ts';
import { WebhookJudge } from '../../src/jobs/webhooks/webhook-rules.ts';
import { faultTest } from './judge.ts';

const HOST = 'hooks.example';
/** Stands for a public address: it is the one that may be called. */
const PUBLIC = '127.0.0.2';
/** On this machine, with nothing allowed. */
const PRIVATE = '127.0.0.1';
/** What leads to the same place by another name. */
const BAD_ZONES: Readonly<Record<string, Zone>> = {
	'a private address': { a: [PRIVATE] },
	'a private address behind a public one': { a: [PUBLIC, PRIVATE] },
	'an IPv6 address that holds it': { aaaa: ['::ffff:7f00:1'] },
	'an IPv6 loopback beside a public one': { a: [PUBLIC], aaaa: ['::1'] },
	'metadata of a cloud': { a: ['169.254.169.254'] },
	'NAT64 of metadata': { aaaa: ['64:ff9b::a9fe:a9fe'] },
};

async function listen(
	host: string,
	port: number,
	answer: (response: ServerResponse) => void,
): Promise<{ server: Server; calls: () => number }> {
	let calls = 0;
	const server = createServer((_, response) => {
		calls++;
		answer(response);
	});
	await new Promise<void>((resolve, reject) => server.once('error', reject).listen(port, host, resolve));
	return { server, calls: () => calls };
}

faultTest('31', '', async (judge, { stack }) => {
	const names = await TestingDns.start({ a: [PUBLIC] });
	stack.defer(() => names.close());
	const resolver = new dns.Resolver({ timeout: 5000, tries: 1 });
	resolver.setServers([names.address]);
	/** The zone that each look-up is followed by. */
	let next: Zone | null = null;
	const resolve: Resolve = async (host) => {
		const [four, six] = await Promise.allSettled([resolver.resolve4(host), resolver.resolve6(host)]);
		if (next !== null) names.zone = next;
		const found = (of: PromiseSettledResult<string[]>, family: number) =>
			of.status === 'fulfilled' ? of.value.map((address) => ({ address, family })) : [];
		return [...found(four, 4), ...found(six, 6)];
	};
	const redirects: Record<string, string> = {};
	const victim = await listen(PRIVATE, 0, (response) => response.end());
	const { port } = victim.server.address() as AddressInfo;
	const receiver = await listen(PUBLIC, port, (response) =>
		response.writeHead(307, { location: redirects['to'] ?? '' }).end(),
	);
	for (const { server } of [victim, receiver]) stack.defer(() => void server.close());
	const rules = new WebhookJudge({ allow: [`${PUBLIC}/32`], http: [`${HOST}:${port}`], ports: [443] });
	const call = () =>
		callWebhook({ url: `http://${HOST}:${port}/`, headers: {}, body: '{}', waitMs: 20_000 }, rules, resolve);

	redirects['to'] = `http://${PRIVATE}:${port}/`;
	const redirected = await call();
	const status = redirected.kind === 'answered' ? String(redirected.status) : redirected.kind;
	judge(
		'a redirect is not followed',
		`${status}; the victim had ${victim.calls()} calls`,
		status === '307' && victim.calls() === 0,
	);

	next = { a: [PRIVATE] };
	const { queries } = names;
	await call();
	const asked = names.queries - queries;
	const rebound = `connected to what was judged, ${asked} queries (A, AAAA); the victim had ${victim.calls()} calls`;
	judge(
		'rebinding between the check and the connection',
		rebound,
		receiver.calls() === 2 && asked === 2 && victim.calls() === 0,
	);
	const second = await call();
	judge('the next try is judged anew', second.kind, second.kind === 'refused' && victim.calls() === 0);

	next = null;
	for (const [what, zone] of Object.entries(BAD_ZONES)) {
		names.zone = zone;
		const before = receiver.calls() + victim.calls();
		const answer = await call();
		const reason = answer.kind === 'refused' ? answer.reason : '';
		judge(
			`a name that leads to ${what}`,
			`${answer.kind} ${reason}`,
			reason !== '' && receiver.calls() + victim.calls() === before,
		);
	}
});
