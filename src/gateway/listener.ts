import { X509Certificate } from 'node:crypto';
import net from 'node:net';
import tls from 'node:tls';
import { BallastError } from '../core/errors.ts';
import type { Refusal } from '../core/refusal.ts';
import { RawTransport, rawSupported, type TcpHandle } from '../wire/raw-transport.ts';
import { StreamTransport } from '../wire/stream-transport.ts';
import { ClientConnection } from './client-connection.ts';
import { sortByFirstByte } from './first-byte.ts';
import { plainAddress } from './forwarded.ts';
import { problemOf } from './problem.ts';
import type { Requests } from './requests.ts';

/** Connections that the kernel keeps for us; Node's default of 511 is soon full. */
export const BACKLOG = 4096;

/** Certificates of one listener, as PEM text. */
export interface CertificateText {
	cert: string;
	key: string;
}

/** Accepts connections on a socket that was bound elsewhere. */
export interface Listener {
	/** Stops accepting. What was accepted goes on; what waits in the queue is for whoever has a copy of the socket. */
	close(): void;
	/** So many connections were accepted. */
	readonly accepted: number;
	/** The socket itself; null: it is closed. */
	readonly socket: ListeningSocket | null;
	/** New certificates for new connections; nothing for plain listeners. */
	certify(certificates: readonly CertificateText[]): void;
}

/** What is used of a listening handle of the runtime: no public call does the same (docs/adr/0005). */
export interface ListeningSocket {
	/** Accepted connections come without a stream around them. */
	onconnection: (status: number, handle: TcpHandle | undefined) => void;
	/** With another backlog, while it listens already. */
	listen(backlog: number): number;
	getsockname(out: { address?: string; port?: number }): number;
}

const socketOf = (server: net.Server): ListeningSocket | null =>
	(server as unknown as { _handle: ListeningSocket | null })._handle;

/** Plain HTTP on this file descriptor. */
export function listenPlain(requests: Requests, fd: number): Listener {
	const server = net.createServer({ noDelay: true, allowHalfOpen: true });
	let accepted = 0;
	server.on('error', (error) => requests.plane.report(error));
	server.listen({ fd }, BACKLOG, () => {
		const handle = socketOf(server);
		if (rawSupported && handle !== null && typeof handle.onconnection === 'function') {
			handle.onconnection = (status, connection) => {
				accepted++;
				acceptRaw(requests, status, connection);
			};
		}
	});
	server.on('connection', (socket) => {
		accepted++;
		acceptStream(requests, socket);
	});
	return listenerOf(server, () => accepted);
}

/** HTTPS on this file descriptor. The ticket key is the same for all workers, so that sessions resume on any. */
export function listenTls(requests: Requests, fd: number, options: TlsListenOptions): Listener {
	let contexts = certificateContexts(options.certificates, options.minVersion);
	// It listens to nothing itself: what is no TLS must not get here.
	const server = tls.createServer({
		...options.certificates[0],
		minVersion: options.minVersion,
		ticketKeys: options.ticketKeys,
		ALPNProtocols: ['http/1.1'],
		handshakeTimeout: requests.plane.limits.headMs,
		allowHalfOpen: true,
		SNICallback: (name, done) => done(null, contextFor(contexts, name)),
	});
	server.on('error', (error) => requests.plane.report(error));
	// A failed handshake is the client's affair, but closing it is ours.
	server.on('tlsClientError', (_error, socket) => socket.destroy());
	server.on('secureConnection', (socket) => {
		if (!socket.destroyed) serveStream(requests, socket, true);
	});
	const to = {
		waitMs: requests.plane.limits.headMs,
		secure: (socket: net.Socket) => void server.emit('connection', socket),
		plain: () => unasked(requests, 'https_port'),
	};
	let accepted = 0;
	const front = net.createServer({ allowHalfOpen: true }, (socket) => {
		accepted++;
		// Counted before the first byte: a handshake that never begins costs a descriptor too.
		if (countConnection(requests, socket)) sortByFirstByte(socket, to);
	});
	front.on('error', (error) => requests.plane.report(error));
	front.listen({ fd }, BACKLOG);
	return Object.assign(
		listenerOf(front, () => accepted),
		{
			certify: (certificates: readonly CertificateText[]) => {
				contexts = certificateContexts(certificates, options.minVersion);
				server.setSecureContext({ ...certificates[0], minVersion: options.minVersion });
			},
		},
	);
}

function listenerOf(server: net.Server, accepted: () => number): Listener {
	return {
		close: () => void server.close(),
		certify: () => {},
		get accepted() {
			return accepted();
		},
		get socket() {
			return socketOf(server);
		},
	};
}

/** Gives their queues the room that they had: the socket is the same for all who have copies, and a core of an earlier version takes it away when it drains. */
export function giveRoom(listeners: Iterable<Listener>): void {
	for (const { socket } of listeners) socket?.listen(BACKLOG);
}

export interface TlsListenOptions {
	certificates: readonly CertificateText[];
	minVersion: tls.SecureVersion;
	ticketKeys: Buffer;
}

interface NamedContext {
	names: string[];
	context: tls.SecureContext;
}

/** One context a certificate, with the names it is for. */
function certificateContexts(certificates: readonly CertificateText[], minVersion: tls.SecureVersion): NamedContext[] {
	return certificates.map((certificate) => ({
		names: certificateNames(certificate.cert),
		context: tls.createSecureContext({ ...certificate, minVersion }),
	}));
}

/** The certificate for a server name: an exact one, then a wildcard, then the first. */
function contextFor(contexts: readonly NamedContext[], name: string): tls.SecureContext | undefined {
	const wanted = name.toLowerCase();
	const wild = `*.${wanted.slice(wanted.indexOf('.') + 1)}`;
	const exact = contexts.find(({ names }) => names.includes(wanted));
	return (exact ?? contexts.find(({ names }) => names.includes(wild)) ?? contexts[0])?.context;
}

function acceptRaw(requests: Requests, status: number, handle: TcpHandle | undefined): void {
	// EMFILE and the like: the connection stays in the queue and is tried again.
	if (status !== 0 || handle === undefined) {
		requests.plane.report(new BallastError('too_many_connections', `A connection could not be accepted (${status})`));
		return;
	}
	const peer: { address?: string } = {};
	handle.getpeername(peer);
	const address = plainAddress(peer.address ?? '');
	if (!requests.plane.gate.open(address)) {
		handle.writeBuffer(null, unasked(requests, 'too_many_connections'));
		handle.close();
		return;
	}
	const connection = new ClientConnection(requests, false);
	connection.attach(new RawTransport(handle, connection, requests.plane.rx), address);
}

/** Holds a place for a connection as long as its socket lives; one too many is closed. */
function countConnection({ plane }: Requests, socket: net.Socket): boolean {
	const address = plainAddress(socket.remoteAddress ?? '');
	const open = plane.gate.open(address);
	if (open) socket.once('close', () => plane.gate.close(address));
	else socket.destroy();
	return open;
}

function acceptStream(requests: Requests, socket: net.Socket): void {
	const address = plainAddress(socket.remoteAddress ?? '');
	if (!requests.plane.gate.open(address)) {
		socket.on('error', () => {});
		socket.end(unasked(requests, 'too_many_connections'));
		return;
	}
	serveStream(requests, socket, false);
}

function serveStream(requests: Requests, socket: net.Socket, secure: boolean): void {
	const connection = new ClientConnection(requests, secure);
	connection.attach(new StreamTransport(socket, connection), plainAddress(socket.remoteAddress ?? ''));
}

/** Said to a connection that gets no further, whatever it asks for. */
function unasked(requests: Requests, why: Refusal): Buffer {
	const { head, body } = problemOf(why);
	return Buffer.concat([head, requests.plane.date, Buffer.from('Connection: close\r\n\r\n'), body]);
}

/** DNS names of a certificate's subject alternative name, or its common name. */
export function certificateNames(pem: string): string[] {
	const { subjectAltName, subject } = new X509Certificate(pem);
	const names = (subjectAltName ?? '').split(',').map((name) => /^\s*DNS:(.+)$/.exec(name)?.[1]?.toLowerCase());
	const found = names.filter((name) => name !== undefined);
	const common = /(?:^|\n)CN=(.+)/.exec(subject)?.[1]?.toLowerCase();
	return found.length > 0 || common === undefined ? found : [common];
}
