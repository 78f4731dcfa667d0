/** Caddy with one thread of Go code. */
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Peer } from './peer.ts';
import { startPeer, versionOf } from './starting.ts';

export const caddy: Peer = {
	name: 'caddy',
	version: () => versionOf('caddy', 'version'),
	start: (setup) =>
		startPeer(setup, async (port) => {
			await mkdir(setup.folder, { recursive: true });
			const path = join(setup.folder, 'Caddyfile');
			const upstreams = setup.upstreams.map((upstream) => `127.0.0.1:${upstream}`).join(' ');
			await writeFile(
				path,
				`{\n\tadmin off\n\tauto_https off\n}\nhttp://:${port} {\n\tbind 127.0.0.1\n\treverse_proxy ${upstreams}\n}\n`,
			);
			return {
				argv: ['caddy', 'run', '--adapter', 'caddyfile', '--config', path],
				env: {
					GOMAXPROCS: String(setup.workers ?? 1),
					HOME: setup.folder,
					XDG_CONFIG_HOME: setup.folder,
					XDG_DATA_HOME: setup.folder,
				},
			};
		}),
};
