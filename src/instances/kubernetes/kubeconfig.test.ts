import assert from 'node:assert/strict';
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import type { KubernetesConfig } from './config.ts';
import { openAccess } from './open-access.ts';

const folder = mkdtempSync(join(tmpdir(), 'ballast-kubeconfig-'));
const signal = AbortSignal.timeout(20_000);
const NOBODY = { token: null, cert: null, key: null };
after(() => rmSync(folder, { recursive: true }));

const base64 = (text: string) => Buffer.from(text).toString('base64');

function write(name: string, content: string | object): string {
	const file = join(folder, name);
	writeFileSync(file, typeof content === 'string' ? content : JSON.stringify(content));
	return file;
}

/** A kubeconfig with one of each. */
function config(user: object, cluster: object = {}): object {
	return {
		'current-context': 'one',
		contexts: [{ name: 'one', context: { cluster: 'c', user: 'u', namespace: 'shop' } }],
		clusters: [{ name: 'c', cluster: { server: 'https://10.0.0.1:6443/', ...cluster } }],
		users: [{ name: 'u', user }],
	};
}

function open(paths: string[] | null, more: Partial<KubernetesConfig> & { env?: NodeJS.ProcessEnv } = {}) {
	const { env = { PATH: process.env['PATH'] }, ...rest } = more;
	const workload = { kind: 'deployment', name: 'api' } as const;
	return openAccess(
		{
			kind: 'kubernetes',
			workload,
			namespace: null,
			service: null,
			port: 80,
			kubeconfig: paths,
			context: null,
			verify: true,
			...rest,
		},
		{ env, account: join(folder, 'account') },
	);
}

const refuses = (promise: Promise<unknown>, message: RegExp) =>
	assert.rejects(promise, (error: Error) => {
		assert.doesNotMatch(`${error.stack} ${JSON.stringify(error)}`, /SECRET/);
		assert.match(error.message, message);
		return true;
	});

test('cluster, context and user, inline and from files beside it', async () => {
	write('ca.pem', 'the authority');
	write('token', 'SECRET-1\n');
	const inline = await open([
		write(
			'inline',
			config({ token: 'SECRET' }, { 'certificate-authority-data': base64('CA'), 'tls-server-name': 'kube' }),
		),
	]);
	const { identity, ...rest } = inline;
	const server = 'https://10.0.0.1:6443';
	assert.deepEqual(rest, { server, ca: 'CA', serverName: 'kube', verify: true, namespace: 'shop' });
	assert.deepEqual(await identity(false, signal), { ...NOBODY, token: 'SECRET' });

	const files = await open([write('files', config({ tokenFile: 'token' }, { 'certificate-authority': 'ca.pem' }))]);
	assert.equal(files.ca, 'the authority');
	assert.equal((await files.identity(false, signal)).token, 'SECRET-1');
	write('token', 'SECRET-2\n');
	assert.equal((await files.identity(false, signal)).token, 'SECRET-2', 'read again');

	const pair = { 'client-certificate-data': base64('CERT'), 'client-key': 'key.pem' };
	write('key.pem', 'SECRET key');
	const certified = await open([write('pair', config(pair))]);
	assert.deepEqual(await certified.identity(false, signal), { token: null, cert: 'CERT', key: 'SECRET key' });
});

test('another context, several files, a missing one among them', async () => {
	const first = write('first', {
		contexts: [{ name: 'two', context: { cluster: 'c', user: 'none' } }],
		users: [{ name: 'none', user: {} }],
	});
	const second = write('second', config({ token: 'SECRET' }));
	const access = await open([join(folder, 'nothing'), first, second], { context: 'two' });
	assert.deepEqual([access.namespace, access.server], ['default', 'https://10.0.0.1:6443']);
	assert.deepEqual(await access.identity(false, signal), NOBODY);
	assert.equal((await open([first, second])).namespace, 'shop');
	await refuses(open([second], { context: 'three' }), /there is no context `three`; there are: one/);
	await refuses(open([join(folder, 'nothing')]), /nothing cannot be read: there is no such file/);
});

test('what is refused', async () => {
	const cases: [object | string, RegExp][] = [
		[config({}, { 'insecure-skip-tls-verify': true }), /`insecure-skip-tls-verify` .* or set `verify: false`/],
		[config({}, { server: 'http://10.0.0.1' }), /is not encrypted; plain http is for this machine only/],
		[config({}, { server: 'https://user:SECRET@host' }), /without user and password/],
		[config({}, { server: 'ftp://host' }), /expected the URL of an API server/],
		[config({}, { 'proxy-url': 'http://proxy' }), /`proxy-url` is not supported/],
		[config({ username: 'a', password: 'SECRET' }), /a password is not supported/],
		[config({ 'auth-provider': { name: 'gcp' } }), /use an exec plugin/],
		[config({ exec: { apiVersion: 'client.authentication.k8s.io/v1alpha1', command: 'x' } }), /v1 or v1beta1/],
		[{ users: [] }, /there is no current context; set `context`/],
		['users: [{ token: SECRET ]', /is no YAML: line 1, column \d+/],
		['- just a list', /no current context/],
		[config({}, { 'certificate-authority': 'none.pem' }), /none\.pem cannot be read/],
	];
	for (const [content, message] of cases) await refuses(open([write('bad', content)]), message);
	const access = await open([write('skip', config({}, { 'insecure-skip-tls-verify': true }))], { verify: false });
	assert.equal(access.verify, false);
	await refuses(open([write('pipe', 'x'.repeat(1024 * 1024 + 1))]), /larger than/);
	await refuses(open([folder]), /it is no file/);
});

test('an exec plugin: told of the cluster, kept until its end, asked anew when refused', async () => {
	const log = join(folder, 'log');
	const script = write(
		'plugin.sh',
		`#!/bin/sh
echo "$KUBERNETES_EXEC_INFO" >> ${log}
sleep 0.05
echo "{\\"kind\\":\\"ExecCredential\\",\\"apiVersion\\":\\"client.authentication.k8s.io/v1\\",\\"status\\":{\\"token\\":\\"SECRET-$1-$EXTRA-$(wc -l < ${log})\\",\\"expirationTimestamp\\":\\"$ENDS\\"}}"
`,
	);
	chmodSync(script, 0o755);
	const exec = (ends: string) => ({
		apiVersion: 'client.authentication.k8s.io/v1',
		command: './plugin.sh',
		args: ['arg'],
		env: [
			{ name: 'EXTRA', value: 'more' },
			{ name: 'ENDS', value: ends },
		],
		provideClusterInfo: true,
	});
	const hour = new Date(Date.now() + 3_600_000).toISOString();
	const access = await open([write('exec', config({ exec: exec(hour) }))]);
	const both = await Promise.all([access.identity(false, signal), access.identity(false, signal)]);
	assert.deepEqual(
		both.map(({ token }) => token),
		['SECRET-arg-more-1', 'SECRET-arg-more-1'],
		'one command for both',
	);
	assert.equal((await access.identity(false, signal)).token, 'SECRET-arg-more-1');
	assert.equal((await access.identity(true, signal)).token, 'SECRET-arg-more-2');
	const [said = ''] = readFileSync(log, 'utf8').split('\n');
	assert.equal(JSON.parse(said).spec.cluster.server, 'https://10.0.0.1:6443');

	const soon = new Date(Date.now() + 30_000).toISOString();
	const short = await open([write('exec', config({ exec: exec(soon) }))]);
	await short.identity(false, signal);
	assert.equal((await short.identity(false, signal)).token, 'SECRET-arg-more-4', 'about to end: made anew');
});

test('an exec plugin that fails, or says something else', async () => {
	const plugin = async (body: string) => {
		const script = write('fails.sh', `#!/bin/sh\n${body}\n`);
		chmodSync(script, 0o755);
		const exec = { apiVersion: 'client.authentication.k8s.io/v1', command: script };
		return (await open([write('exec', config({ exec }))])).identity(false, signal);
	};
	const token = `SECRET${'x'.repeat(40)}`;
	await refuses(plugin(`echo "no session for ${token}" >&2; exit 3`), /ended with 3: no session for \[…\]/);
	await refuses(plugin('echo "{SECRET"'), /gave no ExecCredential/);
	const other =
		'{"kind":"ExecCredential","apiVersion":"client.authentication.k8s.io/v1beta1","status":{"token":"SECRET"}}';
	await refuses(plugin(`echo '${other}'`), /gave no ExecCredential of client\.authentication\.k8s\.io\/v1 /);
	await refuses(plugin('yes SECRET'), /failed/);
	const missing = { apiVersion: 'client.authentication.k8s.io/v1beta1', command: 'no-such-plugin' };
	const access = await open([write('exec', config({ exec: missing }))]);
	await refuses(access.identity(false, signal), /`no-such-plugin` failed \(ENOENT\)/);
});

test('the account of the pod, and its token read again', async () => {
	mkdirSync(join(folder, 'account'));
	const env = { KUBERNETES_SERVICE_HOST: 'fd00::1', KUBERNETES_SERVICE_PORT: '443', HOME: folder };
	await refuses(open(null, { env }), /\.kube\/config cannot be read/);
	write('account/token', 'SECRET-1\n');
	write('account/ca.crt', 'CA');
	write('account/namespace', 'shop\n');
	const { identity, ...rest } = await open(null, { env });
	assert.deepEqual(rest, {
		server: 'https://[fd00::1]:443',
		ca: 'CA',
		serverName: null,
		verify: true,
		namespace: 'shop',
	});
	assert.equal((await identity(false, signal)).token, 'SECRET-1');
	write('account/token', 'SECRET-2\n');
	assert.equal((await identity(false, signal)).token, 'SECRET-2');
	const file = write('mine', config({ token: 'SECRET' }));
	assert.equal(
		(await open([file], { env })).server,
		'https://10.0.0.1:6443',
		'what the configuration says comes first',
	);
});
