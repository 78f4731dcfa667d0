import { readFileSync } from 'node:fs';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { getCACertificates, setDefaultCACertificates } from 'node:tls';
import { callWebhook, type Resolve, type WebhookAnswer } from '../../src/jobs/webhooks/call-webhook.ts';
import { WebhookJudge } from '../../src/jobs/webhooks/webhook-rules.ts';
import { Certificates } from '../support/certificates.ts';
import { faultTest } from './judge.ts';

const HOST = 'hooks.example';

faultTest('31', 'who answers in the name of the host', async (judge, { stack }) => {
	const certificates = new Certificates();
	stack.defer(() => certificates.remove());
	const { cert, key } = certificates.issue(HOST);
	let calls = 0;
	const server = createServer({ cert: readFileSync(cert), key: readFileSync(key) }, (_, response) => {
		calls++;
		response.writeHead(204).end();
	});
	await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
	stack.defer(() => void server.close());
	const { port } = server.address() as AddressInfo;
	const rules = new WebhookJudge({ allow: ['127.0.0.1'], http: [], ports: [port] });
	const resolve: Resolve = async () => [{ address: '127.0.0.1', family: 4 }];
	const call = (host: string): Promise<WebhookAnswer> =>
		callWebhook({ url: `https://${host}:${port}/`, headers: {}, body: '{}', waitMs: 20_000 }, rules, resolve);
	const shown = (answer: WebhookAnswer): string =>
		answer.kind === 'answered' ? String(answer.status) : answer.kind === 'failed' ? answer.why : answer.reason;

	process.env['NODE_TLS_REJECT_UNAUTHORIZED'] = '0';
	stack.defer(() => void delete process.env['NODE_TLS_REJECT_UNAUTHORIZED']);
	const unknown = await call(HOST);
	judge('a certificate that nobody vouches for', shown(unknown), unknown.kind === 'failed' && calls === 0);
	delete process.env['NODE_TLS_REJECT_UNAUTHORIZED'];

	setDefaultCACertificates([...getCACertificates('default'), certificates.authority]);
	const other = await call('other.example');
	judge('the certificate of another host', shown(other), other.kind === 'failed' && calls === 0);
	const good = await call(HOST);
	judge('that of the host, behind an address that was judged', shown(good), shown(good) === '204' && calls === 1);
});
