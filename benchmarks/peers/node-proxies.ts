/** The proxies of the npm world, each a program of a few lines in `programs/`, all on this Node. */
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import type { Peer } from './peer.ts';
import { startPeer } from './starting.ts';

const programs = join(import.meta.dirname, 'programs');

export const fastifyHttpProxy = nodeProxy('fastify-http-proxy', '@fastify/http-proxy');
export const httpProxy3 = nodeProxy('http-proxy-3', 'http-proxy-3');
/** Node's `http` server with undici's `dispatch` behind it: the least that a Node proxy can be without a codec of its own. */
export const nodeUndici = nodeProxy('node-undici', 'undici');

function nodeProxy(name: string, packageName: string): Peer {
	return {
		name,
		version: () => packageVersion(packageName),
		start: (setup) =>
			startPeer(setup, async (port) => ({
				argv: [process.execPath, join(programs, `${name}.ts`), String(port), setup.upstreams.join(',')],
				env: { NODE_ENV: 'production' },
			})),
	};
}

function packageVersion(name: string): string | undefined {
	let folder: string;
	try {
		folder = dirname(createRequire(import.meta.url).resolve(name));
	} catch {
		return undefined;
	}
	for (; folder !== dirname(folder); folder = dirname(folder)) {
		try {
			const found = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) as {
				name?: string;
				version?: string;
			};
			if (found.name === name) return found.version;
		} catch {
			// The entry lies deeper than the package's own folder.
		}
	}
	return undefined;
}
