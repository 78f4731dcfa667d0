/** Certificates, tokens and hostile answers, over real sockets. */
import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, afterEach, test } from 'node:test';
import type { KubernetesConfig } from '../../src/instances/kubernetes/config.ts';
import { KubernetesPlatform } from '../../src/instances/kubernetes/kubernetes-platform.ts';
import { rejects } from '../fakes/expect.ts';
import { FakeKubernetes } from '../fakes/kubernetes/fake-kubernetes.ts';
import { NAMESPACE } from '../fakes/kubernetes/kube-controller.ts';
import { Certificates } from '../support/certificates.ts';

const signal = AbortSignal.timeout(60_000);
const folder = mkdtempSync(join(tmpdir(), 'ballast-access-'));
const certificates = new Certificates();
const server = certificates.issue('127.0.0.1');
const client = certificates.issue('ballast.example');
const ends: (() => unknown)[] = [];

afterEach(async () => {
	for (const end of ends.splice(0).reverse()) await end();
});
after(() => {
	certificates.remove();
	rmSync(folder, { recursive: true });
});

function write(name: string, content: object | string): string {
	const file = join(folder, name);
	writeFileSync(file, typeof content === 'string' ? content : JSON.stringify(content));
	return file;
}

function kubeconfig(cluster: object, user: object): string {
	return write('kubeconfig', {
		'current-context': 'one',
		contexts: [{ name: 'one', context: { cluster: 'c', user: 'u', namespace: NAMESPACE } }],
		clusters: [{ name: 'c', cluster }],
		users: [{ name: 'u', user }],
	});
}

function open(config: Partial<KubernetesConfig>, env: NodeJS.ProcessEnv = {}): KubernetesPlatform {
	const platform = new KubernetesPlatform(
		{
			kind: 'kubernetes',
			service: null,
			workload: { kind: 'deployment', name: 'api' },
			namespace: null,
			port: 8080,
			kubeconfig: [join(folder, 'kubeconfig')],
			context: null,
			verify: true,
			...config,
		},
		{ place: { env: { PATH: process.env['PATH'], ...env }, account: join(folder, 'account') } },
	);
	ends.push(() => platform.close());
	return platform;
}

async function secure(): Promise<FakeKubernetes> {
	const tls = {
		cert: readFileSync(server.cert),
		key: readFileSync(server.key),
		ca: certificates.authority,
		requestCert: true,
		rejectUnauthorized: false,
	};
	const fake = new FakeKubernetes({ kind: 'deployment', replicas: 2, actMs: 1, startMs: 1, endMs: 1, tls });
	await fake.listen();
	ends.push(async () => {
		await fake.close();
		assert.deepEqual(fake.violations, []);
	});
	return fake;
}

test('a client certificate, to a server of our authority', async () => {
	const fake = await secure();
	const user = { 'client-certificate': client.cert, 'client-key-data': readFileSync(client.key).toString('base64') };
	kubeconfig({ server: fake.url, 'certificate-authority': certificates.authorityFile }, user);
	const platform = open({});
	assert.equal((await platform.group(signal)).members.length, 2);
	await platform.setDesired(3, signal);
	assert.equal(fake.controller.size, 3);
});

test('a server that nobody vouches for gets no token', async () => {
	const fake = await secure();
	kubeconfig({ server: fake.url }, { token: 'SECRET-token-1' });
	await rejects(open({}).group(signal), { fault: 'credentials', message: /certificate .* is not trusted/ });
	kubeconfig({ server: fake.url, 'certificate-authority': certificates.authorityFile, 'tls-server-name': 'other' }, {});
	await rejects(open({}).group(signal), { fault: 'credentials', message: /ALTNAME/ });
	assert.deepEqual(fake.calls, []);
	kubeconfig({ server: fake.url, 'insecure-skip-tls-verify': true }, { token: 'SECRET-token-1' });
	await rejects(open({}).group(signal), { fault: 'bad_request', message: /verify: false/ });
	assert.equal((await open({ verify: false }).group(signal)).desired, 2);
});

test('in the cluster: the account of the pod, with a token that is written anew', async () => {
	const fake = await secure();
	mkdirSync(join(folder, 'account'), { recursive: true });
	write('account/ca.crt', certificates.authority);
	write('account/namespace', NAMESPACE);
	write('account/token', 'SECRET-token-1');
	const env = { KUBERNETES_SERVICE_HOST: '127.0.0.1', KUBERNETES_SERVICE_PORT: String(fake.port) };
	const platform = open({ kubeconfig: null }, env);
	assert.equal((await platform.group(signal)).desired, 2);
	fake.tokens = ['SECRET-token-2'];
	await rejects(platform.group(signal), { fault: 'credentials', message: 'Unauthorized' });
	write('account/token', 'SECRET-token-2');
	assert.equal((await platform.group(signal)).desired, 2);
});

test('a token that is refused is made anew once, by the plugin', async () => {
	const fake = await secure();
	write('count', '0');
	const script = `n=$(($(cat ${folder}/count) + 1)); echo $n > ${folder}/count; echo "{\\"kind\\":\\"ExecCredential\\",\\"apiVersion\\":\\"client.authentication.k8s.io/v1beta1\\",\\"status\\":{\\"token\\":\\"SECRET-token-$n\\"}}"`;
	const exec = { apiVersion: 'client.authentication.k8s.io/v1beta1', command: 'sh', args: ['-c', script] };
	kubeconfig({ server: fake.url, 'certificate-authority': certificates.authorityFile }, { exec });
	const platform = open({});
	assert.equal((await platform.group(signal)).desired, 2);
	fake.tokens = ['SECRET-token-2'];
	assert.equal((await platform.group(signal)).desired, 2);
	fake.tokens = ['SECRET-token-9'];
	await rejects(platform.group(signal), { fault: 'credentials' });
	assert.equal(readFileSync(join(folder, 'count'), 'utf8').trim(), '3');
});

test('a token in the kubeconfig that is another by now', async () => {
	const fake = await secure();
	const cluster = { server: fake.url, 'certificate-authority': certificates.authorityFile };
	kubeconfig(cluster, { token: 'SECRET-token-1' });
	const platform = open({});
	await platform.group(signal);
	fake.tokens = ['SECRET-token-2'];
	kubeconfig(cluster, { token: 'SECRET-token-2' });
	await rejects(platform.group(signal), { fault: 'credentials' });
	assert.equal((await platform.group(signal)).desired, 2, 'the file is read again');
});

/** Answers everything as it is told. */
async function hostile(answer: (response: ServerResponse, authorization: string) => void): Promise<KubernetesPlatform> {
	const one = createServer((request, response) => answer(response, request.headers.authorization ?? ''));
	await new Promise<void>((resolve) => one.listen(0, '127.0.0.1', resolve));
	ends.push(() => {
		one.closeAllConnections();
		one.close();
	});
	kubeconfig({ server: `http://127.0.0.1:${(one.address() as AddressInfo).port}` }, { token: 'SECRET-hostile' });
	return open({});
}

test('answers that are no answers', async () => {
	const json =
		(body: string, status = 200) =>
		(response: ServerResponse) =>
			response.writeHead(status).end(body);
	for (const body of ['', 'no JSON', '[]', '3', '{"spec":3}', '{"spec":{"selector":{"matchLabels":{}}}}'])
		await rejects((await hostile(json(body))).group(signal), {
			fault: 'bad_request',
			message: /selector cannot be read/,
		});
	const page = '<html>Bad gateway</html>';
	await rejects((await hostile(json(page, 502))).group(signal), {
		fault: 'unreachable',
		message: /with the status 502/,
	});
	const moved = (response: ServerResponse) => response.writeHead(307, { location: 'http://evil.example/' }).end();
	await rejects((await hostile(moved)).group(signal), { fault: 'bad_request', message: /with the status 307/ });
	const cut = (response: ServerResponse) => {
		response.writeHead(200, { 'content-length': '100' }).write('{');
		setTimeout(() => response.destroy(), 10);
	};
	await rejects((await hostile(cut)).group(signal), { fault: 'unreachable', message: /cannot be reached/ });
});

test('a token that is sent back is not shown', async () => {
	const echo = (response: ServerResponse, authorization: string) =>
		response.writeHead(400).end(JSON.stringify({ message: `you sent ${authorization}` }));
	await rejects((await hostile(echo)).group(signal), { fault: 'bad_request', message: 'you sent Bearer [token]' });
});

test('a token that is none', async () => {
	const fake = await secure();
	kubeconfig(
		{ server: fake.url, 'certificate-authority': certificates.authorityFile },
		{ token: 'SECRET\r\nHost: evil' },
	);
	await rejects(open({}).group(signal), { fault: 'credentials', message: /characters that no token has/ });
	assert.deepEqual(fake.calls, []);
});

test('an answer without end is broken off', async () => {
	let sent = 0;
	const endless = (response: ServerResponse) => {
		const chunk = Buffer.alloc(1024 * 1024, 'x');
		const more = () => {
			while (!response.destroyed && response.write(chunk)) sent++;
			sent++;
			if (!response.destroyed) response.once('drain', more);
		};
		response.writeHead(200);
		more();
	};
	await rejects((await hostile(endless)).group(signal), { fault: 'unreachable', message: /larger than 32 MiB/ });
	assert.ok(sent < 48, `${sent} MiB were taken`);
});

test('a server that does not answer is given up when the caller says so', async () => {
	const platform = await hostile(() => {});
	await rejects(platform.group(AbortSignal.timeout(50)), { fault: 'unreachable', message: /did not answer in time/ });
});
