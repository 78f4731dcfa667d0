/** A receiver of webhooks, for tests. */
import { createServer, type IncomingHttpHeaders } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { TestContext } from 'node:test';
import type { Body } from './client.ts';

export interface Received {
	method: string;
	path: string;
	headers: IncomingHttpHeaders;
	raw: string;
	body: Body;
}

export interface Receiver {
	url: string;
	/** All that came, oldest first. */
	received: Received[];
	/** What it answers from now on; 0: nothing. */
	answer(status: number): void;
}

export async function receiver(t: TestContext): Promise<Receiver> {
	const received: Received[] = [];
	let status = 200;
	const server = createServer(async (request, response) => {
		let raw = '';
		for await (const part of request.setEncoding('utf8')) raw += part;
		const { method = '', url: path = '', headers } = request;
		received.push({ method, path, headers, raw, body: raw === '' ? undefined : JSON.parse(raw) });
		if (status !== 0) response.writeHead(status).end();
	});
	await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
	t.after(() => {
		server.close();
		server.closeAllConnections();
	});
	const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/hook`;
	return { url, received, answer: (next) => void (status = next) };
}
