/** The upstream pair: one nginx on the load's core that answers on two ports, cheap enough never to be what is measured. */
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { launch, type Program } from './command.ts';
import { freePorts, waitFor200 } from './ports.ts';

/** Bytes of the small answer, head and body. */
export const SMALL_ANSWER_BYTES = 794;
export const LARGE_ANSWER_BYTES = 65_536;
export const HUGE_ANSWER_BYTES = 10 * 1024 * 1024;
export const UPLOAD_BYTES = 1024 * 1024;

/** Paths: `/json` the small answer, `/64k`, `/10m`, `/upload` (reads the whole body, then answers), `/healthz`. */
export interface Upstream {
	readonly ports: readonly number[];
	/** Its processes. */
	pids(): readonly number[];
	stop(): Promise<void>;
}

/** Starts it in `folder`, pinned to `cores`. Throws when nginx is not installed or does not start. */
export async function startUpstream(folder: string, cores: string): Promise<Upstream> {
	const home = join(folder, 'upstream');
	await mkdir(join(home, 'files'), { recursive: true });
	await writeFile(join(home, 'files', '64k'), Buffer.alloc(LARGE_ANSWER_BYTES, 'abcdefgh'));
	await writeFile(join(home, 'files', '10m'), Buffer.alloc(HUGE_ANSWER_BYTES, 'abcdefgh'));
	const ports = await freePorts(2);
	const path = join(home, 'nginx.conf');
	await writeFile(path, configuration(home, ports));
	const program: Program = launch({ argv: ['nginx', '-p', home, '-c', path, '-e', join(home, 'error.log')], cores });
	try {
		await waitFor200(`http://127.0.0.1:${ports[1]}/json`, program);
	} catch (error) {
		await program.stop();
		throw error;
	}
	return { ports, pids: () => program.tree(), stop: () => program.stop() };
}

function configuration(home: string, ports: readonly number[]): string {
	return `daemon off;
${asRoot()}worker_processes 1;
worker_rlimit_nofile 20000;
pid ${home}/nginx.pid;
error_log ${home}/error.log error;
events { worker_connections 8192; }
http {
	access_log off;
	server_tokens off;
	sendfile on;
	tcp_nopush on;
	keepalive_timeout 75s;
	keepalive_requests 100000000;
	client_max_body_size 16m;
	client_body_buffer_size 2m;
	open_file_cache max=10 inactive=10m;
	default_type application/json;
	client_body_temp_path ${home}/body;
	proxy_temp_path ${home}/proxy;
	fastcgi_temp_path ${home}/fastcgi;
	uwsgi_temp_path ${home}/uwsgi;
	scgi_temp_path ${home}/scgi;
	upstream sink { server unix:${home}/sink.sock; keepalive 64; }
	server { listen unix:${home}/sink.sock; return 200 '{"received":true}\\n'; }
	server {
${ports.map((port) => `\t\tlisten 127.0.0.1:${port} backlog=4096;`).join('\n')}
		root ${home}/files;
		location = /json { return 200 '${smallBody()}'; }
		location = /healthz { return 200 'ok'; }
		location = /upload {
			proxy_pass http://sink;
			proxy_http_version 1.1;
			proxy_set_header Connection "";
			proxy_set_header Content-Length "";
			proxy_pass_request_body off;
		}
	}
}
`;
}

/** Started by root, nginx's worker would be `nobody` and could not read a private temporary folder. */
export function asRoot(): string {
	return process.getuid?.() === 0 ? 'user root;\n' : '';
}

/** A JSON body that makes nginx's head and it `SMALL_ANSWER_BYTES` together. */
export function smallBody(): string {
	const head =
		'HTTP/1.1 200 OK\r\nServer: nginx\r\nDate: Sat, 21 Nov 2026 00:00:00 GMT\r\nContent-Type: application/json\r\n' +
		'Content-Length: 600\r\nConnection: keep-alive\r\n\r\n';
	const start = '{"id":"v_8f2c","status":"done","title":"';
	const end = '"}\n';
	return `${start}${'x'.repeat(SMALL_ANSWER_BYTES - head.length - start.length - end.length)}${end}`;
}
