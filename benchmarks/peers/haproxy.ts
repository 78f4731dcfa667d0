/** HAProxy, bare and with what Ballast does by default: a log line a request, active checks, statistics. */
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { DEFAULT_CONNECTIONS, type Peer, type PeerSetup } from './peer.ts';
import { startPeer, versionOf } from './starting.ts';

/** `equal`: httplog to a file, HTTP checks every 2 s, the statistics page, forwarded fields, least connections. */
export function haproxy(equal: boolean): Peer {
	return {
		name: equal ? 'haproxy-equal' : 'haproxy',
		version: () => versionOf('haproxy', '-v'),
		start: (setup) =>
			startPeer(setup, async (port) => {
				await mkdir(setup.folder, { recursive: true });
				const path = join(setup.folder, 'haproxy.cfg');
				await writeFile(path, configuration(setup, port, equal));
				return { argv: ['haproxy', '-db', '-f', path], stdoutFile: join(setup.folder, 'access.log') };
			}),
	};
}

function configuration(setup: PeerSetup, port: number, equal: boolean): string {
	const crt = setup.tls ? ` ssl crt ${setup.tls.pair}` : '';
	const check = equal ? ' check inter 2s' : '';
	return `global
	nbthread ${setup.workers ?? 1}
	maxconn ${setup.connections ?? DEFAULT_CONNECTIONS}
	no strict-limits
	${equal ? `log stdout format raw local0 info\n\tstats socket ${setup.folder}/admin.sock mode 600 level admin` : ''}
defaults
	mode http
	timeout connect 2s
	timeout client 65s
	timeout server 60s
	timeout http-request 10s
	timeout http-keep-alive 65s
	${equal ? 'log global\n\toption httplog\n\toption forwardfor' : ''}
frontend entry
	bind 127.0.0.1:${port}${crt} backlog 4096
	${equal ? 'stats enable\n\tstats uri /haproxy-stats' : ''}
	default_backend api
backend api
	balance ${equal ? 'leastconn' : 'roundrobin'}
	http-reuse always
	${equal ? 'option httpchk GET /healthz' : ''}
${setup.upstreams.map((upstream, at) => `\tserver s${at} 127.0.0.1:${upstream}${check}`).join('\n')}
`;
}
