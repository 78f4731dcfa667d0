/** A bare Node http server that hands each request to undici's dispatch: no limits, no counts, no retry. */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { type Dispatcher, Pool } from 'undici';
import { nextUpstream, port, upstreams } from './arguments.ts';

const pools = new Map(upstreams.map((origin) => [origin, new Pool(origin, { connections: 128, pipelining: 1 })]));
const hopByHop = new Set(['connection', 'keep-alive', 'te', 'trailer', 'transfer-encoding', 'upgrade', 'expect']);

createServer((request, answer) => {
	const pool = pools.get(nextUpstream()) as Pool;
	const fields = request.rawHeaders;
	const headers: string[] = [];
	for (let at = 0; at < fields.length; at += 2) {
		const name = fields[at] as string;
		if (!hopByHop.has(name.toLowerCase())) headers.push(name, fields[at + 1] as string);
	}
	const hasBody = request.headers['content-length'] !== undefined || request.headers['transfer-encoding'] !== undefined;
	const method = request.method as Dispatcher.HttpMethod;
	pool.dispatch({ path: request.url ?? '/', method, headers, body: hasBody ? request : null }, relay(request, answer));
}).listen(port, '127.0.0.1', 4096);

function relay(request: IncomingMessage, answer: ServerResponse): Dispatcher.DispatchHandler {
	return {
		onRequestStart(controller) {
			answer.on('close', () => {
				if (!answer.writableFinished) controller.abort(new Error('the client left'));
			});
		},
		onResponseStart(_controller, status, headers) {
			delete headers.connection;
			delete headers['keep-alive'];
			delete headers['transfer-encoding'];
			answer.writeHead(status, headers);
		},
		onResponseData(controller, chunk) {
			if (answer.write(chunk)) return;
			controller.pause();
			answer.once('drain', () => controller.resume());
		},
		onResponseEnd() {
			answer.end();
		},
		onResponseError() {
			request.resume();
			if (answer.headersSent) answer.destroy();
			else answer.writeHead(502).end();
		},
	};
}
