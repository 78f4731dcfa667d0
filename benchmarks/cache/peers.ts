/** Who is measured with a cache: each keeps what its origin allows, in memory or in the page cache. */
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { asRoot } from '../measure/upstream.ts';
import { withSettings } from '../peers/ballast.ts';
import { DEFAULT_CONNECTIONS, type Peer, type PeerSetup } from '../peers/peer.ts';
import { startPeer, versionOf } from '../peers/starting.ts';

/** A line for each request in a file, as `nginxCache(true)` writes them. */
export const BALLAST: Peer = withSettings('ballast', { cache: {} });
/** As it is by default: metrics, traces and the store, but no access log. */
export const BALLAST_UNLOGGED: Peer = withSettings('ballast, no access log', { cache: {} }, { node: {} });
/** With room for all that it is asked for. */
export const BALLAST_ROOMY: Peer = withSettings(
	'ballast, 2 GiB',
	{ cache: {} },
	{ node: { logs: { access: './access.log' }, cache: { memory: '2GiB' } } },
);
/** The same without a cache. */
export const BALLAST_UNCACHED: Peer = withSettings('ballast, no cache', {});

/** With what makes a hit cheap there: sendfile, files kept open, no temporary copy. */
export function nginxCache(logged: boolean): Peer {
	return {
		name: logged ? 'nginx' : 'nginx, no access log',
		version: () => versionOf('nginx', '-v'),
		start: (setup) =>
			startPeer(setup, async (port) => {
				await mkdir(join(setup.folder, 'kept'), { recursive: true });
				const path = join(setup.folder, 'nginx.conf');
				await writeFile(path, nginxConfiguration(setup, port, logged));
				return { argv: ['nginx', '-p', setup.folder, '-c', path, '-e', join(setup.folder, 'error.log')] };
			}),
	};
}

const nginxConfiguration = ({ folder, upstreams }: PeerSetup, port: number, logged: boolean): string => `daemon off;
${asRoot()}worker_processes 1;
worker_rlimit_nofile 20000;
pid ${folder}/nginx.pid;
error_log ${folder}/error.log error;
events { worker_connections ${DEFAULT_CONNECTIONS}; }
http {
	access_log ${logged ? `${folder}/access.log combined` : 'off'};
	sendfile on;
	tcp_nopush on;
	keepalive_timeout 65s;
	keepalive_requests 100000000;
	open_file_cache max=1000 inactive=10m;
	client_body_temp_path ${folder}/body;
	proxy_temp_path ${folder}/proxy;
	fastcgi_temp_path ${folder}/fastcgi;
	uwsgi_temp_path ${folder}/uwsgi;
	scgi_temp_path ${folder}/scgi;
	proxy_cache_path ${folder}/kept keys_zone=kept:32m max_size=128m inactive=1h use_temp_path=off;
	upstream api {
${upstreams.map((upstream) => `\t\tserver 127.0.0.1:${upstream};`).join('\n')}
		keepalive 128;
		keepalive_requests 100000000;
	}
	server {
		listen 127.0.0.1:${port} backlog=4096;
		location / {
			proxy_pass http://api;
			proxy_http_version 1.1;
			proxy_set_header Connection "";
			proxy_set_header Host $http_host;
			proxy_cache kept;
			proxy_cache_lock on;
		}
	}
}
`;

/** Its log is the one in shared memory that it always writes. */
export const VARNISH: Peer = {
	name: 'varnish',
	version: () => versionOf('varnishd', '-V'),
	start: (setup) =>
		startPeer(setup, async (port) => {
			await mkdir(setup.folder, { recursive: true });
			const vcl = join(setup.folder, 'default.vcl');
			await writeFile(
				vcl,
				`vcl 4.1;\nbackend default { .host = "127.0.0.1"; .port = "${setup.upstreams[0] ?? 0}"; }\n`,
			);
			const listen = ['-a', `127.0.0.1:${port}`, '-f', vcl, '-n', join(setup.folder, 'varnish')];
			const shape = ['-s', 'malloc,128m', '-p', 'thread_pools=1', '-j', 'none'];
			return { argv: ['varnishd', '-F', ...listen, ...shape] };
		}),
};
