/** nginx, bare and with what Ballast does by default: an access log and statistics (its open edition has no active checks). */
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { asRoot } from '../measure/upstream.ts';
import { DEFAULT_CONNECTIONS, type Peer, type PeerSetup } from './peer.ts';
import { startPeer, versionOf } from './starting.ts';

/** `equal`: access log to a file, stub_status, forwarded fields, least connections. */
export function nginx(equal: boolean): Peer {
	return {
		name: equal ? 'nginx-equal' : 'nginx',
		version: () => versionOf('nginx', '-v'),
		start: (setup) =>
			startPeer(setup, async (port) => {
				await mkdir(setup.folder, { recursive: true });
				const path = join(setup.folder, 'nginx.conf');
				await writeFile(path, configuration(setup, port, equal));
				return { argv: ['nginx', '-p', setup.folder, '-c', path, '-e', join(setup.folder, 'error.log')] };
			}),
	};
}

function configuration(setup: PeerSetup, port: number, equal: boolean): string {
	const { folder, tls } = setup;
	const connections = (setup.connections ?? DEFAULT_CONNECTIONS) + 1000;
	const listen = `listen 127.0.0.1:${port}${tls ? ' ssl' : ''}${setup.workers === undefined ? '' : ' reuseport'} backlog=4096;`;
	return `daemon off;
${asRoot()}worker_processes ${setup.workers ?? 1};
worker_rlimit_nofile 20000;
pid ${folder}/nginx.pid;
error_log ${folder}/error.log error;
events { worker_connections ${connections}; }
http {
	access_log ${equal ? `${folder}/access.log combined` : 'off'};
	keepalive_timeout 65s;
	keepalive_requests 100000000;
	client_max_body_size 10m;
	client_body_temp_path ${folder}/body;
	proxy_temp_path ${folder}/proxy;
	fastcgi_temp_path ${folder}/fastcgi;
	uwsgi_temp_path ${folder}/uwsgi;
	scgi_temp_path ${folder}/scgi;
	proxy_max_temp_file_size 0;
	upstream api {
		${equal ? 'least_conn;' : ''}
${setup.upstreams.map((upstream) => `\t\tserver 127.0.0.1:${upstream};`).join('\n')}
		keepalive 128;
		keepalive_requests 100000000;
	}
	server {
		${listen}
		${tls ? `ssl_certificate ${tls.cert}; ssl_certificate_key ${tls.key}; ssl_session_cache shared:tls:10m;` : ''}
		${equal ? 'location = /stub_status { stub_status; }' : ''}
		location / {
			proxy_pass http://api;
			proxy_http_version 1.1;
			proxy_request_buffering off;
			proxy_set_header Connection "";
			proxy_set_header Host $http_host;
			${equal ? 'proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for; proxy_set_header X-Forwarded-Proto $scheme;' : ''}
		}
	}
}
`;
}
