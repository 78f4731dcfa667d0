/** For tests: a receiver of OTLP on a real socket, which answers as it is told. */
import { createServer, type IncomingHttpHeaders, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { gunzipSync } from 'node:zlib';
import type { Destination } from './destination.ts';

export interface Received {
	path: string;
	headers: IncomingHttpHeaders;
	body: Buffer;
}

export interface CollectorAnswer {
	status: number;
	headers?: Record<string, string>;
	body?: Buffer;
}

export class TestingCollector {
	readonly received: Received[] = [];
	/** What the next requests are answered; then 200. */
	readonly answers: CollectorAnswer[] = [];
	readonly #server: Server;
	#woken: (() => void)[] = [];

	constructor() {
		this.#server = createServer((request, response) => {
			const parts: Buffer[] = [];
			request.on('data', (part: Buffer) => parts.push(part));
			request.on('end', () => {
				const raw = Buffer.concat(parts);
				const body = request.headers['content-encoding'] === 'gzip' ? gunzipSync(raw) : raw;
				this.received.push({ path: request.url ?? '', headers: request.headers, body });
				const { status, headers = {}, body: answer } = this.answers.shift() ?? { status: 200 };
				response.writeHead(status, { 'content-type': 'application/x-protobuf', ...headers }).end(answer);
				for (const wake of this.#woken.splice(0)) wake();
			});
		});
	}

	async listen(): Promise<string> {
		await new Promise<void>((resolve) => this.#server.listen(0, '127.0.0.1', resolve));
		return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
	}

	/** Resolves when there were so many requests. */
	async until(count: number): Promise<void> {
		while (this.received.length < count) await new Promise<void>((resolve) => this.#woken.push(resolve));
	}

	async close(): Promise<void> {
		this.#server.closeAllConnections();
		await new Promise<void>((resolve) => this.#server.close(() => resolve()));
	}
}

export function destinationTo(url: string, differs: Partial<Destination> = {}): Destination {
	return {
		name: 'backend',
		urls: { metrics: `${url}/v1/metrics`, logs: `${url}/v1/logs`, traces: `${url}/v1/traces` },
		headers: { 'api-key': 'very-secret' },
		temporality: 'delta',
		histograms: 'exponential',
		maxBytes: 1_000_000,
		intervalMs: 20,
		timeoutMs: 2000,
		...differs,
	};
}
