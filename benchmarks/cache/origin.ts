/** What is cached: one nginx on the load's core, whose answers say how long they are fresh. */
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { launch } from '../measure/command.ts';
import { freePorts, waitFor200 } from '../measure/ports.ts';
import { asRoot } from '../measure/upstream.ts';

export const SIZES = { '1k': 1024, '10k': 10 * 1024, '100k': 100 * 1024 } as const;
export type SizeName = keyof typeof SIZES;

/** Paths: `/1k`, `/10k`, `/100k`, and `/json` of 600 bytes; all are fresh for a day, whatever the query. */
export interface Origin {
	readonly port: number;
	/** How many requests it answered so far, this question left out. */
	requests(): Promise<number>;
	stop(): Promise<void>;
}

/** Starts it in `folder`, pinned to `cores`. Throws when nginx does not start. */
export async function startOrigin(folder: string, cores: string): Promise<Origin> {
	const home = join(folder, 'origin');
	await mkdir(join(home, 'files'), { recursive: true });
	for (const [name, bytes] of Object.entries(SIZES))
		await writeFile(join(home, 'files', name), Buffer.alloc(bytes, 'abcdefgh'));
	const [port, statusPort] = (await freePorts(2)) as [number, number];
	const path = join(home, 'nginx.conf');
	await writeFile(path, configuration(home, port, statusPort));
	const program = launch({ argv: ['nginx', '-p', home, '-c', path, '-e', join(home, 'error.log')], cores });
	let asked = 0;
	try {
		await waitFor200(`http://127.0.0.1:${port}/json`, program);
	} catch (error) {
		await program.stop();
		throw error;
	}
	return {
		port,
		async requests() {
			const text = await (await fetch(`http://127.0.0.1:${statusPort}/`)).text();
			const all = Number(/^\s*\d+ \d+ (\d+)/m.exec(text)?.[1]);
			return all - ++asked;
		},
		stop: () => program.stop(),
	};
}

const configuration = (home: string, port: number, statusPort: number): string => `daemon off;
${asRoot()}worker_processes 1;
pid ${home}/nginx.pid;
error_log ${home}/error.log error;
events { worker_connections 4096; }
http {
	access_log off;
	sendfile on;
	tcp_nopush on;
	keepalive_timeout 75s;
	keepalive_requests 100000000;
	open_file_cache max=10 inactive=10m;
	default_type application/json;
	client_body_temp_path ${home}/body;
	proxy_temp_path ${home}/proxy;
	fastcgi_temp_path ${home}/fastcgi;
	uwsgi_temp_path ${home}/uwsgi;
	scgi_temp_path ${home}/scgi;
	server {
		listen 127.0.0.1:${port} backlog=4096;
		root ${home}/files;
		add_header Cache-Control "public, max-age=86400";
		location = /json { return 200 '${'x'.repeat(600)}'; }
	}
	server {
		listen 127.0.0.1:${statusPort};
		location / { stub_status; }
	}
}
`;
