/** Connections over each kind of transport, for tests. */
import net from 'node:net';
import tls from 'node:tls';
import { connectRaw, RawTransport, type TcpHandle } from '../raw-transport.ts';
import { StreamTransport } from '../stream-transport.ts';
import type { Transport, TransportOwner } from '../transport.ts';

/** Notes all that a transport tells it. */
export class Owner implements TransportOwner {
	readonly received: Buffer[] = [];
	ended = 0;
	drained = 0;
	closed = 0;
	error = '';
	/** Runs after each note. */
	onNote: () => void = () => {};

	onBytes(buffer: Uint8Array, length: number): void {
		this.received.push(Buffer.from(buffer.subarray(0, length)));
		this.onNote();
	}

	onEnd(): void {
		this.ended++;
		this.onNote();
	}

	onDrain(): void {
		this.drained++;
		this.onNote();
	}

	onClose(error: string): void {
		this.closed++;
		this.error = error;
		this.onNote();
	}

	get bytes(): Buffer {
		return Buffer.concat(this.received);
	}

	/** Resolves once this holds; throws after 5 s. */
	until(holds: () => boolean): Promise<void> {
		return new Promise((resolve, reject) => {
			const timer = setTimeout(() => reject(new Error(`waited 5 s in vain for ${holds}`)), 5000);
			this.onNote = () => {
				if (!holds()) return;
				clearTimeout(timer);
				this.onNote = () => {};
				resolve();
			};
			this.onNote();
		});
	}
}

/** A transport and the other side of its connection. */
export interface Pair {
	owner: Owner;
	transport: Transport;
	peer: net.Socket;
	/** Where a raw transport reads into. */
	memory: Buffer;
}

/** Keys without certificates: what TLS itself does is the same. */
const SHARED_KEY: tls.TlsOptions & tls.ConnectionOptions = {
	ciphers: 'PSK',
	maxVersion: 'TLSv1.2',
	allowHalfOpen: true,
};
const psk = Buffer.alloc(32, 7);

/** Every way in which a transport comes to be. */
export const KINDS: Record<string, () => Promise<Pair>> = {
	'raw, accepted': async () => {
		const server = net.createServer();
		const handle = Promise.withResolvers<TcpHandle>();
		await listening(server);
		(
			server as unknown as { _handle: { onconnection: (status: number, handle: TcpHandle) => void } }
		)._handle.onconnection = (_status, accepted) => handle.resolve(accepted);
		const peer = net.connect({ port: portOf(server), host: '127.0.0.1', allowHalfOpen: true });
		return rawPair(await handle.promise, server, peer);
	},
	'raw, connected': async () => {
		const server = net.createServer({ allowHalfOpen: true });
		const peer = Promise.withResolvers<net.Socket>();
		const handle = Promise.withResolvers<TcpHandle>();
		server.on('connection', peer.resolve);
		await listening(server);
		connectRaw({ host: '127.0.0.1', port: portOf(server) }, (connected, error) =>
			connected === null ? handle.reject(new Error(error)) : handle.resolve(connected),
		);
		return rawPair(await handle.promise, server, await peer.promise);
	},
	stream: async () => {
		const server = net.createServer({ allowHalfOpen: true });
		const accepted = Promise.withResolvers<net.Socket>();
		server.on('connection', accepted.resolve);
		await listening(server);
		const peer = net.connect({ port: portOf(server), host: '127.0.0.1', allowHalfOpen: true });
		return streamPair(await accepted.promise, server, peer);
	},
	'TLS, accepted': async () => {
		const { server, accepted, connected } = await openTls();
		return streamPair(accepted, server, connected);
	},
	'TLS, connected': async () => {
		const { server, accepted, connected } = await openTls();
		return streamPair(connected, server, accepted);
	},
	'TLS, connected by itself': async () => {
		const { server, accepted, connected } = await openTls(false);
		return streamPair(connected, server, accepted);
	},
};

/** `carried`: the client's TLS stands on a socket that was there before it. */
async function openTls(
	carried = true,
): Promise<{ server: net.Server; accepted: tls.TLSSocket; connected: tls.TLSSocket }> {
	const server = tls.createServer({ ...SHARED_KEY, pskCallback: () => psk });
	const accepted = Promise.withResolvers<tls.TLSSocket>();
	const connected = Promise.withResolvers<void>();
	server.on('secureConnection', accepted.resolve);
	server.on('tlsClientError', accepted.reject);
	await listening(server);
	const to = { port: portOf(server), host: '127.0.0.1', allowHalfOpen: true };
	const client = tls.connect({
		...SHARED_KEY,
		...(carried ? { socket: net.connect(to) } : to),
		checkServerIdentity: () => undefined,
		pskCallback: () => ({ psk, identity: 'test' }),
	});
	client.once('secureConnect', connected.resolve);
	client.once('error', connected.reject);
	await connected.promise;
	return { server, accepted: await accepted.promise, connected: client };
}

function rawPair(handle: TcpHandle, server: net.Server, peer: net.Socket): Pair {
	const owner = new Owner();
	const memory = Buffer.alloc(64 * 1024);
	peer.on('error', () => {});
	server.close();
	return { owner, memory, transport: new RawTransport(handle, owner, memory), peer };
}

function streamPair(socket: net.Socket, server: net.Server, peer: net.Socket): Pair {
	const owner = new Owner();
	peer.on('error', () => {});
	server.close();
	return { owner, memory: Buffer.alloc(0), transport: new StreamTransport(socket, owner), peer };
}

function listening(server: net.Server): Promise<void> {
	return new Promise((resolve, reject) => {
		server.once('error', reject);
		server.listen(0, '127.0.0.1', resolve);
	});
}

const portOf = (server: net.Server): number => (server.address() as net.AddressInfo).port;
