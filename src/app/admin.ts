import http from 'node:http';
import { type PurgeView, purgePage } from './purge-page.ts';

/** What `/ready` says. */
export interface Readiness {
	ready: boolean;
	/** Why not, a sentence each. */
	reasons: string[];
}

/** What the admin listener shows. */
export interface AdminViews {
	readiness(): Readiness;
	/** The page of metrics for who sent this Accept. */
	metrics(accept: string | undefined): { type: string; text: string };
	purge: PurgeView;
}

/** Longest that what nobody wants is read and dropped, ms. */
const DROP_MS = 1000;

/** The rest of what the client sends is dropped: until its end, but not for long. */
async function untilSilent(request: http.IncomingMessage): Promise<void> {
	if (request.readableEnded || request.destroyed) return;
	const { promise, resolve } = Promise.withResolvers<void>();
	const timer = setTimeout(resolve, DROP_MS);
	request.once('end', resolve).once('close', resolve).resume();
	await promise;
	clearTimeout(timer);
}

/** The loopback listener for whoever watches this node: `/live`, `/ready` and `/metrics`; and for who may `POST /purge`. */
export class AdminListener {
	readonly #server: http.Server;
	readonly #views: AdminViews;

	constructor(views: AdminViews, failed: (error: Error) => void) {
		this.#views = views;
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
		const path = (request.url ?? '').split('?')[0] ?? '';
		if (path === '/purge') {
			void this.#purge(request, response);
			return;
		}
		const { status, type, text } = this.#page(path, request);
		response.writeHead(status, {
			'content-type': type,
			'content-length': Buffer.byteLength(text),
			'cache-control': 'no-store',
			...(status === 405 ? { allow: 'GET, HEAD' } : {}),
		});
		response.end(request.method === 'HEAD' ? undefined : text);
		request.resume();
	}

	async #purge(request: http.IncomingMessage, response: http.ServerResponse): Promise<void> {
		try {
			const { status, body, headers, close } = await purgePage(request, this.#views.purge);
			const text = `${JSON.stringify(body)}\n`;
			response.writeHead(status, {
				'content-type': status < 400 ? 'application/json' : 'application/problem+json',
				'content-length': Buffer.byteLength(text),
				'cache-control': 'no-store',
				...headers,
				...(close === true ? { connection: 'close' } : {}),
			});
			if (close !== true) return void response.end(text);
			// Who is reset while he still sends may not see why.
			response.write(text);
			await untilSilent(request);
			response.end();
			request.destroy();
		} catch {
			// The client has left, or sent no whole body.
			response.destroy();
		}
	}

	#page(path: string, { method, headers }: http.IncomingMessage): { status: number; type: string; text: string } {
		const json = (status: number, body: unknown) => ({
			status,
			type: 'application/json',
			text: `${JSON.stringify(body)}\n`,
		});
		if (path !== '/live' && path !== '/ready' && path !== '/metrics')
			return json(404, { title: 'There are /live, /ready and /metrics here', status: 404 });
		if (method !== 'GET' && method !== 'HEAD') return json(405, { title: 'This is only read', status: 405 });
		if (path === '/live') return json(200, { live: true });
		if (path === '/metrics') return { status: 200, ...this.#views.metrics(headers.accept) };
		const readiness = this.#views.readiness();
		return json(readiness.ready ? 200 : 503, readiness);
	}

	close(): void {
		this.#server.close();
	}
}
