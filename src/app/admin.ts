import http from 'node:http';

/** What `/ready` says. */
export interface Readiness {
	ready: boolean;
	/** Why not, a sentence each. */
	reasons: string[];
}

/** The loopback listener for whoever watches this node: `/live` and `/ready`. Metrics and purge join it later. */
export class AdminListener {
	readonly #server: http.Server;
	readonly #readiness: () => Readiness;

	constructor(readiness: () => Readiness, failed: (error: Error) => void) {
		this.#readiness = readiness;
		this.#server = http.createServer(
			{ requestTimeout: 10_000, headersTimeout: 5000, maxHeaderSize: 8192 },
			(request, response) => this.#answer(request, response),
		);
		this.#server.maxConnections = 100;
		this.#server.on('error', failed);
	}

	listen(fd: number): void {
		this.#server.listen({ fd });
	}

	#answer(request: http.IncomingMessage, response: http.ServerResponse): void {
		const path = (request.url ?? '').split('?')[0];
		const known = path === '/live' || path === '/ready';
		const readiness = this.#readiness();
		let status = 200;
		if (!known) status = 404;
		else if (request.method !== 'GET' && request.method !== 'HEAD') status = 405;
		else if (path === '/ready' && !readiness.ready) status = 503;
		const body =
			path === '/ready' ? readiness : known ? { live: true } : { title: 'There are /live and /ready here', status };
		const text = `${JSON.stringify(body)}\n`;
		response.writeHead(status, {
			'content-type': 'application/json',
			'content-length': Buffer.byteLength(text),
			'cache-control': 'no-store',
			...(status === 405 ? { allow: 'GET, HEAD' } : {}),
		});
		response.end(request.method === 'HEAD' ? undefined : text);
		request.resume();
	}

	close(): void {
		this.#server.close();
	}
}
