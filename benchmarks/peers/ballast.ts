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

export const ballast: Peer = {
	name: 'ballast',
	version: () =>
		existsSync(BALLAST_BIN)
			? (JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { version: string }).version
			: undefined,
	start: (setup) =>
		startPeer(setup, async (port) => {
			const path = await writeConfiguration(setup, port);
			return {
				argv: [process.execPath, BALLAST_BIN, 'up', path],
				cwd: setup.folder,
				env: ballastEnvironment(setup.folder),
			};
		}),
};

/** A control socket in the folder, so that several run beside each other. */
export function ballastEnvironment(folder: string): Record<string, string> {
	return { BALLAST_SOCKET: join(folder, 'ballast.sock'), NODE_ENV: 'production' };
}

/** Writes the configuration for a setup and returns its path. */
export async function writeConfiguration(setup: PeerSetup, port: number): Promise<string> {
	await mkdir(setup.folder, { recursive: true, mode: 0o700 });
	const [adminPort] = (await freePorts(1)) as [number];
	const connections = setup.connections ?? DEFAULT_CONNECTIONS;
	const path = join(setup.folder, 'ballast.yaml');
	const text = stringify({
		listen: [{ port, ...(setup.tls ? { tls: { cert: setup.tls.cert, key: setup.tls.key } } : {}) }],
		admin: { port: adminPort },
		workers: setup.workers ?? 1,
		...(connections > 10_000 ? { limits: { connections } } : {}),
		services: { api: { instances: { urls: setup.upstreams.map((upstream) => `http://127.0.0.1:${upstream}`) } } },
	});
	await writeFile(path, text);
	return path;
}
