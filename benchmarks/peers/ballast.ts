/** Ballast from the clone (or from an installed package), with nothing but the upstream pair in its configuration. */
import { existsSync, readFileSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { stringify } from 'yaml';
import { freePorts } from '../measure/ports.ts';
import { DEFAULT_CONNECTIONS, type Peer, type PeerSetup } from './peer.ts';
import { startPeer } from './starting.ts';

const root = join(import.meta.dirname, '..', '..');

/** The clone's launcher. */
export const BALLAST_BIN = join(root, 'bin', 'ballast.js');

const ACCESS_LOG = { logs: { access: './access.log' } };

/** With all that is seen: metrics, the store, sampled traces, and a line for each request in a file, as HAProxy's peer logs. */
export const ballast: Peer = withSettings('ballast', {});

/** What is on by default, switched off. */
const OFF = { retry: 'off', hold: 'off', outliers: 'off', slowStart: 'off', retryBudget: 'off' };

/** Ballast with one feature each; measured only where it is asked for by name. */
export const FEATURES: readonly Peer[] = [
	withSettings('ballast-off', OFF),
	withSettings('ballast-no-access-log', {}, { node: {} }),
	withSettings('ballast-no-traces', {}, { node: { traces: 'off' } }),
	withSettings('ballast-unseen', {}, { node: { traces: 'off', store: 'off' } }),
	withSettings('ballast-rate-limit', { rateLimit: { rate: '1000000/s', burst: 1_000_000 } }),
	withSettings('ballast-concurrency', { concurrency: 10_000 }),
	withSettings('ballast-breaker', { breaker: 10_000 }),
	withSettings('ballast-pools', {}, { several: true }),
];

/** A peer with these keys in its service. `several`: each of the upstream pair in a pool of its own, of the same priority. `node`: keys beside the services. */
export function withSettings(
	name: string,
	settings: Record<string, unknown>,
	{ several = false, node = ACCESS_LOG }: { several?: boolean; node?: Record<string, unknown> } = {},
): Peer {
	return {
		name,
		version: () =>
			existsSync(BALLAST_BIN)
				? (JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { version: string }).version
				: undefined,
		start: (setup) =>
			startPeer(setup, async (port) => {
				const urls = setup.upstreams.map((upstream) => `http://127.0.0.1:${upstream}`);
				const pools = Object.fromEntries(urls.map((url, at) => [`p${at}`, { instances: { urls: [url] } }]));
				const where = several ? { pools } : { instances: { urls } };
				const path = await writeConfiguration(setup, port, { ...where, ...settings }, node);
				return {
					argv: [process.execPath, BALLAST_BIN, 'up', path],
					cwd: setup.folder,
					env: ballastEnvironment(setup.folder),
				};
			}),
	};
}

/** A control socket in the folder, so that several run beside each other. */
export function ballastEnvironment(folder: string): Record<string, string> {
	return {
		BALLAST_SOCKET: join(folder, 'ballast.sock'),
		XDG_STATE_HOME: join(folder, 'state'),
		NODE_ENV: 'production',
	};
}

/** Writes the configuration for a setup and returns its path. `api`: its service. */
export async function writeConfiguration(
	setup: PeerSetup,
	port: number,
	api: Record<string, unknown> = {
		instances: { urls: setup.upstreams.map((upstream) => `http://127.0.0.1:${upstream}`) },
	},
	node: Record<string, unknown> = {},
): Promise<string> {
	await mkdir(setup.folder, { recursive: true, mode: 0o700 });
	const [adminPort] = (await freePorts(1)) as [number];
	const connections = setup.connections ?? DEFAULT_CONNECTIONS;
	const path = join(setup.folder, 'ballast.yaml');
	const text = stringify({
		listen: [{ port, ...(setup.tls ? { tls: { cert: setup.tls.cert, key: setup.tls.key } } : {}) }],
		admin: { port: adminPort },
		workers: setup.workers ?? 1,
		...(connections > 10_000 ? { limits: { connections } } : {}),
		...node,
		services: { api },
	});
	await writeFile(path, text);
	return path;
}
