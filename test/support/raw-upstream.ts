/** An instance that is nothing but a listening socket: what it answers, byte by byte, each test says for its path. */
import { AssertionError } from 'node:assert/strict';
import net from 'node:net';
import { fieldsOf, RawClient } from './raw-client.ts';

/** Answers one request on this connection. What it throws ends the connection. */
export type Script = (request: ReceivedRequest, peer: RawClient) => unknown;

export class ReceivedRequest {
	/** The head as it came, its empty line included. */
	readonly raw: string;
	readonly method: string;
	readonly target: string;
	readonly lines: string[];
	readonly trailers: string[] = [];
	body: Buffer = Buffer.alloc(0);
	/** Connections of this upstream before the one that it came by. */
	connection = 0;

	constructor(raw: string) {
		this.raw = raw;
		const [first = '', ...lines] = raw.split('\r\n');
		[this.method = '', this.target = ''] = first.split(' ') as [string, string];
		this.lines = lines.filter((line) => line !== '');
	}

	get path(): string {
		return this.target.replace(/\?.*/, '');
	}

	fields(name: string): string[] {
		return fieldsOf(this.lines, name);
	}

	field(name: string): string | undefined {
		return this.fields(name)[0];
	}
}

/** What the default answer says of the request. */
export interface Echo {
	method: string;
	target: string;
	lines: string[];
	trailers: string[];
	body: string;
	connection: number;
	name: string;
}

export class RawUpstream {
	readonly port: number;
	readonly url: string;
	/** Told in each default answer. */
	name = '';
	/** Every connection that came, by its order. */
	readonly peers: RawClient[] = [];
	/** Every request whose head came. */
	readonly requests: ReceivedRequest[] = [];
	/** Instead of reading a request: what to do with each new connection. */
	onConnection: ((peer: RawClient) => unknown) | null = null;
	/** Assertions of scripts that did not hold. */
	readonly failures: AssertionError[] = [];
	/** Reads no body itself: the script does. By path. */
	readonly bodiless = new Set<string>();
	readonly #scripts = new Map<string, Script>();
	readonly #server: net.Server;

	constructor(server: net.Server) {
		this.#server = server;
		this.port = (server.address() as net.AddressInfo).port;
		this.url = `http://127.0.0.1:${this.port}`;
		server.on('connection', (socket) => {
			const peer = new RawClient(socket);
			const index = this.peers.push(peer) - 1;
			void this.#serve(peer, index);
		});
	}

	/** From now on requests for this path are answered so. */
	on(path: string, script: Script | string): void {
		this.#scripts.set(path, typeof script === 'string' ? (_, peer) => peer.send(script) : script);
	}

	/** The same, and the script is called as soon as the head is there; the body is its own to read. */
	onHead(path: string, script: Script): void {
		this.bodiless.add(path);
		this.#scripts.set(path, script);
	}

	async #serve(peer: RawClient, index: number): Promise<void> {
		try {
			if (this.onConnection !== null) {
				await this.onConnection(peer);
				return;
			}
			for (;;) {
				await peer.until(() => peer.received.length > peer.at || peer.ended || peer.closed, 'a request', 600_000);
				if (peer.received.length === peer.at) break;
				const request = await readHead(peer);
				request.connection = index;
				this.requests.push(request);
				if (!this.bodiless.has(request.path)) await readBody(peer, request);
				await (this.#scripts.get(request.path) ?? this.#echo)(request, peer);
			}
			peer.finish();
		} catch (error) {
			if (error instanceof AssertionError) this.failures.push(error);
			peer.destroy();
		}
	}

	readonly #echo: Script = ({ method, target, lines, trailers, body, connection }, peer) => {
		const { name } = this;
		const echo: Echo = { method, target, lines, trailers, body: body.toString('latin1'), connection, name };
		const text = JSON.stringify(echo);
		peer.send(`HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: ${text.length}\r\n\r\n`);
		if (method !== 'HEAD') peer.send(text);
	};

	/** Requests for this path so far. */
	count(path: string): number {
		return this.requests.filter((request) => request.path === path).length;
	}

	/** Takes no more connections and ends those that there are. */
	async close(): Promise<void> {
		const closed = new Promise((resolve) => this.#server.close(resolve));
		for (const peer of this.peers) peer.destroy();
		await closed;
	}

	[Symbol.asyncDispose](): Promise<void> {
		return this.close();
	}
}

export async function startUpstream(port = 0): Promise<RawUpstream> {
	const server = net.createServer({ allowHalfOpen: true });
	await new Promise<void>((resolve, reject) => {
		server.once('error', reject);
		server.listen(port, '127.0.0.1', resolve);
	});
	return new RawUpstream(server);
}

export async function readHead(peer: RawClient): Promise<ReceivedRequest> {
	return new ReceivedRequest(await peer.readTo('\r\n\r\n', 60_000));
}

/** Reads a body as the head frames it. */
export async function readBody(peer: RawClient, request: ReceivedRequest): Promise<void> {
	const length = request.field('content-length');
	if (length !== undefined) request.body = await peer.read(Number(length), 60_000);
	else if (request.field('transfer-encoding') !== undefined) {
		const { body, trailers } = await peer.readChunks(60_000);
		request.body = body;
		request.trailers.push(...trailers);
	}
}
