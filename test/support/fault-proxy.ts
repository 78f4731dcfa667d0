/**
 * A TCP proxy that makes faults between a client and a server, each switched while connections are open:
 * latency, a narrow line, silence (half-open), resets (at once, or after so many bytes), refusal.
 */
import { once } from 'node:events';
import net from 'node:net';

/** Bytes on their way beyond which a source is not read. */
const WINDOW_BYTES = 256 * 1024;

export class FaultProxy {
	readonly port: number;
	readonly url: string;
	/** Added to all that travels, each way, ms. */
	latencyMs = 0;
	/** Of each connection, each way. */
	bytesPerSecond = Number.POSITIVE_INFINITY;
	/** Nothing passes any more, ends and resets of the server included: to the client it is a machine that is gone. */
	silent = false;
	/** Connections that came. */
	connections = 0;
	/** Connections are reset after so many bytes; each counts from the moment that this was set. */
	limit: { readonly bytes: number } | null = null;
	readonly #target: () => number;
	readonly #server: net.Server;
	readonly #links = new Set<Link>();
	/** Keeps the port while it refuses: else another program could be given it. */
	#holder: { close(): void } | null = null;

	constructor(server: net.Server, target: () => number) {
		this.#server = server;
		this.#target = target;
		this.port = (server.address() as net.AddressInfo).port;
		this.url = `http://127.0.0.1:${this.port}`;
		server.on('connection', (socket) => {
			this.connections++;
			const link = new Link(
				this,
				socket,
				net.connect({ port: this.#target(), host: '127.0.0.1', allowHalfOpen: true }),
			);
			this.#links.add(link);
			for (const event of ['end', 'close']) socket.once(event, () => this.#links.delete(link));
		});
	}

	/** Connections that clients hold open now. */
	get open(): number {
		return this.#links.size;
	}

	/** From now on each connection is reset once so many more bytes of the server's passed; null: no more. */
	resetAfter(bytes: number | null): void {
		this.limit = bytes === null ? null : { bytes };
	}

	/** Resets all connections, toward both sides. */
	reset(): void {
		for (const link of this.#links) link.reset();
	}

	/** Ends all connections with FIN, whatever is on its way. */
	cut(): void {
		for (const link of this.#links) link.cut();
	}

	/** Takes no new connections: they are refused. Those that are open stay. */
	refuse(): void {
		if (!this.#server.listening) return;
		this.#server.close();
		this.#holder = hold(this.port);
	}

	/** As a process that was killed: all connections reset, new ones refused. */
	die(): void {
		this.refuse();
		this.reset();
	}

	/** Takes connections again, on the same port. */
	async accept(): Promise<void> {
		if (this.#server.listening) return;
		this.#server.listen(this.port, '127.0.0.1');
		await once(this.#server, 'listening');
		this.#holder?.close();
		this.#holder = null;
	}

	/** Without any fault from now on; connections that fell into silence are reset. */
	async heal(): Promise<void> {
		this.latencyMs = 0;
		this.bytesPerSecond = Number.POSITIVE_INFINITY;
		this.limit = null;
		if (this.silent) this.reset();
		this.silent = false;
		await this.accept();
	}

	[Symbol.dispose](): void {
		this.die();
		this.#holder?.close();
		this.#holder = null;
	}
}

/** One connection of a client with the one to the server behind it. */
class Link {
	readonly #client: net.Socket;
	readonly #server: net.Socket;

	constructor(proxy: FaultProxy, client: net.Socket, server: net.Socket) {
		this.#client = client;
		this.#server = server;
		for (const socket of [client, server]) socket.setNoDelay(true).on('error', () => {});
		new Way(proxy, client, server);
		const back = new Way(proxy, server, client, () => this.reset());
		client.on('close', (broken) => (broken || proxy.silent ? server.resetAndDestroy() : server.destroySoon()));
		client.on('end', () => {
			if (proxy.silent) client.destroy();
		});
		server.on('close', (broken) => {
			if (proxy.silent || back.exhausted) return;
			if (broken) client.resetAndDestroy();
			else back.later(0, () => client.destroySoon());
		});
	}

	reset(): void {
		this.#client.resetAndDestroy();
		this.#server.resetAndDestroy();
	}

	cut(): void {
		this.#client.end();
		this.#server.end();
		setTimeout(() => this.#client.destroy(), 20);
	}
}

/** What goes from one socket to the other: pieces in order, each with the time when it is due. */
class Way {
	readonly #proxy: FaultProxy;
	readonly #from: net.Socket;
	readonly #to: net.Socket;
	/** When the last piece is through the line. */
	#dueMs = 0;
	/** Bytes that are not due yet. */
	#underWay = 0;
	#limit: FaultProxy['limit'] = null;
	/** Bytes that passed under that limit. */
	#passed = 0;
	/** The limit is reached: nothing more passes, ends included. */
	exhausted = false;
	/** What is on its way, first come first out. */
	readonly #queue: { dueMs: number; act: () => void }[] = [];

	/** `exhausted`: what to do when the limit is reached; without it there is none on this way. */
	constructor(proxy: FaultProxy, from: net.Socket, to: net.Socket, exhausted?: () => void) {
		this.#proxy = proxy;
		this.#from = from;
		this.#to = to;
		from.on('data', (bytes: Buffer) => {
			if (proxy.silent) return;
			const room = exhausted === undefined ? Number.POSITIVE_INFINITY : this.#room();
			if (bytes.length < room) this.#send(bytes);
			else if (!this.exhausted) {
				this.exhausted = true;
				// A reset may overtake what was written before it: give that time to arrive.
				this.#send(bytes.subarray(0, room), () => setTimeout(() => exhausted?.(), 20));
			}
			this.#passed += bytes.length;
		});
		from.on('end', () => {
			if (!this.exhausted) this.later(0, () => to.end());
		});
		to.on('drain', () => this.#from.resume());
	}

	#room(): number {
		const { limit } = this.#proxy;
		if (limit === null) return Number.POSITIVE_INFINITY;
		if (limit !== this.#limit) {
			this.#limit = limit;
			this.#passed = 0;
			this.exhausted = false;
		}
		return Math.max(0, limit.bytes - this.#passed);
	}

	#send(bytes: Buffer, written?: () => void): void {
		this.#underWay += bytes.length;
		this.later(bytes.length, () => {
			this.#underWay -= bytes.length;
			this.#to.write(bytes, written);
			if (!this.#isFull()) this.#from.resume();
		});
		if (this.#isFull()) this.#from.pause();
	}

	#isFull(): boolean {
		return this.#underWay > WINDOW_BYTES || this.#to.writableNeedDrain;
	}

	/** Acts when so many bytes more are through; never once the line is silent. */
	later(bytes: number, act: () => void): void {
		const { latencyMs, bytesPerSecond } = this.#proxy;
		const now = performance.now();
		this.#dueMs = Math.max(this.#dueMs, now + latencyMs) + (bytes * 1000) / bytesPerSecond;
		if (this.#queue.length === 0 && this.#dueMs <= now) this.#do(act);
		else if (this.#queue.push({ dueMs: this.#dueMs, act }) === 1) this.#wait();
	}

	#wait(): void {
		const [first] = this.#queue;
		if (first !== undefined) setTimeout(() => this.#arrive(), Math.max(0, first.dueMs - performance.now()));
	}

	#arrive(): void {
		// A timer may fire a little before its time.
		const now = performance.now() + 1;
		while (this.#queue[0] !== undefined && this.#queue[0].dueMs <= now) this.#do(this.#queue.shift()?.act);
		this.#wait();
	}

	#do(act: (() => void) | undefined): void {
		if (!this.#proxy.silent && !this.#to.destroyed) act?.();
	}
}

/** Binds the port without listening on it, which Node has no public way for: connects are refused. */
function hold(port: number): { close(): void } | null {
	const { _createServerHandle: bind } = net as unknown as {
		_createServerHandle(address: string, port: number, family: 4): { close(): void } | number;
	};
	const handle = bind('127.0.0.1', port, 4);
	return typeof handle === 'number' ? null : handle;
}

/** A proxy on a free port of loopback, in front of this port. */
export async function startFaultProxy(target: number | (() => number)): Promise<FaultProxy> {
	const server = net.createServer({ allowHalfOpen: true });
	server.listen(0, '127.0.0.1');
	await once(server, 'listening');
	return new FaultProxy(server, typeof target === 'number' ? () => target : target);
}
