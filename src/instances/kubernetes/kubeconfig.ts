/** A kubeconfig: contexts, clusters and users, as kubectl reads them. */
import { dirname, resolve } from 'node:path';
import { parse, YAMLError } from 'yaml';
import { listAt, textAt, valueAt } from '../platform/json-reading.ts';
import { PlatformError } from '../platform/platform-error.ts';
import type { Access, Identity } from './access.ts';
import { ExecCredential } from './exec-credential.ts';
import { readSmall } from './read-small.ts';

export interface KubeconfigOptions {
	/** null: the current one. */
	readonly context: string | null;
	readonly verify: boolean;
	readonly env: NodeJS.ProcessEnv;
}

interface Part {
	/** What stands under `context`, `cluster` or `user`. */
	readonly value: unknown;
	/** Paths are seen from it. */
	readonly folder: string;
}

interface File {
	readonly path: string;
	readonly content: unknown;
}

const refused = (message: string): PlatformError => new PlatformError('bad_request', message);

/** @throws PlatformError `bad_request` when it does not say what is needed, `credentials` when a file cannot be read */
export async function kubeconfigAccess(paths: readonly string[], options: KubeconfigOptions): Promise<Access> {
	const files = await readFiles(paths);
	const current = files.map(({ content }) => textAt(content, 'current-context')).find((name) => name !== '');
	const name = options.context ?? current;
	const where = paths.join(', ');
	if (name === undefined) throw refused(`${where}: there is no current context; set \`context\``);
	const context = partOf(files, 'context', name).value;
	const cluster = partOf(files, 'cluster', textAt(context, 'cluster'));
	const user = textAt(context, 'user');
	const server = textAt(cluster.value, 'server').replace(/\/+$/, '');
	if (textAt(cluster.value, 'proxy-url') !== '') throw refused(`${where}: \`proxy-url\` is not supported`);
	if (valueAt(cluster.value, 'insecure-skip-tls-verify') === true && options.verify)
		throw refused(
			`${where}: \`insecure-skip-tls-verify\` takes whoever answers for the cluster; give its \`certificate-authority\`, or set \`verify: false\``,
		);
	checkServer(server, where);
	const ca = await material(cluster, 'certificate-authority');
	const info = {
		server,
		...(ca === null ? {} : { 'certificate-authority-data': Buffer.from(ca).toString('base64') }),
	};
	return {
		server,
		ca,
		serverName: textAt(cluster.value, 'tls-server-name') || null,
		verify: options.verify,
		namespace: textAt(context, 'namespace') || 'default',
		identity: identityOf(user === '' ? null : partOf(files, 'user', user), { cluster: info, env: options.env }),
	};
}

async function readFiles(paths: readonly string[]): Promise<File[]> {
	const files: File[] = [];
	let failed: unknown = null;
	for (const path of paths) {
		try {
			files.push({ path, content: parsed(await readSmall(path), path) });
		} catch (error) {
			// As kubectl does: of several files one may be missing.
			if (error instanceof PlatformError && error.fault === 'credentials') failed = error;
			else throw error;
		}
	}
	if (files.length === 0 && failed !== null) throw failed;
	return files;
}

/** What is wrong with it is told by its place: the line itself may hold a secret. */
function parsed(text: string, path: string): unknown {
	try {
		return parse(text, { schema: 'core', maxAliasCount: 100 });
	} catch (error) {
		const [at] = (error instanceof YAMLError ? error.linePos : undefined) ?? [];
		throw refused(`${path} is no YAML${at === undefined ? '' : `: line ${at.line}, column ${at.col}`}`);
	}
}

/** `clusters: [{ name, cluster: {…} }]` → the first of that name. */
function partOf(files: readonly File[], what: 'context' | 'cluster' | 'user', name: string): Part {
	const all = files.flatMap(({ path, content }) => listAt(content, `${what}s`).map((one) => ({ path, one })));
	const found = all.find(({ one }) => textAt(one, 'name') === name);
	if (found !== undefined) return { value: valueAt(found.one, what) ?? {}, folder: dirname(found.path) };
	const names = all.map(({ one }) => textAt(one, 'name')).slice(0, 20);
	const where = files.map(({ path }) => path).join(', ');
	throw refused(`${where}: there is no ${what} \`${name}\`; there are: ${names.join(', ') || 'none'}`);
}

function checkServer(server: string, where: string): void {
	const url = URL.canParse(server) ? new URL(server) : null;
	if (url === null || (url.protocol !== 'https:' && url.protocol !== 'http:'))
		throw refused(`${where}: expected the URL of an API server`);
	if (url.username !== '' || url.password !== '') throw refused(`${where}: expected a URL without user and password`);
	const local = ['127.0.0.1', 'localhost', '[::1]'].includes(url.hostname);
	if (url.protocol === 'http:' && !local)
		throw refused(`${where}: ${url.origin} is not encrypted; plain http is for this machine only`);
}

/** PEM given inline, in base64, or as a file. */
async function material({ value, folder }: Part, key: string): Promise<string | null> {
	const inline = textAt(value, `${key}-data`);
	if (inline !== '') return Buffer.from(inline, 'base64').toString('utf8');
	const path = textAt(value, key);
	return path === '' ? null : readSmall(resolve(folder, path));
}

interface Around {
	/** What an exec plugin may be told of the cluster. */
	readonly cluster: object;
	readonly env: NodeJS.ProcessEnv;
}

function identityOf(user: Part | null, { cluster, env }: Around): Access['identity'] {
	if (user === null) return async () => ({ token: null, cert: null, key: null });
	const { value, folder } = user;
	if (valueAt(value, 'exec') !== undefined) {
		const credential = new ExecCredential(valueAt(value, 'exec'), { folder, cluster, env });
		return (fresh, signal) => credential.get(fresh, signal);
	}
	if (valueAt(value, 'auth-provider') !== undefined)
		throw refused('a user with `auth-provider` is not supported: Kubernetes has dropped it; use an exec plugin');
	if (textAt(value, 'username') !== '')
		throw refused('a user with a password is not supported: Kubernetes takes none any more');
	if (valueAt(value, 'as') !== undefined) throw refused('a user that acts `as` another is not supported');
	// Files are read each time: whoever renews them does not tell.
	return async (): Promise<Identity> => {
		const file = textAt(value, 'tokenFile');
		const token = file === '' ? textAt(value, 'token') : (await readSmall(resolve(folder, file))).trim();
		const [cert, key] = [await material(user, 'client-certificate'), await material(user, 'client-key')];
		return { token: token || null, cert, key };
	};
}
