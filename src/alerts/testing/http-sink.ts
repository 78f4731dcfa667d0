import { createServer, type IncomingHttpHeaders, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';

interface Received {
	method: string;
	path: string;
	headers: IncomingHttpHeaders;
	body: unknown;
}

/** A server that keeps what it is sent and answers as it is told; `silent` never answers. */
export class HttpSink implements AsyncDisposable {
	readonly received: Received[] = [];
	answer: { status: number; body?: string; headers?: Record<string, string> } | 'silent' = { status: 200 };
	readonly #server: Server;

	private constructor(server: Server) {
		this.#server = server;
	}

	static async open(): Promise<HttpSink> {
		const server = createServer();
		const sink = new HttpSink(server);
		server.on('request', (request, response) => {
			let text = '';
			request.on('data', (chunk: Buffer) => (text += chunk.toString('utf8')));
			request.on('end', () => {
				const { method = '', url = '', headers } = request;
				sink.received.push({ method, path: url, headers, body: text === '' ? null : JSON.parse(text) });
				if (sink.answer === 'silent') return;
				const { status, body = '', headers: fields = {} } = sink.answer;
				response.writeHead(status, fields).end(body);
			});
		});
		await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
		return sink;
	}

	get url(): string {
		return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
	}

	async [Symbol.asyncDispose](): Promise<void> {
		this.#server.closeAllConnections();
		await new Promise((resolve) => this.#server.close(resolve));
	}
}
